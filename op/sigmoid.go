package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type sigmoid struct{}

// Sigmoid returns 1 / (1 + e^-x).
func Sigmoid(x *autograd.Value) *autograd.Value { return autograd.Apply1(sigmoid{}, x) }

func (sigmoid) Name() string { return "sigmoid" }

func (sigmoid) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (sigmoid) Kernels() Kernels { return unary(kernel.Sigmoid[float32], kernel.Sigmoid[float64]) }

func (o sigmoid) Forward(in, out []*tensor.Tensor) { forwardPointwise(o, in, out) }

func (sigmoid) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Mul(grad[0], Sub(call.Out[0], Mul(call.Out[0], call.Out[0])))}
}

var _ = register(Entry{
	Name: "sigmoid", Kind: Activation, Formula: "1 / (1 + e^-x)",
	Cases: unaryCases(sigmoid{}, anywhere),
})
