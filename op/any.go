package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type anyOf struct {
	Axes []int // none: all of them
	Keep bool  // reduced axes stay, with size 1
	autograd.Constant
}

// Any reports, as bool, whether one of the elements over axes is true, or is not 0;
// over all axes where none is named. It is false of nothing. Negative axes count
// from the end.
func Any(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(anyOf{Axes: slices.Clone(axes)}, x)
}

// AnyKeep is Any, but the axes stay, with size 1.
func AnyKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(anyOf{Axes: slices.Clone(axes), Keep: true}, x)
}

func (anyOf) Name() string { return "any" }

// Compose counts what is true.
func (o anyOf) Compose(in []*autograd.Value) []*autograd.Value {
	ones := Cast(Cast(in[0], tensor.Bool), tensor.Float32)
	return []*autograd.Value{Cast(autograd.Apply1(sum{o.Axes, o.Keep}, ones), tensor.Bool)}
}

type allOf anyOf

// All reports, as bool, whether all elements over axes are true, or are not 0; over
// all axes where none is named. It is true of nothing. Negative axes count from the
// end.
func All(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(allOf{Axes: slices.Clone(axes)}, x)
}

// AllKeep is All, but the axes stay, with size 1.
func AllKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(allOf{Axes: slices.Clone(axes), Keep: true}, x)
}

func (allOf) Name() string { return "all" }

// Compose finds that nothing is false.
func (o allOf) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Not(anyOf(o).Compose([]*autograd.Value{Not(Cast(in[0], tensor.Bool))})[0])}
}

var _ = register(Entry{
	Name: "any", Kind: Reduction, Formula: "whether an x over axes is not 0", Call: "Any(x, axes...)", Shapes: "any → without the axes",
	Reference: PerElement(func(o anyOf, in []Array, index []int) (some float64) {
		eachReduced(in[0], o.Axes, o.Keep, index, func(v float64) {
			if v != 0 {
				some = 1
			}
		})
		return some
	}),
	Cases: truthCases(func(axes []int, keep bool) Operation { return anyOf{Axes: axes, Keep: keep} }),
})

var _ = register(Entry{
	Name: "all", Kind: Reduction, Formula: "whether all x over axes are not 0", Call: "All(x, axes...)", Shapes: "any → without the axes",
	Reference: PerElement(func(o allOf, in []Array, index []int) float64 {
		every := 1.0
		eachReduced(in[0], o.Axes, o.Keep, index, func(v float64) {
			if v == 0 {
				every = 0
			}
		})
		return every
	}),
	Cases: truthCases(func(axes []int, keep bool) Operation { return allOf{Axes: axes, Keep: keep} }),
})

// truthCases are the shapes that reductions of what is true are judged on.
func truthCases(of func(axes []int, keep bool) Operation) []Case {
	return []Case{
		{of(nil, false), []Arg{Index(2, 2, 3)}},
		{of([]int{-1}, false), []Arg{Index(2, 5, 2)}},
		{of([]int{0, 2}, true), []Arg{Index(2, 2, 5, 1)}},
		{of([]int{1}, false), []Arg{Index(3, 7, 3)}},
		{of([]int{1}, true), []Arg{In(3, 5)}},
		{of([]int{1}, false), []Arg{Index(2, 3, 0)}},
	}
}
