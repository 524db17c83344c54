package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Exp returns e^x.
func Exp(x *autograd.Value) *autograd.Value { return exp.of(x) }

var exp = newFunction(Entry{
	Name: "exp", Kind: Elementwise, Formula: "e^x", Call: "Exp(x)", Reference: OfOne(math.Exp),
}, kernel.Exp[float32], kernel.Exp[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(grad, y)
})
