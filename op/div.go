package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type div struct{}

// Div returns a / b, element by element, with NumPy's broadcasting.
func Div(a, b *autograd.Value) *autograd.Value { return autograd.Apply1(div{}, a, b) }

func (div) Name() string { return "div" }

func (div) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (div) Kernels() Kernels { return binary(kernel.Div[float32], kernel.Div[float64]) }

func (o div) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (div) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b := call.In[0], call.In[1]
	over := Div(grad[0], b)
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		down[0] = Unbroadcast(over, a.Shape())
	}
	if call.Needs[1] {
		down[1] = Unbroadcast(Neg(Mul(over, call.Out[0])), b.Shape())
	}
	return down
}

var _ = register(Entry{
	Name: "div", Kind: Arithmetic, Formula: "a / b", Call: "Div(a, b)",
	Linear:    [][]int{{0}},
	Reference: OfTwo(func(a, b float64) float64 { return a / b }),
	Cases:     broadcastCases(div{}, func(a Arg) Arg { return a.From(0.5, 2) }),
})
