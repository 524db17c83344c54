package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
)

type mean struct {
	Axes []int // none: all of them
	Keep bool  // reduced axes stay, with size 1
}

// Mean returns the mean over axes, which disappear; over all axes where none is
// named: their sum times 1/n. Negative axes count from the end.
func Mean(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(mean{Axes: slices.Clone(axes)}, x)
}

// MeanKeep is Mean, but the axes stay, with size 1.
func MeanKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(mean{Axes: slices.Clone(axes), Keep: true}, x)
}

func (mean) Name() string { return "mean" }

func (o mean) Compose(in []*autograd.Value) []*autograd.Value {
	s := autograd.Apply1(sum(o), in[0])
	n := float64(in[0].Spec().Elements()) / float64(s.Spec().Elements())
	return []*autograd.Value{Scale(s, 1/n)}
}

var _ = register(Entry{
	Name: "mean", Kind: Reduction, Formula: "Σ x / n over axes", Call: "Mean(x, axes...)", Shapes: "any → without the axes",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o mean, in []Array, index []int) float64 {
		var sum, n float64
		eachReduced(in[0], o.Axes, o.Keep, index, func(v float64) { sum, n = sum+v, n+1 })
		return sum / n
	}),
	Cases: []Case{
		{mean{}, []Arg{In()}},
		{mean{}, []Arg{In(3, 5, 7)}},
		{mean{Axes: []int{-1}}, []Arg{In(3, 41)}},
		{mean{Axes: []int{0, 2, 3}, Keep: true}, []Arg{In(3, 2, 5, 7)}},
		{mean{Axes: []int{1}, Keep: true}, []Arg{In(2, 1, 3)}},
		{mean{Axes: []int{-2}}, []Arg{In(0, 5, 3)}},
	},
})
