package op

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type variance struct {
	Correction int
	Axes       []int // none: all of them
	Keep       bool  // reduced axes stay, with size 1
}

// Var returns the variance over axes, which disappear; over all axes where none is
// named: the sum of the squared distances from the mean, which is worked out first,
// by n - correction. That is 1 for an unbiased estimate from a sample, 0 for the
// variance of all there is. Negative axes count from the end.
func Var(x *autograd.Value, correction int, axes ...int) *autograd.Value {
	return Apply1(variance{correction, slices.Clone(axes), false}, x)
}

// VarKeep is Var, but the axes stay, with size 1.
func VarKeep(x *autograd.Value, correction int, axes ...int) *autograd.Value {
	return Apply1(variance{correction, slices.Clone(axes), true}, x)
}

func (variance) Name() string { return "var" }

func (o variance) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	away := Sub(x, MeanKeep(x, o.Axes...))
	n := reducedCount(x.Shape(), o.Axes)
	if o.Correction < 0 || n <= o.Correction {
		tensor.Fail("var", specsOf(in), "want a correction of at least 0 and below %d, the number of elements, not %d", n, o.Correction)
	}
	s := autograd.Apply1(sum{Axes: o.Axes, Keep: o.Keep}, Mul(away, away))
	return []*autograd.Value{Scale(s, 1/float64(n-o.Correction))}
}

type std variance

// Std returns the square root of Var.
func Std(x *autograd.Value, correction int, axes ...int) *autograd.Value {
	return Apply1(std{correction, slices.Clone(axes), false}, x)
}

// StdKeep is Std, but the axes stay, with size 1.
func StdKeep(x *autograd.Value, correction int, axes ...int) *autograd.Value {
	return Apply1(std{correction, slices.Clone(axes), true}, x)
}

func (std) Name() string { return "std" }

func (o std) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{offZero(variance(o).Compose(in)[0], Sqrt)}
}

// varianceOf returns the variance of some numbers.
func varianceOf(x []float64, correction int) float64 {
	_, v := momentsOf(x)
	return v * float64(len(x)) / float64(len(x)-correction)
}

var _ = register(Entry{
	Name: "var", Kind: Reduction, Formula: "Σ (x - mean)² / (n - correction) over axes", Call: "Var(x, correction, axes...)", Shapes: "any → without the axes",
	Reference: PerElement(func(o variance, in []Array, index []int) float64 {
		return varianceOf(reducedOf(in[0], o.Axes, o.Keep, index), o.Correction)
	}),
	Cases: []Case{
		{variance{}, []Arg{In(3, 5)}},
		{variance{Correction: 1}, []Arg{In(7)}},
		{variance{1, []int{-1}, false}, []Arg{In(2, 3, 5)}},
		{variance{0, []int{0, 2, 3}, true}, []Arg{In(3, 2, 3, 2)}},
		{variance{1, []int{0}, true}, []Arg{In(5, 1)}},
		{variance{0, []int{1}, false}, []Arg{In(3, 1, 2)}},
		{variance{1, []int{1}, false}, []Arg{In(0, 3)}},
	},
})

var _ = register(Entry{
	Name: "std", Kind: Reduction, Formula: "√var", Call: "Std(x, correction, axes...)", Shapes: "any → without the axes",
	Kinks: "0 where all are the same",
	Reference: PerElement(func(o std, in []Array, index []int) float64 {
		return math.Sqrt(varianceOf(reducedOf(in[0], o.Axes, o.Keep, index), o.Correction))
	}),
	Cases: []Case{
		{std{}, []Arg{In(3, 5).Distinct()}},
		{std{Correction: 1}, []Arg{In(7).Distinct()}},
		{std{1, []int{-1}, false}, []Arg{In(2, 3, 5).Distinct()}},
		{std{0, []int{0, 2}, true}, []Arg{In(3, 2, 3, 1).Distinct()}},
		{std{1, []int{0}, true}, []Arg{In(5, 1).Distinct()}},
		{std{1, []int{1}, false}, []Arg{In(0, 3)}},
	},
})
