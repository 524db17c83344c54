package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// GELU returns x/2 (1 + erf(x/√2)). Hendrycks and Gimpel, "Gaussian Error Linear Units",
// 2016.
func GELU(x *autograd.Value) *autograd.Value { return gelu.of(x) }

// GELUTanh returns x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), an approximation of
// GELU: the one of GPT-2.
func GELUTanh(x *autograd.Value) *autograd.Value { return geluTanh.of(x) }

var gelu = newActivation(Entry{
	Name: "gelu", Formula: "x/2 (1 + erf(x/√2))", Call: "GELU(x)",
	Reference: OfOne(func(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }),
}, unary(kernel.GELU[float32], kernel.GELU[float64]), binary(kernel.GELUGrad[float32], kernel.GELUGrad[float64]),
	func(x float64) float64 {
		return math.Erfc(-x/math.Sqrt2)/2 + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	},
	func(x *autograd.Value) *autograd.Value { // (2 - x²) e^(-x²/2) / √(2π)
		square := Square(x)
		density := Scale(Exp(Scale(square, -0.5)), 1/math.Sqrt(2*math.Pi))
		return Mul(shift(Neg(square), 2), density)
	})

// The argument of the sigmoid that GELUTanh is: x (geluLinear + geluCubic x²).
var (
	geluLinear = math.Sqrt(8 / math.Pi)
	geluCubic  = 0.044715 * geluLinear
)

var geluTanh = newActivation(Entry{
	Name: "gelu_tanh", Formula: "x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))", Call: "GELUTanh(x)",
	Reference: OfOne(func(x float64) float64 { return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) }),
}, unary(kernel.GELUTanh[float32], kernel.GELUTanh[float64]), binary(kernel.GELUTanhGrad[float32], kernel.GELUTanhGrad[float64]),
	func(x float64) float64 {
		t := math.Tanh(math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x))
		return (1+t)/2 + x/2*(1-t*t)*math.Sqrt(2/math.Pi)*(1+3*0.044715*x*x)
	},
	func(x *autograd.Value) *autograd.Value { // s' (2w' + x ((1 - 2s) w'² + w'')) with s the sigmoid of w
		square := Square(x)
		s := Sigmoid(Mul(x, shift(Scale(square, geluCubic), geluLinear)))
		w1, w2 := shift(Scale(square, 3*geluCubic), geluLinear), Scale(x, 6*geluCubic)
		inner := Add(Mul(shift(Scale(s, -2), 1), Square(w1)), w2)
		return Mul(slopeOfSigmoid(s), Add(Scale(w1, 2), Mul(x, inner)))
	})
