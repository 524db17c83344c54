package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type prod struct {
	Axes []int // none: all of them
	Keep bool  // reduced axes stay, with size 1
}

// Prod returns the product over axes, which disappear; over all axes where none is
// named; 1 of nothing. Axis by axis, the innermost first, ones fill up an axis to a
// power of two, and its halves are multiplied until one element is left. So the
// gradient is right with zeros too. Negative axes count from the end.
func Prod(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(prod{Axes: slices.Clone(axes)}, x)
}

// ProdKeep is Prod, but the axes stay, with size 1.
func ProdKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(prod{Axes: slices.Clone(axes), Keep: true}, x)
}

func (prod) Name() string { return "prod" }

func (o prod) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	out, err := sum(o).Infer(specsOf(in))
	if err != nil {
		tensor.Fail("prod", specsOf(in), "%v", err)
	}
	axes, _ := resolveAxes(o.Axes, len(x.Shape()))
	for _, a := range slices.Backward(axes) {
		x = productAlong(x, a)
	}
	return []*autograd.Value{Reshape(x, out[0].Shape...)}
}

func productAlong(x *autograd.Value, axis int) *autograd.Value {
	size := 1
	for size < x.Shape()[axis] {
		size *= 2
	}
	before, after := make([]int, len(x.Shape())), make([]int, len(x.Shape()))
	after[axis] = size - x.Shape()[axis]
	x = padConstant(x, before, after, 1)
	for ; size > 1; size /= 2 {
		halves := Split(x, axis, size/2, size/2)
		x = Mul(halves[0], halves[1])
	}
	return x
}

var _ = register(Entry{
	Name: "prod", Kind: Reduction, Formula: "Π x over axes", Call: "Prod(x, axes...)", Shapes: "any → without the axes",
	Reference: PerElement(func(o prod, in []Array, index []int) float64 {
		p := 1.0
		eachReduced(in[0], o.Axes, o.Keep, index, func(v float64) { p *= v })
		return p
	}),
	Cases: []Case{
		{prod{}, []Arg{In(3, 5)}},
		{prod{}, []Arg{In(7)}},
		{prod{}, []Arg{In()}},
		{prod{Axes: []int{-1}}, []Arg{In(2, 3, 5)}},
		{prod{Axes: []int{0, 2}, Keep: true}, []Arg{In(3, 2, 3)}},
		{prod{Axes: []int{1}}, []Arg{In(3, 4, 2)}},
		{prod{Axes: []int{1}, Keep: true}, []Arg{In(3, 1)}},
		{prod{Axes: []int{1}}, []Arg{In(2, 0)}},
	},
})
