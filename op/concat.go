package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type concat struct{ Axis int }

// Concat joins values along an axis, along which alone their sizes may differ. A
// negative axis counts from the end.
func Concat(axis int, x ...*autograd.Value) *autograd.Value {
	return autograd.Apply1(concat{axis}, x...)
}

func (concat) Name() string { return "concat" }

func (o concat) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if len(in) == 0 {
		return nil, errors.New("want at least one input")
	}
	axis, err := resolveAxis(o.Axis, in[0].Rank())
	if err != nil {
		return nil, err
	}
	out := slices.Clone(in[0].Shape)
	for _, s := range in[1:] {
		if s.DType != in[0].DType || !sameBut(axis, s.Shape, out) {
			return nil, fmt.Errorf("want inputs of one type and, but for axis %d, one shape", axis)
		}
		out[axis] += s.Shape[axis]
	}
	return one(in[0].DType, out...), nil
}

// sameBut reports whether two shapes are the same but for the size of an axis.
func sameBut(axis int, a, b []int) bool {
	return len(a) == len(b) && slices.Equal(a[:axis], b[:axis]) && slices.Equal(a[axis+1:], b[axis+1:])
}

func (o concat) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows of each input.
func (o concat) Prepare(in, out []*tensor.Tensor) func() {
	runs := make([]func(), len(in))
	to := rowMajor(out[0].Shape(), out[0].Shape())
	axis, _ := resolveAxis(o.Axis, len(to))
	first := 0
	for i, x := range in {
		m := newMove(x.Shape(), to, rowMajor(x.Shape(), x.Shape()))
		m.to = first
		first += x.Shape()[axis] * to[axis]
		runs[i] = prepareMove(m, out[0], x)
	}
	return inOrder(runs)
}

// Block joins the parts of each example.
func (o concat) Block(in, out []tensor.Spec, _ []bool) *Block {
	axis, _ := resolveAxis(o.Axis, in[0].Rank())
	if axis == 0 || !in[0].DType.IsFloat() {
		return nil
	}
	split := make([]bool, len(in))
	for i := range split {
		split[i] = true
	}
	return &Block{Split: split, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		moves := make([]blockMove, len(in))
		to := stepsOf(out[0], outs[0])
		first := outs[0].Offset(0, 0, 0)
		for i, s := range in {
			m := newBlockMove(s.Shape, to, stepsOf(s, blocks[i]), outs[0].Images())
			m.to, m.from = first, blocks[i].Offset(0, 0, 0)
			first += s.Shape[axis] * to[axis-1]
			moves[i] = blockMove{i, 0, m}
		}
		return movesKernel(out[0].DType, moves...)
	}}
}

func (o concat) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	axis, _ := resolveAxis(o.Axis, len(grad[0].Shape()))
	sizes := make([]int, len(call.In))
	for i, x := range call.In {
		sizes[i] = x.Shape()[axis]
	}
	return Split(grad[0], axis, sizes...)
}

var _ = register(Entry{
	Name: "concat", Kind: Shape, Formula: "values joined along an axis", Call: "Concat(axis, x...)", Shapes: "[… nᵢ …] → [… Σ nᵢ …]",
	Linear: [][]int{{0, 1, 2}},
	Reference: PerElement(func(o concat, in []Array, index []int) float64 {
		axis := (o.Axis + len(index)) % len(index)
		index = slices.Clone(index)
		for _, x := range in {
			if index[axis] < x.Shape()[axis] {
				return x.At(index...)
			}
			index[axis] -= x.Shape()[axis]
		}
		panic("beyond the last")
	}),
	Cases: []Case{
		{concat{0}, []Arg{In(2, 3), In(3, 3)}},
		{concat{1}, []Arg{Index(9, 2, 3), Index(9, 2, 1)}},
		{concat{1}, []Arg{In(2, 1, 3), In(2, 4, 3), In(2, 2, 3)}},
		{concat{-1}, []Arg{In(3, 5), In(3, 0), In(3, 1)}},
		{concat{1}, []Arg{In(2, 2, 3, 2), In(2, 1, 3, 2)}},
		{concat{3}, []Arg{In(2, 2, 1, 3), In(2, 2, 1, 2)}},
		{concat{0}, []Arg{In(7)}},
	},
})

type stack struct{ Axis int }

// Stack joins values of one shape along a new axis. A negative axis counts from
// the end of the result's axes.
func Stack(axis int, x ...*autograd.Value) *autograd.Value { return Apply1(stack{axis}, x...) }

func (stack) Name() string { return "stack" }

func (o stack) Compose(in []*autograd.Value) []*autograd.Value {
	rows := make([]*autograd.Value, len(in))
	for i, x := range in {
		if !slices.Equal(x.Shape(), in[0].Shape()) {
			tensor.Fail("stack", specsOf(in), "want inputs of one shape")
		}
		rows[i] = Unsqueeze(x, o.Axis)
	}
	if len(rows) == 0 {
		tensor.Fail("stack", nil, "want at least one input")
	}
	axis, _ := resolveAxis(o.Axis, len(rows[0].Shape()))
	return []*autograd.Value{Concat(axis, rows...)}
}

var _ = register(Entry{
	Name: "stack", Kind: Shape, Formula: "values joined along a new axis", Call: "Stack(axis, x...)", Shapes: "n × […] → [… n …]",
	Linear: [][]int{{0, 1, 2}},
	Reference: PerElement(func(o stack, in []Array, index []int) float64 {
		axis := (o.Axis + len(index)) % len(index)
		return in[index[axis]].At(slices.Delete(slices.Clone(index), axis, axis+1)...)
	}),
	Cases: []Case{
		{stack{0}, []Arg{In(2, 3), In(2, 3)}},
		{stack{1}, []Arg{In(2, 3), In(2, 3), In(2, 3)}},
		{stack{-1}, []Arg{In(3, 1, 5), In(3, 1, 5)}},
		{stack{0}, []Arg{In(), In()}},
		{stack{1}, []Arg{In(4)}},
		{stack{2}, []Arg{In(2, 0), In(2, 0)}},
	},
})
