package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type squeeze struct{ Axes []int } // none: all of size 1

// Squeeze returns x without axes, which have size 1; without all such axes where
// none is named. Negative axes count from the end.
func Squeeze(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(squeeze{slices.Clone(axes)}, x)
}

func (squeeze) Name() string { return "squeeze" }

func (o squeeze) Compose(in []*autograd.Value) []*autograd.Value {
	axes, err := resolveAxes(o.Axes, len(in[0].Shape()))
	if err != nil {
		tensor.Fail("squeeze", specsOf(in), "%v", err)
	}
	shape := []int{}
	for axis, size := range in[0].Shape() {
		dropped := slices.Contains(axes, axis) && size == 1
		if len(o.Axes) > 0 && slices.Contains(axes, axis) && !dropped {
			tensor.Fail("squeeze", specsOf(in), "want an axis %d of size 1, not %d", axis, size)
		}
		if !dropped {
			shape = append(shape, size)
		}
	}
	return []*autograd.Value{Reshape(in[0], shape...)}
}

type unsqueeze struct{ Axes []int }

// Unsqueeze returns x with new axes of size 1: those of the result with the given
// numbers. Negative axes count from the end of the result's.
func Unsqueeze(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(unsqueeze{slices.Clone(axes)}, x)
}

func (unsqueeze) Name() string { return "unsqueeze" }

func (o unsqueeze) Compose(in []*autograd.Value) []*autograd.Value {
	if len(o.Axes) == 0 {
		return in
	}
	axes, err := resolveAxes(o.Axes, len(in[0].Shape())+len(o.Axes))
	if err != nil {
		tensor.Fail("unsqueeze", specsOf(in), "%v", err)
	}
	shape := slices.Clone(in[0].Shape())
	for _, a := range axes {
		shape = slices.Insert(shape, a, 1)
	}
	return []*autograd.Value{Reshape(in[0], shape...)}
}

// sameOrder is the reference of what leaves the elements in order.
func sameOrder(o Operation, in []Array) []Array {
	out, err := Infer(o, []tensor.Spec{in[0].Spec})
	if err != nil {
		panic(err)
	}
	return []Array{{out[0], in[0].Data}}
}

var _ = register(Entry{
	Name: "squeeze", Kind: Shape, Formula: "x without axes of size 1", Call: "Squeeze(x, axes...)", Shapes: "[… 1 …] → [… …]",
	Linear:    [][]int{{0}},
	Reference: sameOrder,
	Cases: []Case{
		{squeeze{}, []Arg{In(1, 3, 1, 5)}},
		{squeeze{[]int{2}}, []Arg{In(1, 3, 1, 5)}},
		{squeeze{[]int{-1, 0}}, []Arg{In(1, 7, 1)}},
		{squeeze{[]int{0}}, []Arg{In(1)}},
		{squeeze{}, []Arg{In(5, 1, 3)}},
		{squeeze{[]int{1}}, []Arg{In(0, 1, 3)}},
	},
})

var _ = register(Entry{
	Name: "unsqueeze", Kind: Shape, Formula: "x with new axes of size 1", Call: "Unsqueeze(x, axes...)", Shapes: "[… …] → [… 1 …]",
	Linear:    [][]int{{0}},
	Reference: sameOrder,
	Cases: []Case{
		{unsqueeze{[]int{0}}, []Arg{In(3, 5)}},
		{unsqueeze{[]int{-1}}, []Arg{In(3, 1, 5)}},
		{unsqueeze{[]int{1, -2}}, []Arg{In(3, 7)}},
		{unsqueeze{[]int{0}}, []Arg{In()}},
		{unsqueeze{[]int{2, 0}}, []Arg{In(0, 3)}},
	},
})
