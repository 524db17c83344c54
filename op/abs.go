package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Abs returns |x|; its gradient at 0 is 0.
func Abs(x *autograd.Value) *autograd.Value { return abs.of(x) }

// Sign returns 1 above 0, -1 below, and x itself where that is 0 or NaN. Gradients
// stop here.
func Sign(x *autograd.Value) *autograd.Value { return signOf.of(x) }

var abs = newFunction(Entry{
	Name: "abs", Kind: Elementwise, Formula: "|x|", Call: "Abs(x)", Kinks: "0 at 0", Reference: OfOne(math.Abs),
}, kernel.Abs[float32], kernel.Abs[float64], Arg.AwayFromZero, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(grad, Sign(x))
})

var signOf = newStep(Entry{
	Name: "sign", Kind: Elementwise, Formula: "x / |x|, 0 at 0", Call: "Sign(x)", Kinks: "none anywhere",
	Reference: OfOne(func(x float64) float64 { return x / math.Abs(x) }),
}, kernel.Sign[float32], kernel.Sign[float64], Arg.AwayFromZero)
