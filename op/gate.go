package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type gate struct{}

// Gate returns g where x > 0, else 0: how gradients pass a rectifier. It is
// constant in x, of the same shape as g.
func Gate(x, g *autograd.Value) *autograd.Value { return autograd.Apply1(gate{}, x, g) }

func (gate) Name() string { return "gate" }

func (gate) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (gate) Kernels() Kernels { return binary(kernel.Gate[float32], kernel.Gate[float64]) }

func (o gate) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (gate) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, g := call.In[0], call.In[1]
	return []*autograd.Value{
		Zeros(x.DType(), x.Shape()...),
		Unbroadcast(Gate(x, grad[0]), g.Shape()),
	}
}

// Zeros returns a constant of zeros.
func Zeros(d tensor.DType, shape ...int) *autograd.Value {
	return autograd.Const(tensor.New(d, shape...))
}

var _ = register(Entry{
	Name: "gate", Kind: Activation, Formula: "x > 0 ? g : 0", Call: "Gate(x, g)",
	Linear: [][]int{{1}},
	Kinks:  "the gate is shut at 0",
	Reference: OfTwo(func(x, g float64) float64 {
		if x > 0 {
			return g
		}
		return 0
	}),
	Cases: broadcastCases(gate{}, Arg.AwayFromZero),
})
