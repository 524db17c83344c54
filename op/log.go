package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Log returns the natural logarithm of x.
func Log(x *autograd.Value) *autograd.Value { return log.of(x) }

var log = newFunction(Entry{
	Name: "log", Kind: Elementwise, Formula: "ln x", Call: "Log(x)", Reference: OfOne(math.Log),
}, kernel.Log[float32], kernel.Log[float64], positive, func(x, y, grad *autograd.Value) *autograd.Value {
	return Div(grad, x)
})
