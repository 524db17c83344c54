package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Exp2 returns 2^x.
func Exp2(x *autograd.Value) *autograd.Value { return exp2.of(x) }

// Expm1 returns e^x - 1, accurate near 0 too.
func Expm1(x *autograd.Value) *autograd.Value { return expm1.of(x) }

// Log2 returns the logarithm of x to base 2.
func Log2(x *autograd.Value) *autograd.Value { return log2.of(x) }

// Log1p returns the natural logarithm of 1 + x, accurate near 0 too.
func Log1p(x *autograd.Value) *autograd.Value { return log1p.of(x) }

var exp2 = newFunction(Entry{
	Name: "exp2", Kind: Elementwise, Formula: "2^x", Call: "Exp2(x)", Reference: OfOne(math.Exp2),
}, kernel.Exp2[float32], kernel.Exp2[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(grad, Scale(y, math.Ln2))
})

var expm1 = newFunction(Entry{
	Name: "expm1", Kind: Elementwise, Formula: "e^x - 1", Call: "Expm1(x)", Reference: OfOne(math.Expm1),
}, kernel.Expm1[float32], kernel.Expm1[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return MulAdd(grad, y, grad)
})

var log2 = newFunction(Entry{
	Name: "log2", Kind: Elementwise, Formula: "ln x / ln 2", Call: "Log2(x)", Reference: OfOne(math.Log2),
}, kernel.Log2[float32], kernel.Log2[float64], positive, func(x, y, grad *autograd.Value) *autograd.Value {
	return Div(grad, Scale(x, math.Ln2))
})

var log1p = newFunction(Entry{
	Name: "log1p", Kind: Elementwise, Formula: "ln(1 + x)", Call: "Log1p(x)", Reference: OfOne(math.Log1p),
}, kernel.Log1p[float32], kernel.Log1p[float64], func(a Arg) Arg { return a.From(-0.7, 3) }, func(x, y, grad *autograd.Value) *autograd.Value {
	return Div(grad, shift(x, 1))
})

// shift returns x + c.
func shift(x *autograd.Value, c float64) *autograd.Value { return Add(x, Scalar(x.DType(), c)) }
