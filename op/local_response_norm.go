package op

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// LocalResponseNormConfig sets a local response normalisation. The zero values of
// all but Size mean those of its paper's successors: Alpha 1e-4, Beta 0.75, K 1.
type LocalResponseNormConfig struct {
	Size           int // of the window of channels
	Alpha, Beta, K float64
}

type localResponseNorm struct{ LocalResponseNormConfig }

// LocalResponseNorm returns x / (k + alpha/size · Σ x²)^beta for x of [n c …], the
// sum over the window of channels from size/2 before to (size-1)/2 after. Channels
// that are none count as 0. Krizhevsky et al., "ImageNet Classification with Deep
// Convolutional Neural Networks", 2012, whose alpha is not divided by the size.
func LocalResponseNorm(x *autograd.Value, cfg LocalResponseNormConfig) *autograd.Value {
	return Apply1(localResponseNorm{cfg.withDefaults()}, x)
}

func (c LocalResponseNormConfig) withDefaults() LocalResponseNormConfig {
	c.Alpha, c.Beta, c.K = cmp.Or(c.Alpha, 1e-4), cmp.Or(c.Beta, 0.75), cmp.Or(c.K, 1)
	return c
}

func (localResponseNorm) Name() string { return "local_response_norm" }

// Compose takes the power as an exponential: what it is of is far from 0.
func (o localResponseNorm) Compose(in []*autograd.Value) []*autograd.Value {
	if o.Size < 1 || o.Alpha < 0 || o.K <= 0 {
		tensor.Fail(o.Name(), specsOf(in), "want a size of at least 1, an alpha of at least 0 and a k above 0, not %+v", o.LocalResponseNormConfig)
	}
	x := in[0]
	squares := autograd.Apply1(channelWindow{o.Size / 2, (o.Size - 1) / 2}, Mul(x, x))
	base := MulAdd(squares, Scalar(x.DType(), o.Alpha/float64(o.Size)), Scalar(x.DType(), o.K))
	return []*autograd.Value{Mul(x, Exp(Scale(Log(base), -o.Beta)))}
}

// channelWindow sums channels c-Before to c+After of [n c …], those that there are,
// in order.
type channelWindow struct{ Before, After int }

func (channelWindow) Name() string { return "channel_window" }

func (o channelWindow) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() < 2 {
		return nil, fmt.Errorf("want an input [n c …]")
	}
	return one(in[0].DType, in[0].Shape...), nil
}

// limits returns the first channel of the window of channel c, and the one after
// its last.
func (o channelWindow) limits(c, channels int) (lo, hi int) {
	return max(0, c-o.Before), min(channels, c+o.After+1)
}

func (o channelWindow) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the examples, in parts of a plane.
func (o channelWindow) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareChannelWindow[float32](o, in[0], out[0]) },
		func() func() { return prepareChannelWindow[float64](o, in[0], out[0]) })
}

func prepareChannelWindow[T kernel.Float](o channelWindow, in, out *tensor.Tensor) func() {
	y, x, shape := tensor.Data[T](out), tensor.Data[T](in), in.Shape()
	channels, plane := shape[1], tensor.Elements(shape[2:])
	parts := (plane + grain - 1) / grain
	if channels == 0 {
		parts = 0
	}
	return parallel.NewLoop(shape[0]*parts, 1+grain/max(1, channels*min(plane, grain)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			from := i % parts * grain
			first, size := i/parts*channels*plane+from, min(grain, plane-from)
			sumChannels(o, y[first:], x[first:], channels, plane, size)
		}
	}).Run
}

// sumChannels sums the first elements of planes.
func sumChannels[T kernel.Float](o channelWindow, y, x []T, channels, plane, size int) {
	for c := range channels {
		lo, hi := o.limits(c, channels)
		to := y[c*plane:][:size]
		copy(to, x[lo*plane:])
		for from := lo + 1; from < hi; from++ {
			kernel.Add(to, to, x[from*plane:][:size])
		}
	}
}

