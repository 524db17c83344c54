package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Pool1DConfig is the window of a pooling over rows: as Pool2DConfig is over
// images.
type Pool1DConfig struct {
	Kernel, Stride, Padding int
	Ceil, ExcludePadding    bool
}

type (
	maxPool1D struct{ Pool1DConfig }
	avgPool1D struct{ Pool1DConfig }
)

// MaxPool1D is MaxPool2D of rows x, of shape [n c w].
func MaxPool1D(x *autograd.Value, cfg Pool1DConfig) *autograd.Value {
	return Apply1(maxPool1D{cfg}, x)
}

// AvgPool1D is AvgPool2D of rows x, of shape [n c w].
func AvgPool1D(x *autograd.Value, cfg Pool1DConfig) *autograd.Value {
	return Apply1(avgPool1D{cfg}, x)
}

func (maxPool1D) Name() string { return "max_pool1d" }
func (avgPool1D) Name() string { return "avg_pool1d" }

// alongRow returns the windows on images of one row.
func (c Pool1DConfig) alongRow(x *autograd.Value) Pool2DConfig {
	if c.Kernel < 1 {
		tensor.Fail("", []tensor.Spec{x.Spec()}, "want a kernel of at least 1, not %d", c.Kernel)
	}
	return Pool2DConfig{
		Kernel: 1, Columns: PoolColumns{c.Kernel, c.Stride, c.Padding},
		Ceil: c.Ceil, ExcludePadding: c.ExcludePadding,
	}
}

func (o maxPool1D) Compose(in []*autograd.Value) []*autograd.Value {
	cfg := o.alongRow(in[0])
	return onImagesOfOneRow(in[0], func(x *autograd.Value) *autograd.Value { return MaxPool2D(x, cfg) })
}

func (o avgPool1D) Compose(in []*autograd.Value) []*autograd.Value {
	cfg := o.alongRow(in[0])
	return onImagesOfOneRow(in[0], func(x *autograd.Value) *autograd.Value { return AvgPool2D(x, cfg) })
}

// onImagesOfOneRow applies an operation on images [n c h w] to rows [n c w].
func onImagesOfOneRow(x *autograd.Value, f func(images *autograd.Value) *autograd.Value) []*autograd.Value {
	y := f(asImage(x, "[n c w]"))
	s := y.Shape()
	return []*autograd.Value{Reshape(y, s[0], s[1], s[3])}
}

// asImage gives rows an axis of size 1 before the last.
func asImage(x *autograd.Value, axes string) *autograd.Value {
	s := x.Shape()
	if len(s) != 3 {
		tensor.Fail("", []tensor.Spec{x.Spec()}, "want 3 axes %s, not %d", axes, len(s))
	}
	return Reshape(x, s[0], s[1], 1, s[2])
}

// poolRow is the reference of poolings along rows.
func poolRow(c Pool1DConfig, x Array, index []int, f func(v float64, counted int)) {
	p := windows(Pool2DConfig{Kernel: 1, Columns: PoolColumns{c.Kernel, c.Stride, c.Padding}, ExcludePadding: c.ExcludePadding})
	eachPoolTap(p, 1, x.Shape()[2], 0, index[2], func(_, _, i, counted int) { f(x.At(index[0], index[1], i), counted) })
}

// pool1DCases has cases of an operation with each config.
func pool1DCases(of func(Pool1DConfig) Operation, domain func(Arg) Arg) []Case {
	in := func(shape ...int) []Arg { return []Arg{domain(In(shape...))} }
	return []Case{
		{of(Pool1DConfig{Kernel: 2}), in(2, 3, 6)},
		{of(Pool1DConfig{Kernel: 3, Stride: 2, Padding: 1}), in(3, 1, 7)},
		{of(Pool1DConfig{Kernel: 3, Stride: 2, Padding: 1, ExcludePadding: true}), in(1, 2, 9)},
		{of(Pool1DConfig{Kernel: 2, Stride: 3, Ceil: true}), in(2, 2, 7)},
		{of(Pool1DConfig{Kernel: 5, Stride: 1}), in(18, 1, 5)},
		{of(Pool1DConfig{Kernel: 2}), in(0, 2, 4)},
	}
}

var _ = register(Entry{
	Name: "max_pool1d", Kind: Pooling, Formula: "max x over each window", Call: "MaxPool1D(x, cfg)", Shapes: "[n c w] → [n c w′]",
	Kinks: "that of the first of equals",
	Reference: PerElement(func(o maxPool1D, in []Array, index []int) float64 {
		best := math.Inf(-1)
		poolRow(o.Pool1DConfig, in[0], index, func(v float64, _ int) { best = max(best, v) })
		return best
	}),
	Cases: pool1DCases(func(c Pool1DConfig) Operation { return maxPool1D{c} }, Arg.Distinct),
})

var _ = register(Entry{
	Name: "avg_pool1d", Kind: Pooling, Formula: "Σ x / n over each window", Call: "AvgPool1D(x, cfg)", Shapes: "[n c w] → [n c w′]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o avgPool1D, in []Array, index []int) (mean float64) {
		poolRow(o.Pool1DConfig, in[0], index, func(v float64, counted int) { mean += v / float64(counted) })
		return mean
	}),
	Cases: pool1DCases(func(c Pool1DConfig) Operation { return avgPool1D{c} }, anywhere),
})
