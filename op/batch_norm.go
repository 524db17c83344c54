package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type batchNorm struct{ Eps float64 }

// BatchNorm returns (x - mean) / √(variance + eps) · gain + bias for x of
// [n c …], with the mean and the variance of each channel over the batch and all
// places, and these two, of [c] each: Ioffe and Szegedy, "Batch Normalization",
// 2015. The variance divides by the number of elements. gain and bias are of [c].
func BatchNorm(x, gain, bias *autograd.Value, eps float64) (y, mean, variance *autograd.Value) {
	out := Apply(batchNorm{eps}, x, gain, bias)
	return out[0], out[1], out[2]
}

type batchNormWith struct{ Eps float64 }

// BatchNormWith is BatchNorm with a mean and a variance that are given, of [c]:
// those of all batches before, once a network is trained.
func BatchNormWith(x, mean, variance, gain, bias *autograd.Value, eps float64) *autograd.Value {
	return Apply1(batchNormWith{eps}, x, mean, variance, gain, bias)
}

func (batchNorm) Name() string { return "batch_norm" }

func (batchNormWith) Name() string { return "batch_norm_with" }

func (o batchNorm) Compose(in []*autograd.Value) []*autograd.Value {
	wantChannels(o.Name(), o.Eps, in)
	x, gain, bias := in[0], in[1], in[2]
	n := elementsOfChannel(x)
	if n == 0 {
		tensor.Fail(o.Name(), specsOf(in), "want at least one element of each channel")
	}
	mean := Mean(x, allButChannels(x)...)
	off := Sub(x, perChannel(mean, x))
	variance := Scale(Sum(Mul(off, off), allButChannels(x)...), 1/n)
	return []*autograd.Value{normalised(x, mean, variance, gain, bias, o.Eps), mean, variance}
}

func (o batchNormWith) Compose(in []*autograd.Value) []*autograd.Value {
	wantChannels(o.Name(), o.Eps, in)
	return []*autograd.Value{normalised(in[0], in[1], in[2], in[3], in[4], o.Eps)}
}

// normalised returns x·s + (bias - mean·s), with s = gain / √(variance + eps).
func normalised(x, mean, variance, gain, bias *autograd.Value, eps float64) *autograd.Value {
	scale := Div(gain, deviation(variance, eps))
	return MulAdd(x, perChannel(scale, x), perChannel(Sub(bias, Mul(mean, scale)), x))
}

func deviation(variance *autograd.Value, eps float64) *autograd.Value {
	return Sqrt(Add(variance, Scalar(variance.DType(), eps)))
}

// Backward gives x, where s = gain / √(variance + eps) and d = x - mean,
//
//	s · (grad - Σ grad / n - d/(variance + eps) · Σ grad·d / n)
//
// as grad·s + x·slope + level, and what flows through mean and variance besides.
func (o batchNorm) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, gain, mean, variance := call.In[0], call.In[1], call.Out[1], call.Out[2]
	n := elementsOfChannel(x)
	zero := Zeros(x.DType(), gain.Shape()...)
	scale, slope, level, down := zero, zero, zero, []*autograd.Value{nil, zero, zero}
	if g := grad[0]; g != nil {
		off, root := Sub(x, perChannel(mean, x)), deviation(variance, o.Eps)
		total, weighed := Sum(g, allButChannels(x)...), Sum(Mul(g, off), allButChannels(x)...)
		scale = Div(gain, root)
		down[1], down[2] = Div(weighed, root), total
		slope = Scale(Div(Mul(scale, weighed), Mul(root, root)), -1/n)
		level = Scale(Mul(scale, total), -1/n)
	}
	if g := grad[1]; g != nil {
		level = Add(level, Scale(g, 1/n))
	}
	if g := grad[2]; g != nil {
		slope = Add(slope, Scale(g, 2/n))
	}
	down[0] = MulAdd(x, perChannel(slope, x), perChannel(Sub(level, Mul(slope, mean)), x))
	if grad[0] != nil {
		down[0] = MulAdd(grad[0], perChannel(scale, x), down[0])
	}
	return down
}

// wantChannels checks x of [n c …] and others of [c].
func wantChannels(name string, eps float64, in []*autograd.Value) {
	specs := specsOf(in)
	if !(eps >= 0) || math.IsInf(eps, 0) {
		tensor.Fail(name, specs, "want an eps of at least 0, not %v", eps)
	}
	if err := wantFloats(specs, len(in)); err != nil {
		tensor.Fail(name, specs, "%v", err)
	}
	if specs[0].Rank() < 2 {
		tensor.Fail(name, specs, "want an input [n c …]")
	}
	for _, s := range specs[1:] {
		if c := specs[0].Shape[1]; s.Rank() != 1 || s.Shape[0] != c {
			tensor.Fail(name, specs, "want all but the input to be [%d], a value a channel", c)
		}
	}
}

