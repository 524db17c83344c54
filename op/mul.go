package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type mul struct{}

// Mul returns a * b, element by element, with NumPy's broadcasting.
func Mul(a, b *autograd.Value) *autograd.Value { return autograd.Apply1(mul{}, a, b) }

// Scale returns c * x.
func Scale(x *autograd.Value, c float64) *autograd.Value { return Mul(x, Scalar(x.DType(), c)) }

// Scalar returns a constant without axes.
func Scalar(d tensor.DType, c float64) *autograd.Value {
	return autograd.Const(tensor.Full(d, c))
}

func (mul) Name() string { return "mul" }

func (mul) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (mul) Kernels() Kernels { return binary(kernel.Mul[float32], kernel.Mul[float64]) }

func (o mul) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (mul) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b := call.In[0], call.In[1]
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		down[0] = Unbroadcast(Mul(grad[0], b), a.Shape())
	}
	if call.Needs[1] {
		down[1] = Unbroadcast(Mul(grad[0], a), b.Shape())
	}
	return down
}

var _ = register(Entry{
	Name: "mul", Kind: Arithmetic, Formula: "a * b", Call: "Mul(a, b)",
	Linear:    [][]int{{0}, {1}},
	Reference: OfTwo(func(a, b float64) float64 { return a * b }),
	Cases:     broadcastCases(mul{}, anywhere),
})
