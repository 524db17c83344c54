package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// place puts its input into ranges of a tensor of the shape that has a value
// everywhere else: the gradient of slice, and padding with a constant.
type place struct {
	Ranges []Range
	Shape  []int
	Value  float64
}

func (place) Name() string { return "place" }

func (o place) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	cuts, err := cutsOf(o.Ranges, o.Shape)
	if err != nil {
		return nil, err
	}
	if want := shapeOf(cuts); !slices.Equal(want, in[0].Shape) {
		return nil, fmt.Errorf("want an input %v, as the ranges of %v are", want, o.Shape)
	}
	return one(in[0].DType, o.Shape...), nil
}

func (o place) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the elements, and then the rows.
func (o place) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return preparePlace[float32](o, in[0], out[0]) },
		func() func() { return preparePlace[float64](o, in[0], out[0]) })
}

func preparePlace[T kernel.Float](o place, in, out *tensor.Tensor) func() {
	x, y := in.Shape(), tensor.Data[T](out)
	cuts, _ := cutsOf(o.Ranges, o.Shape)
	first, to := along(cuts, rowMajor(o.Shape, o.Shape))
	m := newMove(x, to, rowMajor(x, x))
	m.to = first
	fill := filling(T(o.Value))
	all := parallel.NewLoop(len(y), grain, func(lo, hi int) { fill(y[lo:hi], nil, nil, nil) })
	return inOrder([]func(){all.Run, prepareMove(m, out, in)})
}

// filling is the loop that sets every element to v.
func filling[T kernel.Float](v T) Loop[T] {
	return func(dst, _, _, _ []T) {
		for i := range dst {
			dst[i] = v
		}
	}
}

// Block fills each example, and then places what goes there.
func (o place) Block(in, out []tensor.Spec, _ []bool) *Block {
	cuts, _ := cutsOf(o.Ranges, o.Shape)
	if cuts[0] != (cut{0, o.Shape[0], 1}) {
		return nil
	}
	return &Block{Split: []bool{true}, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		steps, lanes := stepsOf(out[0], outs[0]), outs[0].Images()
		first, to := along(cuts[1:], steps)
		m := newBlockMove(in[0].Shape, to, stepsOf(in[0], blocks[0]), lanes)
		m.to, m.from = outs[0].Offset(0, 0, 0)+first, blocks[0].Offset(0, 0, 0)
		all := newNest(append(slices.Clone(o.Shape[1:]), lanes), [][]int{steps})
		all.first[0] = outs[0].Offset(0, 0, 0)
		return typedBlock(out[0].DType, 0,
			placeBlock(all, filling(float32(o.Value)), m),
			placeBlock(all, filling(o.Value), m))
	}}
}

func placeBlock[T kernel.Float](all *nest, fill Loop[T], m *move) func(c *BlockCall) {
	return func(c *BlockCall) {
		y := tensor.Data[T](c.Out[0])
		points[T, T, T](fill).run(all, y, sources[T, T]{}, 0, all.pieces())
		runMove(m, y, tensor.Data[T](c.In[0]), 0, m.boxes)
	}
}

func (o place) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Slice(grad[0], o.Ranges...)}
}

var _ = register(Entry{
	Name: "place", Kind: Shape, Formula: "x at ranges of a shape, a constant elsewhere", Shapes: "the sizes of the ranges → that shape",
	Reference: func(o Operation, in []Array) []Array {
		p := o.(place)
		y := NewArray(p.Shape...)
		for i := range y.Data {
			y.Data[i] = p.Value
		}
		Each(in[0].Shape(), func(index []int) { y.Set(in[0].At(index...), slice{p.Ranges}.indexIn(p.Shape, index)...) })
		return []Array{y}
	},
	Cases: append(sliceCases(func(ranges []Range, shape []int) Case {
		cuts, _ := cutsOf(ranges, shape)
		return Case{place{ranges, shape, 0}, []Arg{In(shapeOf(cuts)...)}}
	}), Case{place{[]Range{{Axis: 1, Start: 1, Stop: 3}}, []int{2, 4}, -1.5}, []Arg{In(2, 2)}}),
})
