package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Tanh returns the hyperbolic tangent of x.
func Tanh(x *autograd.Value) *autograd.Value { return tanh.of(x) }

var tanh = newFunction(Entry{
	Name: "tanh", Kind: Activation, Formula: "tanh x", Call: "Tanh(x)", Reference: OfOne(math.Tanh),
}, kernel.Tanh[float32], kernel.Tanh[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return Sub(grad, Mul(grad, Mul(y, y)))
})
