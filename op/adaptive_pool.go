package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type (
	adaptiveMaxPool2D struct{ Height, Width int }
	adaptiveAvgPool2D struct{ Height, Width int }
	adaptiveMaxPool1D struct{ Width int }
	adaptiveAvgPool1D struct{ Width int }
)

// AdaptiveMaxPool2D returns the maxima of height x width bins of x, of shape
// [n c h w], whatever the size of the images. Bin i of k along an axis of n
// elements has those from i·n/k, rounded down, to (i+1)·n/k, rounded up: bins may
// share elements. The first of several equal elements passes the gradient on.
func AdaptiveMaxPool2D(x *autograd.Value, height, width int) *autograd.Value {
	return Apply1(adaptiveMaxPool2D{height, width}, x)
}

// AdaptiveAvgPool2D returns the averages of the bins of AdaptiveMaxPool2D.
func AdaptiveAvgPool2D(x *autograd.Value, height, width int) *autograd.Value {
	return Apply1(adaptiveAvgPool2D{height, width}, x)
}

// AdaptiveMaxPool1D is AdaptiveMaxPool2D of rows x, of shape [n c w].
func AdaptiveMaxPool1D(x *autograd.Value, width int) *autograd.Value {
	return Apply1(adaptiveMaxPool1D{width}, x)
}

// AdaptiveAvgPool1D is AdaptiveAvgPool2D of rows x, of shape [n c w].
func AdaptiveAvgPool1D(x *autograd.Value, width int) *autograd.Value {
	return Apply1(adaptiveAvgPool1D{width}, x)
}

func (adaptiveMaxPool2D) Name() string { return "adaptive_max_pool2d" }
func (adaptiveAvgPool2D) Name() string { return "adaptive_avg_pool2d" }
func (adaptiveMaxPool1D) Name() string { return "adaptive_max_pool1d" }
func (adaptiveAvgPool1D) Name() string { return "adaptive_avg_pool1d" }

func (o adaptiveMaxPool2D) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply(maxPool2D{bins(in[0], o.Height, o.Width)}, in[0])[0]}
}

func (o adaptiveAvgPool2D) Compose(in []*autograd.Value) []*autograd.Value {
	return autograd.Apply(avgPool2D{bins(in[0], o.Height, o.Width)}, in[0])
}

func (o adaptiveMaxPool1D) Compose(in []*autograd.Value) []*autograd.Value {
	return onImagesOfOneRow(in[0], func(x *autograd.Value) *autograd.Value { return AdaptiveMaxPool2D(x, 1, o.Width) })
}

func (o adaptiveAvgPool1D) Compose(in []*autograd.Value) []*autograd.Value {
	return onImagesOfOneRow(in[0], func(x *autograd.Value) *autograd.Value { return AdaptiveAvgPool2D(x, 1, o.Width) })
}

// bins returns the windows that make bins of images: of equal size where that is
// possible, as those are computed fastest.
func bins(x *autograd.Value, height, width int) pool2D {
	s := x.Shape()
	if len(s) != 4 {
		tensor.Fail("", nil, "want 4 axes [n c h w], not %d", len(s))
	}
	if min(height, width) < 1 {
		tensor.Fail("", nil, "want at least one bin along each axis, not %d×%d", height, width)
	}
	if min(s[2], s[3]) > 0 && s[2]%height == 0 && s[3]%width == 0 {
		return windows(Pool2DConfig{Kernel: s[2] / height, Columns: PoolColumns{Kernel: s[3] / width}})
	}
	return pool2D{BinsH: height, BinsW: width}
}