// allButChannels returns the axes of [n c …] other than 1.
func allButChannels(x *autograd.Value) []int {
	axes := []int{0}
	for a := 2; a < len(x.Shape()); a++ {
		axes = append(axes, a)
	}
	return axes
}

func elementsOfChannel(x *autograd.Value) float64 {
	return float64(tensor.Elements(x.Shape()[2:]) * x.Shape()[0])
}

// perChannel gives values of [c] the axes that broadcast them to x of [n c …].
func perChannel(v, x *autograd.Value) *autograd.Value {
	shape := make([]int, len(x.Shape()))
	for i := range shape {
		shape[i] = 1
	}
	shape[1] = v.Shape()[0]
	return Reshape(v, shape...)
}

// channelOf returns the elements of a channel of [n c …].
func channelOf(x Array, c int) (elements []float64) {
	Each(x.Shape(), func(index []int) {
		if index[1] == c {
			elements = append(elements, x.At(index...))
		}
	})
	return elements
}

// referenceOfBatchNorm returns the normalised x, with a mean and a variance of
// each channel.
func referenceOfBatchNorm(x, mean, variance, gain, bias Array, eps float64) Array {
	y := NewArray(x.Shape()...)
	Each(x.Shape(), func(index []int) {
		c := index[1]
		z := (x.At(index...) - mean.Data[c]) / math.Sqrt(variance.Data[c]+eps)
		y.Set(z*gain.Data[c]+bias.Data[c], index...)
	})
	return y
}

var _ = register(Entry{
	Name: "batch_norm", Kind: Normalisation, Formula: "(x - mean) / √(variance + eps) · gain + bias, with those of each channel in the batch",
	Call: "BatchNorm(x, gain, bias, eps)", Shapes: "[n c …], [c], [c] → [n c …], [c], [c]",
	Kinks: "NaN for a constant channel with ε = 0",
	Reference: func(o Operation, in []Array) []Array {
		x, c := in[0], in[1].Shape()[0]
		mean, variance := NewArray(c), NewArray(c)
		for i := range c {
			elements := channelOf(x, i)
			n := float64(len(elements))
			for _, v := range elements {
				mean.Data[i] += v / n
			}
			for _, v := range elements {
				variance.Data[i] += (v - mean.Data[i]) * (v - mean.Data[i]) / n
			}
		}
		return []Array{referenceOfBatchNorm(x, mean, variance, in[1], in[2], o.(batchNorm).Eps), mean, variance}
	},
	OneShape: "a channel without elements has no mean",
	Cases: []Case{
		{batchNorm{1e-5}, []Arg{In(3, 2, 3, 1).Distinct(), In(2), In(2)}},
		{batchNorm{1e-5}, []Arg{In(1, 3, 3, 5).Distinct(), In(3), In(3)}},
		{batchNorm{0.1}, []Arg{In(19, 3), In(3), In(3)}},
		{batchNorm{0.1}, []Arg{In(3, 1, 7), In(1), In(1)}},
		{batchNorm{0.1}, []Arg{In(5, 2, 1, 3), In(2), In(2)}},
		{batchNorm{0.1}, []Arg{In(3, 0, 2), In(0), In(0)}},
	},
})

var _ = register(Entry{
	Name: "batch_norm_with", Kind: Normalisation, Formula: "(x - mean) / √(variance + eps) · gain + bias",
	Linear: [][]int{{0, 1, 4}, {3, 4}},
	Call:   "BatchNormWith(x, mean, variance, gain, bias, eps)", Shapes: "[n c …], [c], [c], [c], [c] → [n c …]",
	Reference: func(o Operation, in []Array) []Array {
		return []Array{referenceOfBatchNorm(in[0], in[1], in[2], in[3], in[4], o.(batchNormWith).Eps)}
	},
	Cases: []Case{
		{batchNormWith{1e-5}, []Arg{In(3, 2, 3, 1), In(2), In(2).From(0.5, 2), In(2), In(2)}},
		{batchNormWith{1e-5}, []Arg{In(2, 3, 1, 5), In(3), In(3).From(0.5, 2), In(3), In(3)}},
		{batchNormWith{0.1}, []Arg{In(7, 3), In(3), In(3).From(0.5, 2), In(3), In(3)}},
		{batchNormWith{0.1}, []Arg{In(3, 1, 7), In(1), In(1).From(0.5, 2), In(1), In(1)}},
		{batchNormWith{0.1}, []Arg{In(0, 5), In(5), In(5).From(0.5, 2), In(5), In(5)}},
	},
})
