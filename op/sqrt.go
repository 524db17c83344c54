package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type sqrt struct{}

// Sqrt returns the square root of x.
func Sqrt(x *autograd.Value) *autograd.Value { return autograd.Apply1(sqrt{}, x) }

func (sqrt) Name() string { return "sqrt" }

func (sqrt) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (sqrt) Kernels() Kernels { return unary(kernel.Sqrt[float32], kernel.Sqrt[float64]) }

func (o sqrt) Forward(in, out []*tensor.Tensor) { forwardPointwise(o, in, out) }

func (sqrt) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Div(Scale(grad[0], 0.5), call.Out[0])}
}

var _ = register(Entry{
	Name: "sqrt", Kind: Elementwise, Formula: "√x",
	Cases: unaryCases(sqrt{}, func(a Arg) Arg { return a.From(0.2, 3) }),
})
