package op

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type layerNorm struct{ Eps float64 }

// LayerNorm returns (x - mean) / √(variance + eps) · gain + bias, with the mean
// and the biased variance of x along its last axis; gain and bias have the shape
// of that axis. Ba et al., "Layer Normalization", 2016.
func LayerNorm(x, gain, bias *autograd.Value, eps float64) *autograd.Value {
	return autograd.Apply1(layerNorm{eps}, x, gain, bias)
}

func (layerNorm) Name() string { return "layer_norm" }

func (o layerNorm) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if !(o.Eps >= 0) {
		return nil, fmt.Errorf("want an eps of at least 0, not %v", o.Eps)
	}
	if err := wantFloats(in, 3); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 {
		return nil, errNoAxis
	}
	_, n := splitLast(in[0].Shape)
	for _, s := range in[1:] {
		if s.Rank() != 1 || s.Shape[0] != n {
			return nil, fmt.Errorf("want a gain and a bias [%d]", n)
		}
	}
	return one(in[0].DType, in[0].Shape...), nil
}

func (o layerNorm) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { layerNormForward[float32](out[0], in, o.Eps) },
		func() { layerNormForward[float64](out[0], in, o.Eps) })
}

func layerNormForward[T kernel.Float](out *tensor.Tensor, in []*tensor.Tensor, eps float64) {
	y, x, gain, bias := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[T](in[1]), tensor.Data[T](in[2])
	rows, n := splitLast(in[0].Shape())
	parallel.For(rows, 1+grain/max(1, n), func(lo, hi int) {
		kernel.LayerNorm(y[lo*n:hi*n], x[lo*n:hi*n], gain, bias, hi-lo, n, T(eps))
	})
}

// Backward follows from y = z·gain + bias with z = (x - mean) / √(variance + eps):
// where h is the gradient of z, that of x is
//
//	(h - mean(h) - z·mean(h·z)) / √(variance + eps)
func (o layerNorm) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, gain, g := call.In[0], call.In[1], grad[0]
	down := make([]*autograd.Value, 3)
	if call.Needs[2] {
		down[2] = unbroadcast(g, gain.Shape())
	}
	if !call.Needs[0] && !call.Needs[1] {
		return down
	}
	centred := Sub(x, meanOfRows(x))
	variance := meanOfRows(Mul(centred, centred))
	deviation := Sqrt(Add(variance, Scalar(x.DType(), o.Eps)))
	z := Div(centred, deviation)
	if call.Needs[1] {
		down[1] = unbroadcast(Mul(g, z), gain.Shape())
	}
	if call.Needs[0] {
		h := Mul(g, gain)
		down[0] = Div(Sub(Sub(h, meanOfRows(h)), Mul(z, meanOfRows(Mul(h, z)))), deviation)
	}
	return down
}

// meanOfRows returns the mean along the last axis, which stays with size 1.
func meanOfRows(x *autograd.Value) *autograd.Value {
	_, n := splitLast(x.Shape())
	return Scale(SumKeep(x, -1), 1/float64(n))
}

var _ = register(Entry{
	Name: "layer_norm", Kind: Reduction, Formula: "(x - mean) / √(variance + eps) · gain + bias along the last axis", Call: "LayerNorm(x, gain, bias, eps)", Shapes: "[… n], [n], [n] → [… n]",
	Kinks: "NaN for a constant row with ε = 0",
	Whole: "works along rows, which lie across a block; to come with the other normalisations",
	Reference: PerElement(func(o layerNorm, in []Array, index []int) float64 {
		x, last := in[0].row(index), index[len(index)-1]
		mean, variance := momentsOf(x)
		return (x[last]-mean)/math.Sqrt(variance+o.Eps)*in[1].At(last) + in[2].At(last)
	}),
	Cases: []Case{
		{layerNorm{1e-5}, []Arg{In(5).Distinct(), In(5), In(5)}},
		{layerNorm{1e-5}, []Arg{In(3, 20).Distinct(), In(20), In(20)}},
		{layerNorm{0.1}, []Arg{In(2, 3, 7), In(7), In(7)}},
		{layerNorm{0.1}, []Arg{In(2, 3, 1), In(1), In(1)}},
		{layerNorm{0.1}, []Arg{In(0, 3), In(3), In(3)}},
		{layerNorm{0.1}, []Arg{In(2, 0), In(0), In(0)}},
	},
})
