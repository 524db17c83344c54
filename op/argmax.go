package op

import (
	"errors"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type argMax struct {
	Axes []int // none: all of them; or one
	Keep bool  // the axis stays, with size 1
	autograd.Constant
}

// ArgMax returns the index of the first largest element along an axis, as int64,
// or, where none is named, among all elements in order; NaN counts as larger than
// all else. A negative axis counts from the end.
func ArgMax(x *autograd.Value, axis ...int) *autograd.Value {
	return Apply1(argMax{Axes: slices.Clone(axis)}, x)
}

// ArgMaxKeep is ArgMax, but the axis stays, with size 1.
func ArgMaxKeep(x *autograd.Value, axis ...int) *autograd.Value {
	return Apply1(argMax{Axes: slices.Clone(axis), Keep: true}, x)
}

func (argMax) Name() string { return "argmax" }

func (o argMax) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	if len(o.Axes) > 1 {
		tensor.Fail("argmax", specsOf(in), "want one axis, or none, not %v", o.Axes)
	}
	out, err := largest{Axes: o.Axes, Keep: o.Keep}.Infer(specsOf(in))
	if err != nil {
		tensor.Fail("argmax", specsOf(in), "%v", err)
	}
	if len(o.Axes) == 0 {
		x = Reshape(x, -1)
	} else {
		x = toLast(x, o.Axes[0])
	}
	return []*autograd.Value{Reshape(autograd.Apply1(argMaxLast{}, x), out[0].Shape...)}
}

// toLast makes an axis the last.
func toLast(x *autograd.Value, axis int) *autograd.Value { return moveAxis(x, axis, -1) }

// moveAxis takes an axis to another place.
func moveAxis(x *autograd.Value, from, to int) *autograd.Value {
	rank := len(x.Shape())
	from, to = (from+rank)%rank, (to+rank)%rank
	if from == to {
		return x
	}
	order := make([]int, rank)
	for i := range order {
		order[i] = i
	}
	return Permute(x, slices.Insert(slices.Delete(order, from, from+1), to, from)...)
}

type argMin argMax

// ArgMin returns the index of the first smallest element, as ArgMax does of the
// largest; NaN counts as smaller than all else.
func ArgMin(x *autograd.Value, axis ...int) *autograd.Value {
	return Apply1(argMin{Axes: slices.Clone(axis)}, x)
}

// ArgMinKeep is ArgMin, but the axis stays, with size 1.
func ArgMinKeep(x *autograd.Value, axis ...int) *autograd.Value {
	return Apply1(argMin{Axes: slices.Clone(axis), Keep: true}, x)
}

func (argMin) Name() string { return "argmin" }

func (o argMin) Compose(in []*autograd.Value) []*autograd.Value {
	return argMax(o).Compose([]*autograd.Value{Neg(in[0])})
}

// argMaxLast is argmax along the last axis.
type argMaxLast struct{ autograd.Constant }

func (argMaxLast) Name() string { return "argmax_last" }

func (argMaxLast) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 || in[0].Shape[in[0].Rank()-1] == 0 {
		return nil, errors.New("want a last axis that is not empty")
	}
	return one(tensor.Int64, in[0].Shape[:in[0].Rank()-1]...), nil
}

func (o argMaxLast) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (argMaxLast) Prepare(in, out []*tensor.Tensor) func() {
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
func (argMaxLast) Block(in, _ []tensor.Spec, _ []bool) *Block {
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

// indexOf is the reference of what returns an index: where best puts something
// first before all that come earlier.
func indexOf(x Array, axes []int, keep bool, index []int, better func(v, than float64) bool) float64 {
	elements, best := reducedOf(x, axes, keep, index), 0
	for i, v := range elements {
		if better(v, elements[best]) {
			best = i
		}
	}
	return float64(best)
}

func isGreater(v, than float64) bool { return v > than }

func isLess(v, than float64) bool { return v < than }

var _ = register(Entry{
	Name: "argmax", Kind: Reduction, Formula: "index of the largest along an axis", Call: "ArgMax(x, axis)", Shapes: "[… n …] → [… …]",
	Kinks: "the first of equals",
	Reference: PerElement(func(o argMax, in []Array, index []int) float64 {
		return indexOf(in[0], o.Axes, o.Keep, index, isGreater)
	}),
	Cases: []Case{
		{argMax{Axes: []int{-1}}, []Arg{In(3, 5).Distinct()}},
		{argMax{Axes: []int{0}}, []Arg{In(5, 3).Distinct()}},
		{argMax{}, []Arg{In(3, 2, 7).Distinct()}},
		{argMax{Axes: []int{1}, Keep: true}, []Arg{In(2, 3, 5).Distinct()}},
		{argMax{Keep: true}, []Arg{In(3, 1).Distinct()}},
		{argMax{Axes: []int{1}}, []Arg{In(0, 3)}},
	},
})

var _ = register(Entry{
	Name: "argmin", Kind: Reduction, Formula: "index of the smallest along an axis", Call: "ArgMin(x, axis)", Shapes: "[… n …] → [… …]",
	Kinks: "the first of equals",
	Reference: PerElement(func(o argMin, in []Array, index []int) float64 {
		return indexOf(in[0], o.Axes, o.Keep, index, isLess)
	}),
	Cases: []Case{
		{argMin{Axes: []int{-1}}, []Arg{In(3, 5).Distinct()}},
		{argMin{Axes: []int{0}}, []Arg{In(5, 3).Distinct()}},
		{argMin{}, []Arg{In(3, 2, 7).Distinct()}},
		{argMin{Axes: []int{1}, Keep: true}, []Arg{In(2, 3, 5).Distinct()}},
		{argMin{Keep: true}, []Arg{In(3, 1).Distinct()}},
		{argMin{Axes: []int{1}}, []Arg{In(0, 3)}},
	},
})

var _ = register(Entry{
	Name: "argmax_last", Kind: Reduction, Formula: "index of the largest along the last axis", Shapes: "[… n] → [… ]",
	Kinks: "the first of equals",
	Reference: PerElement(func(_ argMaxLast, in []Array, index []int) float64 {
		x := in[0].row(index)
		return float64(slices.Index(x, slices.Max(x)))
	}),
	Cases: []Case{
		{argMaxLast{}, []Arg{In(3, 5, 11).Distinct()}},
		{argMaxLast{}, []Arg{In(5).Distinct()}},
		{argMaxLast{}, []Arg{In(3, 2, 7).Distinct()}},
		{argMaxLast{}, []Arg{In(3, 1)}},
		{argMaxLast{}, []Arg{In(0, 3)}},
	},
})
