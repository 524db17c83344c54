package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type exp struct{}

// Exp returns e^x.
func Exp(x *autograd.Value) *autograd.Value { return autograd.Apply1(exp{}, x) }

func (exp) Name() string { return "exp" }

func (exp) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (exp) Kernels() Kernels { return unary(kernel.Exp[float32], kernel.Exp[float64]) }

func (o exp) Forward(in, out []*tensor.Tensor) { forwardPointwise(o, in, out) }

func (exp) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Mul(grad[0], call.Out[0])}
}

var _ = register(Entry{
	Name: "exp", Kind: Elementwise, Formula: "e^x",
	Cases: unaryCases(exp{}, anywhere),
})
