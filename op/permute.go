package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type permute struct{ Axes []int }

// Permute returns x with its axes in another order: axis i of the result is
// axis axes[i] of x.
func Permute(x *autograd.Value, axes ...int) *autograd.Value {
	return autograd.Apply1(permute{slices.Clone(axes)}, x)
}

func (permute) Name() string { return "permute" }

func (o permute) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	if !tensor.IsPermutation(o.Axes, in[0].Rank()) {
		return nil, fmt.Errorf("want each of %d axes once, not %v", in[0].Rank(), o.Axes)
	}
	shape := make([]int, len(o.Axes))
	for i, a := range o.Axes {
		shape[i] = in[0].Shape[a]
	}
	return one(in[0].DType, shape...), nil
}

func (o permute) Forward(in, out []*tensor.Tensor) {
	out[0].CopyFrom(in[0].Permute(o.Axes...))
}

func (o permute) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	back := make([]int, len(o.Axes))
	for i, a := range o.Axes {
		back[a] = i
	}
	return []*autograd.Value{Permute(grad[0], back...)}
}

var _ = register(Entry{
	Name: "permute", Kind: Shape, Formula: "x with its axes in another order", Call: "Permute(x, axes...)", Shapes: "any → its axes reordered",
	Whole: "may move the batch to another axis",
	Reference: PerElement(func(o permute, in []Array, index []int) float64 {
		from := make([]int, len(index))
		for i, a := range o.Axes {
			from[a] = index[i]
		}
		return in[0].At(from...)
	}),
	Cases: []Case{
		{permute{[]int{3, 1, 0, 2}}, []Arg{In(3, 5, 2, 7)}},
		{permute{[]int{}}, []Arg{In()}},
		{permute{[]int{1, 0}}, []Arg{In(3, 4)}},
		{permute{[]int{2, 0, 1}}, []Arg{In(2, 3, 1)}},
		{permute{[]int{1, 2, 0}}, []Arg{In(2, 0, 3)}},
	},
})
