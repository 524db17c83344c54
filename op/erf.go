package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Erf returns the error function of x, 2/√π times the integral of e^(-t²) from 0
// to x.
func Erf(x *autograd.Value) *autograd.Value { return erf.of(x) }

var erf = newFunction(Entry{
	Name: "erf", Kind: Elementwise, Formula: "2/√π ∫ e^(-t²) dt from 0 to x", Call: "Erf(x)", Reference: OfOne(math.Erf),
}, kernel.Erf[float32], kernel.Erf[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(grad, Scale(Exp(Neg(Mul(x, x))), 2/math.Sqrt(math.Pi)))
})
