package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Sqrt returns the square root of x.
func Sqrt(x *autograd.Value) *autograd.Value { return sqrt.of(x) }

var sqrt = newFunction(Entry{
	Name: "sqrt", Kind: Elementwise, Formula: "√x", Call: "Sqrt(x)", Reference: OfOne(math.Sqrt),
}, kernel.Sqrt[float32], kernel.Sqrt[float64], positive, func(x, y, grad *autograd.Value) *autograd.Value {
	return Div(Scale(grad, 0.5), y)
})
