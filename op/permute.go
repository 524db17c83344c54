package op

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
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
	return one(in[0].DType, reordered(in[0].Shape, o.Axes)...), nil
}

func (o permute) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows, or the tiles where rows become columns.
func (o permute) Prepare(in, out []*tensor.Tensor) func() {
	x, y := in[0].Shape(), out[0].Shape()
	return prepareMove(newMove(y, rowMajor(y, y), reordered(rowMajor(x, x), o.Axes)), out[0], in[0])
}

// reordered returns the elements of s in an order.
func reordered(s, order []int) []int {
	out := make([]int, len(order))
	for i, at := range order {
		out[i] = s[at]
	}
	return out
}

// Block reorders the axes of each example.
func (o permute) Block(in, out []tensor.Spec, _ []bool) *Block {
	if o.Axes[0] != 0 || !in[0].DType.IsFloat() {
		return nil
	}
	order := append(slices.Clone(o.Axes[1:]), len(o.Axes)) // the lanes stay last
	for i := range order {
		order[i]--
	}
	return &Block{Split: []bool{true}, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		m := newBlockMove(out[0].Shape, stepsOf(out[0], outs[0]), reordered(stepsOf(in[0], blocks[0]), order), outs[0].Images())
		m.to, m.from = outs[0].Offset(0, 0, 0), blocks[0].Offset(0, 0, 0)
		return movesKernel(in[0].DType, blockMove{0, 0, m})
	}}
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
	Linear: [][]int{{0}},
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
		{permute{[]int{0, 2, 1, 3}}, []Arg{In(3, 5, 2, 7)}},
		{permute{[]int{0, 2, 1}}, []Arg{In(2, 5, 3)}},
		{permute{[]int{0, 2, 3, 1}}, []Arg{In(2, 3, 1, 4)}},
		{permute{[]int{1, 0}}, []Arg{In(3, 4)}},
		{permute{[]int{1, 0}}, []Arg{Index(9, 3, 4)}},
		{permute{[]int{2, 0, 1}}, []Arg{In(2, 3, 1)}},
		{permute{[]int{1, 2, 0}}, []Arg{In(2, 0, 3)}},
	},
})

type transposed struct{ A, B int }

// Transpose returns x with two axes in each other's place. Negative axes count
// from the end.
func Transpose(x *autograd.Value, a, b int) *autograd.Value { return Apply1(transposed{a, b}, x) }

func (transposed) Name() string { return "transpose" }

func (o transposed) Compose(in []*autograd.Value) []*autograd.Value {
	rank := len(in[0].Shape())
	a, errA := resolveAxis(o.A, rank)
	b, errB := resolveAxis(o.B, rank)
	if err := cmp.Or(errA, errB); err != nil {
		tensor.Fail("transpose", specsOf(in), "%v", err)
	}
	order := make([]int, rank)
	for i := range order {
		order[i] = i
	}
	order[a], order[b] = b, a
	return []*autograd.Value{Permute(in[0], order...)}
}

var _ = register(Entry{
	Name: "transpose", Kind: Shape, Formula: "x with two axes in each other's place", Call: "Transpose(x, a, b)", Shapes: "[… a … b …] → [… b … a …]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o transposed, in []Array, index []int) float64 {
		from, n := slices.Clone(index), len(index)
		from[(o.A+n)%n], from[(o.B+n)%n] = index[(o.B+n)%n], index[(o.A+n)%n]
		return in[0].At(from...)
	}),
	Cases: []Case{
		{transposed{0, 1}, []Arg{In(3, 5)}},
		{transposed{-1, -2}, []Arg{In(2, 3, 5)}},
		{transposed{1, 2}, []Arg{In(2, 5, 3, 2)}},
		{transposed{2, 0}, []Arg{In(3, 1, 7)}},
		{transposed{1, 2}, []Arg{In(2, 0, 3)}},
	},
})