// eachOfBin is the reference of the adaptive poolings: it calls f with the elements
// of a bin, and how many there are. It is told the bins along the last axes.
func eachOfBin(x Array, index, bins []int, f func(v, n float64)) {
	of := func(size, bins, i int) (lo, hi int) {
		return int(math.Floor(float64(i*size) / float64(bins))), int(math.Ceil(float64((i+1)*size) / float64(bins)))
	}
	first, n := []int{0, 0}, []int{1, 1}
	for a := range bins {
		lo, hi := of(x.Shape()[2+a], bins[a], index[2+a])
		first[a], n[a] = lo, hi-lo
	}
	Each(n[:len(bins)], func(at []int) {
		place := append([]int{}, index[:2]...)
		for a := range bins {
			place = append(place, first[a]+at[a])
		}
		f(x.At(place...), float64(n[0]*n[1]))
	})
}

func largestOfBin(x Array, index []int, bins ...int) float64 {
	best := math.Inf(-1)
	eachOfBin(x, index, bins, func(v, _ float64) { best = max(best, v) })
	return best
}

func meanOfBin(x Array, index []int, bins ...int) (mean float64) {
	eachOfBin(x, index, bins, func(v, n float64) { mean += v / n })
	return mean
}

// adaptiveCases has cases of a pooling to bins of images, or of rows.
func adaptiveCases(images, rows func(height, width int) Operation, domain func(Arg) Arg) (cases []Case) {
	for _, c := range []struct{ n, c, h, w, height, width int }{
		{2, 3, 4, 6, 2, 3}, {1, 2, 5, 7, 3, 2}, {3, 1, 5, 3, 1, 1}, {2, 2, 3, 2, 5, 3}, {18, 1, 1, 2, 1, 1}, {0, 2, 4, 4, 2, 2},
	} {
		if rows != nil {
			cases = append(cases, Case{rows(c.height, c.width), []Arg{domain(In(c.n, c.c, c.w))}})
			continue
		}
		cases = append(cases, Case{images(c.height, c.width), []Arg{domain(In(c.n, c.c, c.h, c.w))}})
	}
	return cases
}

var _ = register(Entry{
	Name: "adaptive_max_pool2d", Kind: Pooling, Formula: "max x over each bin", Call: "AdaptiveMaxPool2D(x, height, width)", Shapes: "[n c h w] → [n c height width]",
	Kinks: "that of the first of equals",
	Reference: PerElement(func(o adaptiveMaxPool2D, in []Array, index []int) float64 {
		return largestOfBin(in[0], index, o.Height, o.Width)
	}),
	Cases: adaptiveCases(func(h, w int) Operation { return adaptiveMaxPool2D{h, w} }, nil, Arg.Distinct),
})

var _ = register(Entry{
	Name: "adaptive_avg_pool2d", Kind: Pooling, Formula: "Σ x / n over each bin", Call: "AdaptiveAvgPool2D(x, height, width)", Shapes: "[n c h w] → [n c height width]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o adaptiveAvgPool2D, in []Array, index []int) float64 {
		return meanOfBin(in[0], index, o.Height, o.Width)
	}),
	Cases: adaptiveCases(func(h, w int) Operation { return adaptiveAvgPool2D{h, w} }, nil, anywhere),
})

var _ = register(Entry{
	Name: "adaptive_max_pool1d", Kind: Pooling, Formula: "max x over each bin", Call: "AdaptiveMaxPool1D(x, width)", Shapes: "[n c w] → [n c width]",
	Kinks: "that of the first of equals",
	Reference: PerElement(func(o adaptiveMaxPool1D, in []Array, index []int) float64 {
		return largestOfBin(in[0], index, o.Width)
	}),
	Cases: adaptiveCases(nil, func(_, w int) Operation { return adaptiveMaxPool1D{w} }, Arg.Distinct),
})

var _ = register(Entry{
	Name: "adaptive_avg_pool1d", Kind: Pooling, Formula: "Σ x / n over each bin", Call: "AdaptiveAvgPool1D(x, width)", Shapes: "[n c w] → [n c width]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o adaptiveAvgPool1D, in []Array, index []int) float64 {
		return meanOfBin(in[0], index, o.Width)
	}),
	Cases: adaptiveCases(nil, func(_, w int) Operation { return adaptiveAvgPool1D{w} }, anywhere),
})
