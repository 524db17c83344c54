package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type erf struct{}

// Erf returns the error function of x, 2/√π times the integral of e^(-t²) from 0
// to x.
func Erf(x *autograd.Value) *autograd.Value { return autograd.Apply1(erf{}, x) }

func (erf) Name() string { return "erf" }

func (erf) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (erf) Kernels() Kernels { return unary(kernel.Erf[float32], kernel.Erf[float64]) }

func (o erf) Forward(in, out []*tensor.Tensor) { forwardPointwise(o, in, out) }

// Backward returns grad · 2/√π e^(-x²).
func (erf) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0]
	slope := Scale(Exp(Neg(Mul(x, x))), 2/math.Sqrt(math.Pi))
	return []*autograd.Value{Mul(grad[0], slope)}
}

var _ = register(Entry{
	Name: "erf", Kind: Elementwise, Formula: "2/√π ∫ e^(-t²) dt from 0 to x",
	Cases: unaryCases(erf{}, anywhere),
})
