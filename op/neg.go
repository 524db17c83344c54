package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type neg struct{}

// Neg returns -x.
func Neg(x *autograd.Value) *autograd.Value { return autograd.Apply1(neg{}, x) }

func (neg) Name() string { return "neg" }

func (neg) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (neg) Kernels() Kernels { return unary(kernel.Neg[float32], kernel.Neg[float64]) }

func (o neg) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (neg) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Neg(grad[0])}
}

var _ = register(Entry{
	Name: "neg", Kind: Elementwise, Formula: "-x", Call: "Neg(x)",
	Linear:    [][]int{{0}},
	Reference: OfOne(func(x float64) float64 { return 0 - x }),
	Cases:     unaryCases(neg{}, anywhere),
})
