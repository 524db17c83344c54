package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type mulAdd struct{}

// MulAdd returns a·b + c in one pass, with NumPy's broadcasting. The product is
// rounded before the sum.
func MulAdd(a, b, c *autograd.Value) *autograd.Value { return autograd.Apply1(mulAdd{}, a, b, c) }

func (mulAdd) Name() string { return "mul_add" }

func (mulAdd) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return InferPointwise(in, 3) }

func (mulAdd) Kernels() Kernels { return Kernels{kernel.MulAdd[float32], kernel.MulAdd[float64]} }

func (o mulAdd) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (mulAdd) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b, c, g := call.In[0], call.In[1], call.In[2], grad[0]
	down := make([]*autograd.Value, 3)
	if call.Needs[0] {
		down[0] = Unbroadcast(Mul(g, b), a.Shape())
	}
	if call.Needs[1] {
		down[1] = Unbroadcast(Mul(g, a), b.Shape())
	}
	if call.Needs[2] {
		down[2] = Unbroadcast(g, c.Shape())
	}
	return down
}

var _ = register(Entry{
	Name: "mul_add", Kind: Arithmetic, Formula: "a · b + c", Call: "MulAdd(a, b, c)",
	Linear: [][]int{{0, 2}, {1, 2}},
	Reference: PerElement(func(_ mulAdd, in []Array, index []int) float64 {
		return in[0].At(index...)*in[1].At(index...) + in[2].At(index...)
	}),
	Cases: []Case{
		{mulAdd{}, []Arg{In(), In(), In()}},
		{mulAdd{}, []Arg{In(3, 5), In(3, 5), In(3, 5)}},
		{mulAdd{}, []Arg{In(2, 3, 5), In(3, 1), In(5)}},
		{mulAdd{}, []Arg{In(3, 1), In(1, 7), In(2, 1, 1)}},
		{mulAdd{}, []Arg{In(2, 3, 3, 1), In(1, 3, 1, 1), In(1, 3, 1, 1)}},
		{mulAdd{}, []Arg{In(0, 3), In(1, 3), In(3)}},
	},
})
