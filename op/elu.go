package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// expLinear is the family of exponential linear units:
//
//	Scale · (x > 0 ? x : Alpha (e^(Rate x) - 1))
type expLinear struct{ Alpha, Scale, Rate float64 }

// ELU returns x above 0 and alpha (e^x - 1) below; alpha is usually 1. Clevert et al.,
// "Fast and Accurate Deep Network Learning by Exponential Linear Units", 2015.
func ELU(x *autograd.Value, alpha float64) *autograd.Value { return Apply1(elu{alpha}, x) }

// CELU returns x above 0 and alpha (e^(x/alpha) - 1) below: an ELU whose derivative has
// no jump. Barron, "Continuously Differentiable Exponential Linear Units", 2017.
func CELU(x *autograd.Value, alpha float64) *autograd.Value { return Apply1(celu{alpha}, x) }

// SELU returns 1.0507 times an ELU with an alpha of 1.6733, which keep mean 0 and
// variance 1. Klambauer et al., "Self-Normalizing Neural Networks", 2017.
func SELU(x *autograd.Value) *autograd.Value { return Apply1(selu{}, x) }

// The numbers of SELU, from the paper's authors.
const (
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

func (expLinear) Name() string { return "exp_linear" }

func (expLinear) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (o expLinear) Kernels() Kernels {
	return unary(
		func(dst, x []float32) { kernel.ELU(dst, x, float32(o.Alpha), float32(o.Scale), float32(o.Rate)) },
		func(dst, x []float64) { kernel.ELU(dst, x, o.Alpha, o.Scale, o.Rate) })
}

func (o expLinear) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o expLinear) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(expLinearGrad(o), call.In[0], grad[0])}
}

// expLinearGrad is the derivative of an expLinear at x times the upstream gradient
// g, the second input.
type expLinearGrad expLinear

func (expLinearGrad) Name() string { return "exp_linear_grad" }

func (expLinearGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (o expLinearGrad) Kernels() Kernels {
	return binary(
		func(dst, x, g []float32) {
			kernel.ELUGrad(dst, x, g, float32(o.Alpha), float32(o.Scale), float32(o.Rate))
		},
		func(dst, x, g []float64) { kernel.ELUGrad(dst, x, g, o.Alpha, o.Scale, o.Rate) })
}

func (o expLinearGrad) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o expLinearGrad) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, g := call.In[0], call.In[1]
	down := make([]*autograd.Value, 2)
	if call.Needs[0] { // the second derivative is 0 above 0
		below := Neg(ReLU(Neg(x)))
		bend := Gate(Neg(x), Scale(Exp(Scale(below, o.Rate)), o.Scale*o.Alpha*o.Rate*o.Rate))
		down[0] = Unbroadcast(Mul(Mul(grad[0], g), bend), x.Shape())
	}
	if call.Needs[1] {
		down[1] = Unbroadcast(autograd.Apply1(o, x, grad[0]), g.Shape())
	}
	return down
}

type (
	elu  struct{ Alpha float64 }
	celu struct{ Alpha float64 }
	selu struct{}
)

func (elu) Name() string { return "elu" }

func (o elu) Compose(in []*autograd.Value) []*autograd.Value {
	return autograd.Apply(expLinear{o.Alpha, 1, 1}, in...)
}

func (celu) Name() string { return "celu" }

func (o celu) Compose(in []*autograd.Value) []*autograd.Value {
	if o.Alpha == 0 {
		tensor.Fail("celu", nil, "want an alpha that is not 0")
	}
	return autograd.Apply(expLinear{o.Alpha, 1, 1 / o.Alpha}, in...)
}

func (selu) Name() string { return "selu" }

func (selu) Compose(in []*autograd.Value) []*autograd.Value {
	return autograd.Apply(expLinear{seluAlpha, seluScale, 1}, in...)
}

// referenceOfELU is the value at x and the derivative there.
func referenceOfELU(x, alpha, scale, rate float64) (y, slope float64) {
	if x > 0 {
		return scale * x, scale
	}
	return scale * alpha * math.Expm1(rate*x), scale * alpha * rate * math.Exp(rate*x)
}

var _ = register(Entry{
	Name: "exp_linear", Kind: Activation, Formula: "scale · (x > 0 ? x : α (e^(rate x) - 1))", Kinks: "that below at 0",
	Reference: PerElement(func(o expLinear, in []Array, index []int) float64 {
		y, _ := referenceOfELU(in[0].At(index...), o.Alpha, o.Scale, o.Rate)
		return y
	}),
	Cases: append(unaryCases(expLinear{1.5, 1, 1}, Arg.AwayFromZero), unaryCases(expLinear{0.7, 1.3, 2}, Arg.AwayFromZero)...),
})

var _ = register(Entry{
	Name: "exp_linear_grad", Kind: Activation, Formula: "scale · g · (x > 0 ? 1 : α rate e^(rate x))", Kinks: "that below at 0", Linear: [][]int{{1}},
	Reference: PerElement(func(o expLinearGrad, in []Array, index []int) float64 {
		_, slope := referenceOfELU(in[0].At(index...), o.Alpha, o.Scale, o.Rate)
		return slope * in[1].At(index...)
	}),
	Cases: append(domainCases(expLinearGrad{1.5, 1, 1}, Arg.AwayFromZero, anywhere), Case{expLinearGrad{0.7, 1.3, 2}, []Arg{In(7).AwayFromZero(), In(7)}}),
})

var _ = register(Entry{
	Name: "elu", Kind: Activation, Formula: "x > 0 ? x : α (e^x - 1)", Call: "ELU(x, alpha)", Kinks: "α at 0",
	Reference: PerElement(func(o elu, in []Array, index []int) float64 {
		y, _ := referenceOfELU(in[0].At(index...), o.Alpha, 1, 1)
		return y
	}),
	Cases: append(unaryCases(elu{1}, Arg.AwayFromZero), Case{elu{0.5}, []Arg{In(3, 7).AwayFromZero()}}),
})

var _ = register(Entry{
	Name: "celu", Kind: Activation, Formula: "x > 0 ? x : α (e^(x/α) - 1)", Call: "CELU(x, alpha)", Kinks: "1 at 0",
	Reference: PerElement(func(o celu, in []Array, index []int) float64 {
		y, _ := referenceOfELU(in[0].At(index...), o.Alpha, 1, 1/o.Alpha)
		return y
	}),
	Cases: append(unaryCases(celu{1}, Arg.AwayFromZero), Case{celu{0.5}, []Arg{In(3, 7).AwayFromZero()}}),
})

var _ = register(Entry{
	Name: "selu", Kind: Activation, Formula: "1.0507 · (x > 0 ? x : 1.6733 (e^x - 1))", Call: "SELU(x)", Kinks: "1.7581 at 0",
	Reference: OfOne(func(x float64) float64 {
		y, _ := referenceOfELU(x, 1.6732632423543772, 1.0507009873554805, 1)
		return y
	}),
	Cases: unaryCases(selu{}, Arg.AwayFromZero),
})
