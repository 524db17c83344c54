package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type tanh struct{}

// Tanh returns the hyperbolic tangent of x.
func Tanh(x *autograd.Value) *autograd.Value { return autograd.Apply1(tanh{}, x) }

func (tanh) Name() string { return "tanh" }

func (tanh) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (tanh) Kernels() Kernels { return unary(kernel.Tanh[float32], kernel.Tanh[float64]) }

func (o tanh) Forward(in, out []*tensor.Tensor) { forwardPointwise(o, in, out) }

func (tanh) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Sub(grad[0], Mul(grad[0], Mul(call.Out[0], call.Out[0])))}
}

var _ = register(Entry{
	Name: "tanh", Kind: Activation, Formula: "tanh x",
	Cases: unaryCases(tanh{}, anywhere),
})