// Block sums the channels of each block.
func (o channelWindow) Block(in, _ []tensor.Spec, _ []bool) *Block {
	channels := in[0].Shape[1]
	if in[0].Rank() > 4 {
		return nil
	}
	return &Block{Split: []bool{true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { channelWindowBlock[float32](o, channels, c) },
			func(c *BlockCall) { channelWindowBlock[float64](o, channels, c) })
	}}
}

func channelWindowBlock[T kernel.Float](o channelWindow, channels int, c *BlockCall) {
	y, x := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0])
	if channels > 0 {
		sumChannels(o, y, x, channels, len(y)/channels, len(y)/channels)
	}
}

func (o channelWindow) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(channelWindow{o.After, o.Before}, grad[0])}
}

// window returns the sum of f over the channels that a window at an index has.
func (o channelWindow) window(x Array, index []int, f func(v float64) float64) (sum float64) {
	at := slices.Clone(index)
	lo, hi := o.limits(index[1], x.Shape()[1])
	for at[1] = lo; at[1] < hi; at[1]++ {
		sum += f(x.At(at...))
	}
	return sum
}

var _ = register(Entry{
	Name: "local_response_norm", Kind: Normalisation, Formula: "x / (k + alpha/size · Σ x² over a window of channels)^beta", Call: "LocalResponseNorm(x, cfg)", Shapes: "[n c …] → [n c …]",
	Reference: PerElement(func(o localResponseNorm, in []Array, index []int) float64 {
		w := channelWindow{o.Size / 2, (o.Size - 1) / 2}
		squares := w.window(in[0], index, func(v float64) float64 { return v * v })
		return in[0].At(index...) / math.Pow(o.K+o.Alpha/float64(o.Size)*squares, o.Beta)
	}),
	Cases: []Case{
		{localResponseNorm{LocalResponseNormConfig{Size: 5, Alpha: 1e-4, Beta: 0.75, K: 1}}, []Arg{In(2, 7, 1, 3)}},
		{localResponseNorm{LocalResponseNormConfig{Size: 2, Alpha: 0.5, Beta: 0.5, K: 2}}, []Arg{In(3, 3, 5)}},
		{localResponseNorm{LocalResponseNormConfig{Size: 3, Alpha: 1, Beta: 0.75, K: 1}}, []Arg{In(1, 5, 3, 3)}},
		{localResponseNorm{LocalResponseNormConfig{Size: 4, Alpha: 1, Beta: 2, K: 0.5}}, []Arg{In(3, 1, 2, 7)}},
		{localResponseNorm{LocalResponseNormConfig{Size: 1, Alpha: 1, Beta: 1, K: 1}}, []Arg{In(5, 3, 1)}},
		{localResponseNorm{LocalResponseNormConfig{Size: 5, Alpha: 1, Beta: 1, K: 1}}, []Arg{In(0, 3, 2, 2)}},
	},
})

var _ = register(Entry{
	Name: "channel_window", Kind: Reduction, Formula: "Σ x over channels c-before … c+after", Shapes: "[n c …] → [n c …]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o channelWindow, in []Array, index []int) float64 {
		return o.window(in[0], index, func(v float64) float64 { return v })
	}),
	Cases: []Case{
		{channelWindow{2, 2}, []Arg{In(2, 7, 1, 3)}},
		{channelWindow{1, 0}, []Arg{In(3, 4, 5)}},
		{channelWindow{0, 3}, []Arg{In(2, 3, 2, 2)}},
		{channelWindow{1, 2}, []Arg{In(5, 6)}},
		{channelWindow{0, 0}, []Arg{In(3, 1, 7)}},
		{channelWindow{1, 1}, []Arg{In(0, 3, 2, 2)}},
		{channelWindow{1, 1}, []Arg{In(2, 0, 3)}},
	},
})
