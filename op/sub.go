package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type sub struct{}

// Sub returns a - b, with NumPy's broadcasting.
func Sub(a, b *autograd.Value) *autograd.Value { return autograd.Apply1(sub{}, a, b) }

func (sub) Name() string { return "sub" }

func (sub) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (sub) Kernels() Kernels { return binary(kernel.Sub[float32], kernel.Sub[float64]) }

func (o sub) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (sub) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		down[0] = Unbroadcast(grad[0], call.In[0].Shape())
	}
	if call.Needs[1] {
		down[1] = Unbroadcast(Neg(grad[0]), call.In[1].Shape())
	}
	return down
}

var _ = register(Entry{
	Name: "sub", Kind: Arithmetic, Formula: "a - b", Call: "Sub(a, b)",
	Linear:    [][]int{{0, 1}},
	Reference: OfTwo(func(a, b float64) float64 { return a - b }),
	Cases:     broadcastCases(sub{}, anywhere),
})
