package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Sin returns the sine of x, an angle in radians.
func Sin(x *autograd.Value) *autograd.Value { return sin.of(x) }

// Cos returns the cosine of x, an angle in radians.
func Cos(x *autograd.Value) *autograd.Value { return cos.of(x) }

var sin = newFunction(Entry{
	Name: "sin", Kind: Elementwise, Formula: "sin x", Call: "Sin(x)", Reference: OfOne(math.Sin),
}, kernel.Sin[float32], kernel.Sin[float64], angles, nil)

var cos = newFunction(Entry{
	Name: "cos", Kind: Elementwise, Formula: "cos x", Call: "Cos(x)", Reference: OfOne(math.Cos),
}, kernel.Cos[float32], kernel.Cos[float64], angles, nil)

// Each is the other's gradient.
func init() {
	sin.down = func(x, y, grad *autograd.Value) *autograd.Value { return Mul(grad, Cos(x)) }
	cos.down = func(x, y, grad *autograd.Value) *autograd.Value { return Neg(Mul(grad, Sin(x))) }
}

func angles(a Arg) Arg { return a.From(-7, 7) }
