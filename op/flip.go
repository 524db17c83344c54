package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type flip struct{ Axes []int } // none: all of them

// Flip returns x with the order of its elements turned round along axes; along all
// of them where none is named. Negative axes count from the end.
func Flip(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(flip{slices.Clone(axes)}, x)
}

func (flip) Name() string { return "flip" }

func (o flip) Compose(in []*autograd.Value) []*autograd.Value {
	axes, err := resolveAxes(o.Axes, len(in[0].Shape()))
	if err != nil {
		tensor.Fail("flip", specsOf(in), "%v", err)
	}
	var ranges []Range
	for _, a := range axes {
		ranges = append(ranges, Range{Axis: a, Start: -1, Stop: End, Step: -1})
	}
	return []*autograd.Value{Slice(in[0], ranges...)}
}

type roll struct{ Axis, Shift int }

// Roll returns x with its elements moved on along an axis by some places, those
// that leave at one end coming in again at the other. A negative axis counts from
// the end.
func Roll(x *autograd.Value, axis, shift int) *autograd.Value { return Apply1(roll{axis, shift}, x) }

func (roll) Name() string { return "roll" }

func (o roll) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	axis, err := resolveAxis(o.Axis, len(x.Shape()))
	if err != nil {
		tensor.Fail("roll", specsOf(in), "%v", err)
	}
	n := x.Shape()[axis]
	if n == 0 || o.Shift%n == 0 {
		return in
	}
	last := (o.Shift%n + n) % n
	parts := Split(x, axis, n-last, last)
	return []*autograd.Value{Concat(axis, parts[1], parts[0])}
}

var _ = register(Entry{
	Name: "flip", Kind: Shape, Formula: "x turned round along axes", Call: "Flip(x, axes...)", Shapes: "any → the same",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o flip, in []Array, index []int) float64 {
		from := slices.Clone(index)
		for a, size := range in[0].Shape() {
			if len(o.Axes) == 0 || slices.Contains(o.Axes, a) || slices.Contains(o.Axes, a-len(index)) {
				from[a] = size - 1 - index[a]
			}
		}
		return in[0].At(from...)
	}),
	Cases: []Case{
		{flip{}, []Arg{In(3, 5)}},
		{flip{[]int{1}}, []Arg{In(3, 5, 2)}},
		{flip{[]int{-1, 0}}, []Arg{In(3, 1, 7)}},
		{flip{[]int{0}}, []Arg{In(7)}},
		{flip{[]int{0}}, []Arg{In(0, 2)}},
	},
})

var _ = register(Entry{
	Name: "roll", Kind: Shape, Formula: "x moved on along an axis", Call: "Roll(x, axis, shift)", Shapes: "any → the same",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o roll, in []Array, index []int) float64 {
		axis := (o.Axis + len(index)) % len(index)
		from := slices.Clone(index)
		from[axis] = ((index[axis]-o.Shift)%in[0].Shape()[axis] + in[0].Shape()[axis]) % in[0].Shape()[axis]
		return in[0].At(from...)
	}),
	Cases: []Case{
		{roll{0, 2}, []Arg{In(5, 3)}},
		{roll{1, -1}, []Arg{In(2, 3, 5)}},
		{roll{-1, 9}, []Arg{In(3, 7)}},
		{roll{1, 1}, []Arg{In(3, 1)}},
		{roll{0, 1}, []Arg{In(0, 2)}},
	},
})
