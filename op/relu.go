package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type relu struct{}

// ReLU returns max(x, 0); its gradient at 0 is 0.
func ReLU(x *autograd.Value) *autograd.Value { return autograd.Apply1(relu{}, x) }

func (relu) Name() string { return "relu" }

func (relu) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (relu) Kernels() Kernels { return unary(kernel.ReLU[float32], kernel.ReLU[float64]) }

func (o relu) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (relu) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Gate(call.Out[0], grad[0])} // the output is above 0 where the input is
}

var _ = register(Entry{
	Name: "relu", Kind: Activation, Formula: "max(x, 0)", Call: "ReLU(x)",
	Kinks:     "0 at 0",
	Reference: OfOne(func(x float64) float64 { return math.Max(x, 0) }),
	Cases:     unaryCases(relu{}, Arg.AwayFromZero),
})
