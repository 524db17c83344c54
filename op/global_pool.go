package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type (
	globalMaxPool struct{}
	globalAvgPool struct{}
)

// GlobalMaxPool returns the maximum of each channel of x, of shape [n c w] or
// [n c h w], as [n c]. The first of several equal elements passes the gradient on.
func GlobalMaxPool(x *autograd.Value) *autograd.Value { return Apply1(globalMaxPool{}, x) }

// GlobalAvgPool returns the mean of each channel of x, of shape [n c w] or
// [n c h w], as [n c].
func GlobalAvgPool(x *autograd.Value) *autograd.Value { return Apply1(globalAvgPool{}, x) }

func (globalMaxPool) Name() string { return "global_max_pool" }
func (globalAvgPool) Name() string { return "global_avg_pool" }

func (globalMaxPool) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	wantPlanes(x)
	if len(x.Shape()) == 3 {
		x = asImage(x, "[n c w]")
	}
	s := x.Shape()
	return []*autograd.Value{Reshape(AdaptiveMaxPool2D(x, 1, 1), s[0], s[1])}
}

func (globalAvgPool) Compose(in []*autograd.Value) []*autograd.Value {
	wantPlanes(in[0])
	if len(in[0].Shape()) == 3 {
		return []*autograd.Value{Mean(in[0], 2)}
	}
	return []*autograd.Value{Mean(in[0], 2, 3)}
}

// wantPlanes checks for channels that are not empty.
func wantPlanes(x *autograd.Value) {
	s := x.Shape()
	if len(s) != 3 && len(s) != 4 {
		tensor.Fail("", nil, "want 3 axes [n c w] or 4 axes [n c h w], not %d", len(s))
	}
	if tensor.Elements(s[2:]) == 0 {
		tensor.Fail("", nil, "want channels that are not empty")
	}
}

func globalCases(o Operation, domain func(Arg) Arg) []Case {
	var cases []Case
	for _, shape := range [][]int{{2, 3, 4, 2}, {3, 1, 5, 3}, {2, 3, 7}, {18, 1, 1, 3}, {1, 4, 1}, {0, 2, 3, 3}} {
		cases = append(cases, Case{o, []Arg{domain(In(shape...))}})
	}
	return cases
}

// eachOfChannel calls f with the elements of a channel.
func eachOfChannel(x Array, channel []int, f func(v, n float64)) {
	rest := x.Shape()[2:]
	Each(rest, func(at []int) { f(x.At(append(append([]int{}, channel...), at...)...), float64(tensor.Elements(rest))) })
}

var _ = register(Entry{
	Name: "global_max_pool", Kind: Pooling, Formula: "max x over each channel", Call: "GlobalMaxPool(x)", Shapes: "[n c w] or [n c h w] → [n c]",
	Kinks: "that of the first of equals",
	Reference: PerElement(func(_ globalMaxPool, in []Array, index []int) float64 {
		best := math.Inf(-1)
		eachOfChannel(in[0], index, func(v, _ float64) { best = max(best, v) })
		return best
	}),
	Cases: globalCases(globalMaxPool{}, Arg.Distinct),
})

var _ = register(Entry{
	Name: "global_avg_pool", Kind: Pooling, Formula: "Σ x / n over each channel", Call: "GlobalAvgPool(x)", Shapes: "[n c w] or [n c h w] → [n c]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(_ globalAvgPool, in []Array, index []int) (mean float64) {
		eachOfChannel(in[0], index, func(v, n float64) { mean += v / n })
		return mean
	}),
	Cases: globalCases(globalAvgPool{}, anywhere),
})
