package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type split struct {
	Axis  int
	Sizes []int
}

// Split cuts x along an axis into parts of the sizes, which make up all of it. A
// negative axis counts from the end.
func Split(x *autograd.Value, axis int, sizes ...int) []*autograd.Value {
	return autograd.Apply(split{axis, slices.Clone(sizes)}, x)
}

func (split) Name() string { return "split" }

func (o split) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	axis, err := resolveAxis(o.Axis, in[0].Rank())
	if err != nil {
		return nil, err
	}
	total := 0
	out := make([]tensor.Spec, len(o.Sizes))
	for i, n := range o.Sizes {
		if n < 0 {
			return nil, fmt.Errorf("want no negative sizes, not %v", o.Sizes)
		}
		out[i] = tensor.NewSpec(in[0].DType, slices.Clone(in[0].Shape)...)
		out[i].Shape[axis] = n
		total += n
	}
	if total != in[0].Shape[axis] || len(out) == 0 {
		return nil, fmt.Errorf("want sizes that make up the %d elements along axis %d, not %v", in[0].Shape[axis], axis, o.Sizes)
	}
	return out, nil
}

func (o split) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows of each part.
func (o split) Prepare(in, out []*tensor.Tensor) func() {
	runs := make([]func(), len(out))
	from := rowMajor(in[0].Shape(), in[0].Shape())
	axis, _ := resolveAxis(o.Axis, len(from))
	first := 0
	for i, y := range out {
		m := newMove(y.Shape(), rowMajor(y.Shape(), y.Shape()), from)
		m.from = first
		first += y.Shape()[axis] * from[axis]
		runs[i] = prepareMove(m, y, in[0])
	}
	return inOrder(runs)
}

// Block cuts each example.
func (o split) Block(in, out []tensor.Spec, _ []bool) *Block {
	axis, _ := resolveAxis(o.Axis, in[0].Rank())
	if axis == 0 || !in[0].DType.IsFloat() {
		return nil
	}
	return &Block{Split: []bool{true}, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		moves := make([]blockMove, len(out))
		from := stepsOf(in[0], blocks[0])
		first := blocks[0].Offset(0, 0, 0)
		for i, s := range out {
			m := newBlockMove(s.Shape, stepsOf(s, outs[i]), from, blocks[0].Images())
			m.to, m.from = outs[i].Offset(0, 0, 0), first
			first += s.Shape[axis] * from[axis-1]
			moves[i] = blockMove{0, i, m}
		}
		return movesKernel(in[0].DType, moves...)
	}}
}

func (o split) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	parts := slices.Clone(grad)
	for i, g := range parts {
		if g == nil {
			parts[i] = Zeros(call.Out[i].DType(), call.Out[i].Shape()...)
		}
	}
	return []*autograd.Value{Concat(o.Axis, parts...)}
}

var _ = register(Entry{
	Name: "split", Kind: Shape, Formula: "x cut along an axis", Call: "Split(x, axis, sizes...)", Shapes: "[… Σ nᵢ …] → [… nᵢ …]",
	Linear: [][]int{{0}},
	Reference: func(o Operation, in []Array) []Array {
		s := o.(split)
		axis := (s.Axis + in[0].Spec.Rank()) % in[0].Spec.Rank()
		var parts []Array
		first := 0
		for _, n := range s.Sizes {
			shape := slices.Clone(in[0].Shape())
			shape[axis] = n
			y := NewArray(shape...)
			Each(shape, func(index []int) {
				from := slices.Clone(index)
				from[axis] += first
				y.Set(in[0].At(from...), index...)
			})
			parts = append(parts, y)
			first += n
		}
		return parts
	},
	Cases: []Case{
		{split{0, []int{2, 3}}, []Arg{In(5, 3)}},
		{split{1, []int{2, 3}}, []Arg{Index(9, 3, 5)}},
		{split{1, []int{1, 4, 2}}, []Arg{In(2, 7, 3)}},
		{split{-1, []int{5, 0, 1}}, []Arg{In(3, 6)}},
		{split{1, []int{2, 1}}, []Arg{In(2, 3, 3, 2)}},
		{split{2, []int{2, 3}}, []Arg{In(2, 1, 5, 2)}},
		{split{0, []int{0}}, []Arg{In(0, 3)}},
		{split{0, []int{1}}, []Arg{In(1)}},
	},
})

type chunk struct{ Axis, Parts int }

// Chunk cuts x along an axis into equal parts. A negative axis counts from the
// end.
func Chunk(x *autograd.Value, axis, parts int) []*autograd.Value { return Apply(chunk{axis, parts}, x) }

func (chunk) Name() string { return "chunk" }

func (o chunk) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	axis, err := resolveAxis(o.Axis, len(x.Shape()))
	if err != nil {
		tensor.Fail("chunk", specsOf(in), "%v", err)
	}
	if n := x.Shape()[axis]; o.Parts < 1 || n%o.Parts != 0 {
		tensor.Fail("chunk", specsOf(in), "want %d equal parts of the %d elements along axis %d", o.Parts, n, axis)
	}
	return Split(x, axis, slices.Repeat([]int{x.Shape()[axis] / o.Parts}, o.Parts)...)
}

var _ = register(Entry{
	Name: "chunk", Kind: Shape, Formula: "x cut along an axis into equal parts", Call: "Chunk(x, axis, parts)", Shapes: "[… n …] → parts × [… n/parts …]",
	Linear: [][]int{{0}},
	Reference: func(o Operation, in []Array) []Array {
		c := o.(chunk)
		axis := (c.Axis + in[0].Spec.Rank()) % in[0].Spec.Rank()
		var parts []Array
		for part := range c.Parts {
			shape := slices.Clone(in[0].Shape())
			shape[axis] /= c.Parts
			y := NewArray(shape...)
			Each(shape, func(index []int) {
				from := slices.Clone(index)
				from[axis] += part * shape[axis]
				y.Set(in[0].At(from...), index...)
			})
			parts = append(parts, y)
		}
		return parts
	},
	Cases: []Case{
		{chunk{1, 2}, []Arg{In(3, 6)}},
		{chunk{-1, 3}, []Arg{In(2, 3, 9)}},
		{chunk{0, 3}, []Arg{In(3)}},
		{chunk{1, 1}, []Arg{In(2, 1, 5)}},
		{chunk{1, 2}, []Arg{In(0, 4)}},
	},
})
