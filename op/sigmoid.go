package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Sigmoid returns 1 / (1 + e^-x).
func Sigmoid(x *autograd.Value) *autograd.Value { return sigmoid.of(x) }

var sigmoid = newFunction(Entry{
	Name: "sigmoid", Kind: Activation, Formula: "1 / (1 + e^-x)", Call: "Sigmoid(x)", Reference: OfOne(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
}, kernel.Sigmoid[float32], kernel.Sigmoid[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(grad, Sub(y, Mul(y, y)))
})
