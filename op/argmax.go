package op

import (
	"errors"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type argMax struct{ autograd.Constant }

// ArgMax returns the index of the first largest element along the last axis, as
// int64; NaN counts as larger than all else.
func ArgMax(x *autograd.Value) *autograd.Value { return autograd.Apply1(argMax{}, x) }

func (argMax) Name() string { return "argmax" }

func (argMax) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 || in[0].Shape[in[0].Rank()-1] == 0 {
		return nil, errors.New("want a last axis that is not empty")
	}
	return one(tensor.Int64, in[0].Shape[:in[0].Rank()-1]...), nil
}

func (o argMax) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (argMax) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(in[0].DType(),
		func() func() { return prepareArgMax[float32](out[0], in[0]) },
		func() func() { return prepareArgMax[float64](out[0], in[0]) })
}

func prepareArgMax[T kernel.Float](out, in *tensor.Tensor) func() {
	index, x := tensor.Data[int64](out), tensor.Data[T](in)
	_, n := splitLast(in.Shape())
	return parallel.NewLoop(len(index), 1+grain/n, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			index[r] = int64(kernel.ArgMax(x[r*n : (r+1)*n]))
		}
	}).Run
}

// Block works along the last axis of each example.
func (argMax) Block(in, _ []tensor.Spec, _ []bool) *Block {
	if in[0].Rank() < 2 {
		return nil
	}
	rows, n := splitLast(in[0].Shape[1:])
	return &Block{Split: []bool{true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { argMaxBlock[float32](rows, n, c) },
			func(c *BlockCall) { argMaxBlock[float64](rows, n, c) })
	}}
}

func argMaxBlock[T kernel.Float](rows, n int, c *BlockCall) {
	index, x := tensor.Data[int64](c.Out[0]), tensor.Data[T](c.In[0])
	for r := range rows {
		kernel.ArgMaxLanes(c.Lanes, index[r*c.Lanes:], x[r*n*c.Lanes:], n)
	}
}

var _ = register(Entry{
	Name: "argmax", Kind: Reduction, Formula: "index of the largest along the last axis", Call: "ArgMax(x)", Shapes: "[… n] → [… ]",
	Kinks: "the first of equals",
	Reference: PerElement(func(_ argMax, in []Array, index []int) float64 {
		x := in[0].row(index)
		return float64(slices.Index(x, slices.Max(x)))
	}),
	Cases: []Case{
		{argMax{}, []Arg{In(3, 5, 11).Distinct()}},
		{argMax{}, []Arg{In(5).Distinct()}},
		{argMax{}, []Arg{In(3, 2, 7).Distinct()}},
		{argMax{}, []Arg{In(3, 1)}},
		{argMax{}, []Arg{In(0, 3)}},
	},
})
