package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type tiled struct{ Times []int }

// Tile returns x repeated as a whole, so often along each axis: times has a number
// for each of x's axes, or more, for new leading ones.
func Tile(x *autograd.Value, times ...int) *autograd.Value {
	return Apply1(tiled{slices.Clone(times)}, x)
}

func (tiled) Name() string { return "tile" }

func (o tiled) Compose(in []*autograd.Value) []*autograd.Value {
	lead := len(o.Times) - len(in[0].Shape())
	if lead < 0 || slices.ContainsFunc(o.Times, isNegative) {
		tensor.Fail("tile", specsOf(in), "want a number of times for each axis, and no negative one, not %v", o.Times)
	}
	var apart, repeated, joined []int
	for i, times := range o.Times {
		size := 1
		if i >= lead {
			size = in[0].Shape()[i-lead]
		}
		apart = append(apart, 1, size)
		repeated = append(repeated, times, size)
		joined = append(joined, times*size)
	}
	return []*autograd.Value{Reshape(BroadcastTo(Reshape(in[0], apart...), repeated...), joined...)}
}

func isNegative(n int) bool { return n < 0 }

type repeat struct{ Axis, Times int }

// Repeat returns x with each element along an axis repeated so often before the
// next one. A negative axis counts from the end.
func Repeat(x *autograd.Value, axis, times int) *autograd.Value {
	return Apply1(repeat{axis, times}, x)
}

func (repeat) Name() string { return "repeat" }

func (o repeat) Compose(in []*autograd.Value) []*autograd.Value {
	axis, err := resolveAxis(o.Axis, len(in[0].Shape()))
	if err != nil {
		tensor.Fail("repeat", specsOf(in), "%v", err)
	}
	if o.Times < 0 {
		tensor.Fail("repeat", specsOf(in), "want no negative number of times, not %d", o.Times)
	}
	apart := slices.Insert(slices.Clone(in[0].Shape()), axis+1, 1)
	repeated := slices.Clone(apart)
	repeated[axis+1] = o.Times
	joined := slices.Clone(in[0].Shape())
	joined[axis] *= o.Times
	return []*autograd.Value{Reshape(BroadcastTo(Reshape(in[0], apart...), repeated...), joined...)}
}

var _ = register(Entry{
	Name: "tile", Kind: Shape, Formula: "x repeated as a whole along its axes", Call: "Tile(x, times...)", Shapes: "[n …] → [times·n …]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(_ tiled, in []Array, index []int) float64 {
		from := slices.Clone(index)
		lead := len(index) - in[0].Spec.Rank()
		for i, size := range in[0].Shape() {
			from[lead+i] %= size
		}
		return in[0].At(from...)
	}),
	Cases: []Case{
		{tiled{[]int{2, 3}}, []Arg{In(3, 5)}},
		{tiled{[]int{2, 1, 2}}, []Arg{In(3, 2)}},
		{tiled{[]int{1, 3, 1}}, []Arg{In(2, 1, 3)}},
		{tiled{[]int{4}}, []Arg{In()}},
		{tiled{[]int{0, 2}}, []Arg{In(2, 3)}},
		{tiled{[]int{1, 2}}, []Arg{In(3, 0)}},
	},
})

var _ = register(Entry{
	Name: "repeat", Kind: Shape, Formula: "each element along an axis repeated", Call: "Repeat(x, axis, times)", Shapes: "[… n …] → [… times·n …]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o repeat, in []Array, index []int) float64 {
		from := slices.Clone(index)
		from[(o.Axis+len(index))%len(index)] /= o.Times
		return in[0].At(from...)
	}),
	Cases: []Case{
		{repeat{0, 3}, []Arg{In(3, 5)}},
		{repeat{1, 2}, []Arg{In(2, 3, 5)}},
		{repeat{-1, 3}, []Arg{In(3, 1)}},
		{repeat{0, 2}, []Arg{In(7)}},
		{repeat{1, 0}, []Arg{In(2, 3)}},
		{repeat{1, 2}, []Arg{In(0, 3)}},
	},
})
