package op

import (
	"cmp"
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// LogSigmoid returns -ln(1 + e^-x), accurate for x of any size.
func LogSigmoid(x *autograd.Value) *autograd.Value { return logSigmoid.of(x) }

var logSigmoid = newFunction(Entry{
	Name: "log_sigmoid", Kind: Activation, Formula: "-ln(1 + e^-x)", Call: "LogSigmoid(x)",
	Reference: OfOne(func(x float64) float64 { return -math.Log1p(math.Exp(-x)) }),
}, kernel.LogSigmoid[float32], kernel.LogSigmoid[float64], anywhere, func(x, y, grad *autograd.Value) *autograd.Value {
	return Mul(grad, Sigmoid(Neg(x)))
})

// SoftplusConfig says how Softplus bends.
type SoftplusConfig struct {
	Beta      float64 // how sharply; 0 means 1
	Threshold float64 // of Beta x, above which the result is x; 0 means 20
}

type softplus struct{ SoftplusConfig }

// Softplus returns ln(1 + e^(βx)) / β, and x where βx is above the threshold.
func Softplus(x *autograd.Value, cfg SoftplusConfig) *autograd.Value {
	return autograd.Apply1(softplus{cfg}, x)
}

func (softplus) Name() string { return "softplus" }

func (o softplus) beta() float64 { return cmp.Or(o.Beta, 1) }

func (o softplus) threshold() float64 { return cmp.Or(o.Threshold, 20) }

func (o softplus) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if !(o.beta() > 0) {
		return nil, fmt.Errorf("want a beta above 0, not %v", o.Beta)
	}
	return sameAsInput(in)
}

func (o softplus) Kernels() Kernels {
	return unary(
		func(dst, x []float32) { kernel.Softplus(dst, x, float32(o.beta()), float32(o.threshold())) },
		func(dst, x []float64) { kernel.Softplus(dst, x, o.beta(), o.threshold()) })
}

func (o softplus) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o softplus) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	z := Scale(call.In[0], o.beta())
	above := Greater(z, Scalar(z.DType(), o.threshold()))
	return []*autograd.Value{Where(above, grad[0], Mul(grad[0], Sigmoid(z)))}
}

var _ = register(Entry{
	Name: "softplus", Kind: Activation, Formula: "ln(1 + e^(βx)) / β; x where βx is above the threshold", Call: "Softplus(x, cfg)",
	Kinks: "as below the threshold",
	Reference: PerElement(func(o softplus, in []Array, index []int) float64 {
		x, beta, threshold := in[0].At(index...), 1.0, 20.0
		if o.Beta != 0 {
			beta = o.Beta
		}
		if o.Threshold != 0 {
			threshold = o.Threshold
		}
		if beta*x > threshold {
			return x
		}
		return math.Log1p(math.Exp(beta*x)) / beta
	}),
	Cases: append(unaryCases(softplus{}, anywhere),
		Case{softplus{SoftplusConfig{Beta: 2.5}}, []Arg{In(3, 7)}},
		Case{softplus{SoftplusConfig{Beta: 0.5, Threshold: 0.75}}, []Arg{In(5, 3)}}),
})
