package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type add struct{}

// Add returns a + b, with NumPy's broadcasting.
func Add(a, b *autograd.Value) *autograd.Value { return autograd.Apply1(add{}, a, b) }

func (add) Name() string { return "add" }

func (add) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (add) Kernels() Kernels { return binary(kernel.Add[float32], kernel.Add[float64]) }

func (o add) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (add) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b := call.In[0], call.In[1]
	return []*autograd.Value{Unbroadcast(grad[0], a.Shape()), Unbroadcast(grad[0], b.Shape())}
}

// Backward in package autograd sums the gradients of a value used twice.
func init() { autograd.SetAdd(Add) }

var _ = register(Entry{
	Name: "add", Kind: Arithmetic, Formula: "a + b", Call: "Add(a, b)",
	Linear:    [][]int{{0, 1}},
	Reference: OfTwo(func(a, b float64) float64 { return a + b }),
	Cases:     broadcastCases(add{}, anywhere),
})
