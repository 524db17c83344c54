package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Mish returns x tanh(ln(1 + e^x)). Misra, "Mish: A Self Regularized Non-Monotonic
// Activation Function", 2019.
func Mish(x *autograd.Value) *autograd.Value { return mish.of(x) }

var mish = newActivation(Entry{
	Name: "mish", Formula: "x tanh(ln(1 + e^x))", Call: "Mish(x)",
	Reference: OfOne(func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) }),
}, unary(kernel.Mish[float32], kernel.Mish[float64]), binary(kernel.MishGrad[float32], kernel.MishGrad[float64]),
	func(x float64) float64 {
		t := math.Tanh(math.Log1p(math.Exp(x)))
		return t + x*(1-t*t)/(1+math.Exp(-x))
	},
	func(x *autograd.Value) *autograd.Value { // 2t' + x t'' with t the tanh, s the sigmoid, t' = (1 - t²) s
		s, t := Sigmoid(x), Tanh(Neg(LogSigmoid(Neg(x))))
		t1 := Mul(shift(Neg(Square(t)), 1), s)
		inner := Sub(shift(Neg(s), 1), Scale(Mul(t, s), 2)) // t'' = t' (1 - s - 2ts)
		return Mul(t1, shift(Mul(x, inner), 2))
	})
