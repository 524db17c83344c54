package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// SiLU returns x / (1 + e^-x), also known as swish. Elfwing et al., "Sigmoid-Weighted
// Linear Units for Neural Network Function Approximation in Reinforcement Learning",
// 2017.
func SiLU(x *autograd.Value) *autograd.Value { return silu.of(x) }

var silu = newActivation(Entry{
	Name: "silu", Formula: "x / (1 + e^-x)", Call: "SiLU(x)", Reference: OfOne(func(x float64) float64 { return x / (1 + math.Exp(-x)) }),
}, unary(kernel.SiLU[float32], kernel.SiLU[float64]), binary(kernel.SiLUGrad[float32], kernel.SiLUGrad[float64]),
	func(x float64) float64 {
		s := 1 / (1 + math.Exp(-x))
		return s * (1 + x*(1-s))
	},
	func(x *autograd.Value) *autograd.Value { // s' (2 + x (1 - 2s)) with s' = s (1 - s)
		s := Sigmoid(x)
		return Mul(slopeOfSigmoid(s), shift(Mul(x, shift(Scale(s, -2), 1)), 2))
	})

// slopeOfSigmoid returns the derivative s (1 - s) of a sigmoid with value s.
func slopeOfSigmoid(s *autograd.Value) *autograd.Value { return Sub(s, Square(s)) }
