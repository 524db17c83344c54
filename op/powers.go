package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Square returns x².
func Square(x *autograd.Value) *autograd.Value { return square.of(x) }

// Reciprocal returns 1/x.
func Reciprocal(x *autograd.Value) *autograd.Value { return reciprocal.of(x) }

// Rsqrt returns 1/√x.
func Rsqrt(x *autograd.Value) *autograd.Value { return rsqrt.of(x) }

var square = newFunction(Entry{
	Name: "square", Kind: Elementwise, Formula: "x²", Call: "Square(x)", Reference: OfOne(func(x float64) float64 { return x * x }),
}, kernel.Square[float32], kernel.Square[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(Scale(grad, 2), x)
})

var reciprocal = newFunction(Entry{
	Name: "reciprocal", Kind: Elementwise, Formula: "1/x", Call: "Reciprocal(x)", Reference: OfOne(func(x float64) float64 { return 1 / x }),
}, kernel.Reciprocal[float32], kernel.Reciprocal[float64], positive, func(x, y, grad *autograd.Value) *autograd.Value {
	return Neg(Mul(grad, Mul(y, y)))
})

var rsqrt = newFunction(Entry{
	Name: "rsqrt", Kind: Elementwise, Formula: "1/√x", Call: "Rsqrt(x)", Reference: OfOne(func(x float64) float64 { return math.Pow(x, -0.5) }),
}, kernel.Rsqrt[float32], kernel.Rsqrt[float64], positive, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(Scale(grad, -0.5), Mul(y, Mul(y, y)))
})
