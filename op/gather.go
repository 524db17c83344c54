package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type gather struct{ Axis int }

// Gather returns, for each element of index, which is int64, that of x at the same
// place but for an axis, along which the index says where. But for that axis, both
// have the same sizes. A negative axis counts from the end.
func Gather(x *autograd.Value, axis int, index *autograd.Value) *autograd.Value {
	return autograd.Apply1(gather{axis}, x, index)
}

func (gather) Name() string { return "gather" }

func (o gather) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	axis, err := indexedAxis(in, o.Axis)
	if err != nil {
		return nil, err
	}
	x, index := in[0], in[1]
	if !sameBut(axis, x.Shape, index.Shape) {
		return nil, fmt.Errorf("want an index with the sizes of the values, but for axis %d", axis)
	}
	return one(x.DType, index.Shape...), nil
}

func (o gather) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (o gather) Prepare(in, out []*tensor.Tensor) func() {
	return moving(out[0].DType(),
		func() func() { return prepareGather[uint8](o, in, out[0]) },
		func() func() { return prepareGather[uint32](o, in, out[0]) },
		func() func() { return prepareGather[uint64](o, in, out[0]) })
}

func prepareGather[T tensor.Word](o gather, in []*tensor.Tensor, out *tensor.Tensor) func() {
	y, x, index := tensor.Bits[T](out), tensor.Bits[T](in[0]), tensor.Data[int64](in[1])
	axis, _ := resolveAxis(o.Axis, in[0].Rank())
	from, to := around(in[0].Shape(), axis), around(out.Shape(), axis)
	loop := parallel.NewLoop(to.outer*to.n, 1+grain/max(1, to.inner), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			first := r / to.n * from.n * from.inner
			for i := range to.inner {
				y[r*to.inner+i] = x[first+int(index[r*to.inner+i])*from.inner+i]
			}
		}
	})
	return func() {
		checkIndex("gather", in[1], from.n)
		loop.Run()
	}
}

// Block gathers within each example.
func (o gather) Block(in, out []tensor.Spec, ready []bool) *Block {
	axis, _ := resolveAxis(o.Axis, in[0].Rank())
	if axis == 0 || !ready[0] || !in[0].DType.IsFloat() {
		return nil
	}
	from, to := around(in[0].Shape[1:], axis-1), around(out[0].Shape[1:], axis-1)
	return &Block{Split: []bool{true, true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { gatherLanes[float32](from, to, in[1].Shape, c) },
			func(c *BlockCall) { gatherLanes[float64](from, to, in[1].Shape, c) })
	}}
}

func gatherLanes[T kernel.Float](from, to stage, index []int, c *BlockCall) {
	y, x := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0])
	eachIndexed("gather", from, to, index, c, func(i, at int) { y[i] = x[at] })
}

// eachIndexed calls f for each element of a block of an index, the second input of
// the call: with where it lies, and where what it stands for does.
func eachIndexed(op string, from, to stage, shape []int, c *BlockCall, f func(i, at int)) {
	index := tensor.Data[int64](c.In[1])
	for r := range to.outer * to.n {
		for i := range to.inner {
			element := r*to.inner + i
			for lane, row := range index[element*c.Lanes:][:c.Examples] {
				if row < 0 || row >= int64(from.n) {
					failIndex(op, (c.First+lane)*to.outer*to.n*to.inner+element, shape, row, from.n)
				}
				at := (r/to.n*from.n+int(row))*from.inner + i
				f(element*c.Lanes+lane, at*c.Lanes+lane)
			}
		}
	}
}

func (o gather) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	axis, _ := resolveAxis(o.Axis, len(x))
	return []*autograd.Value{autograd.Apply1(scatter{axis, x[axis]}, grad[0], call.In[1]), nil}
}

var _ = register(Entry{
	Name: "gather", Kind: Shape, Formula: "x at an index along an axis", Call: "Gather(x, axis, index)", Shapes: "[… m …], [… k …] → [… k …]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o gather, in []Array, index []int) float64 {
		from := slices.Clone(index)
		from[(o.Axis+len(index))%len(index)] = int(in[1].At(index...))
		return in[0].At(from...)
	}),
	Cases: []Case{
		{gather{0}, []Arg{In(5, 3), Index(5, 2, 3)}},
		{gather{1}, []Arg{In(3, 5), Index(5, 3, 1)}},
		{gather{1}, []Arg{Index(9, 3, 2), Index(2, 3, 4)}},
		{gather{-1}, []Arg{In(2, 3, 4), Index(4, 2, 3, 5)}},
		{gather{1}, []Arg{In(3, 4, 3), Index(4, 3, 2, 3)}},
		{gather{0}, []Arg{In(7), Index(7, 3)}},
		{gather{1}, []Arg{In(2, 0), Index(1, 2, 0)}},
	},
})

// scatter{axis, size}(x, index) adds each element of x, in order and from +0, to
// that of its output at the same place but for an axis, along which the index says
// where: the gradient of gather.
type scatter struct{ Axis, Size int }

func (scatter) Name() string { return "scatter" }

func (o scatter) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantSummed(in, o.Size); err != nil {
		return nil, err
	}
	x, index := in[0], in[1]
	if o.Axis < 0 || o.Axis >= x.Rank() || !slices.Equal(x.Shape, index.Shape) {
		return nil, fmt.Errorf("want values and an index of one shape, with an axis %d", o.Axis)
	}
	shape := slices.Clone(x.Shape)
	shape[o.Axis] = o.Size
	return one(x.DType, shape...), nil
}

func (o scatter) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the columns.
func (o scatter) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareScatter[float32](o, in, out[0]) },
		func() func() { return prepareScatter[float64](o, in, out[0]) })
}

func prepareScatter[T kernel.Float](o scatter, in []*tensor.Tensor, out *tensor.Tensor) func() {
	y, x, index := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int64](in[1])
	from, to := around(in[0].Shape(), o.Axis), around(out.Shape(), o.Axis)
	parts := pieces(to.inner, fill) // of a row
	all := parallel.NewLoop(len(y), grain, func(lo, hi int) { clear(y[lo:hi]) })
	loop := parallel.NewLoop(to.outer*parts, 1+grain/max(1, from.n*min(to.inner, fill)), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			outer, first := p/max(1, parts), p%max(1, parts)*fill
			for r := outer * from.n; r < (outer+1)*from.n; r++ {
				for i := first; i < min(first+fill, to.inner); i++ {
					at := r*to.inner + i
					y[(outer*to.n+int(index[at]))*to.inner+i] += x[at]
				}
			}
		}
	})
	return func() {
		checkIndex("scatter", in[1], to.n)
		all.Run()
		loop.Run()
	}
}

// Block scatters within each example.
func (o scatter) Block(in, out []tensor.Spec, ready []bool) *Block {
	if o.Axis == 0 || !ready[0] {
		return nil
	}
	from, to := around(in[0].Shape[1:], o.Axis-1), around(out[0].Shape[1:], o.Axis-1)
	return &Block{Split: []bool{true, true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { scatterLanes[float32](from, to, in[1].Shape, c) },
			func(c *BlockCall) { scatterLanes[float64](from, to, in[1].Shape, c) })
	}}
}

func scatterLanes[T kernel.Float](from, to stage, index []int, c *BlockCall) {
	y, x := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0])
	clear(y)
	eachIndexed("scatter", to, from, index, c, func(i, at int) { y[at] += x[i] })
}

func (o scatter) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Gather(grad[0], o.Axis, call.In[1]), nil}
}

var _ = register(Entry{
	Name: "scatter", Kind: Shape, Formula: "sums of x, to where an index says along an axis", Shapes: "[… k …], [… k …] → [… m …]",
	Linear: [][]int{{0}},
	Reference: func(o Operation, in []Array) []Array {
		s := o.(scatter)
		shape := slices.Clone(in[0].Shape())
		shape[s.Axis] = s.Size
		y := NewArray(shape...)
		Each(in[0].Shape(), func(index []int) {
			to := slices.Clone(index)
			to[s.Axis] = int(in[1].At(index...))
			y.Set(y.At(to...)+in[0].At(index...), to...)
		})
		return []Array{y}
	},
	Cases: []Case{
		{scatter{0, 5}, []Arg{In(7, 3), Index(5, 7, 3)}},
		{scatter{1, 5}, []Arg{In(3, 1), Index(5, 3, 1)}},
		{scatter{2, 2}, []Arg{In(2, 3, 4), Index(2, 2, 3, 4)}},
		{scatter{1, 3}, []Arg{In(3, 4, 3), Index(3, 3, 4, 3)}},
		{scatter{0, 3}, []Arg{In(5), Index(3, 5)}},
		{scatter{1, 2}, []Arg{In(0, 2), Index(2, 0, 2)}},
	},
})

type scatterAdd struct{ Axis int }

// ScatterAdd returns x with values added to where an index says along an axis; at
// the same place but for that. Index and values have one shape, and but for that
// axis the sizes of x. Values for one place are added up in order, from +0, and then
// to x. A negative axis counts from the end.
func ScatterAdd(x *autograd.Value, axis int, index, values *autograd.Value) *autograd.Value {
	return Apply1(scatterAdd{axis}, x, index, values)
}

func (scatterAdd) Name() string { return "scatter_add" }

func (o scatterAdd) Compose(in []*autograd.Value) []*autograd.Value {
	x, index, values := in[0], in[1], in[2]
	axis, err := resolveAxis(o.Axis, len(x.Shape()))
	if err != nil {
		tensor.Fail("scatter_add", specsOf(in), "%v", err)
	}
	if !sameBut(axis, x.Shape(), values.Shape()) {
		tensor.Fail("scatter_add", specsOf(in), "want values with the sizes of the first input, but for axis %d", axis)
	}
	return []*autograd.Value{Add(x, autograd.Apply1(scatter{axis, x.Shape()[axis]}, values, index))}
}

var _ = register(Entry{
	Name: "scatter_add", Kind: Shape, Formula: "x and sums of values, where an index says along an axis", Call: "ScatterAdd(x, axis, index, values)",
	Shapes: "[… m …], [… k …], [… k …] → [… m …]",
	Linear: [][]int{{0, 2}},
	Reference: func(o Operation, in []Array) []Array {
		axis := (o.(scatterAdd).Axis + in[0].Spec.Rank()) % in[0].Spec.Rank()
		y := NewArray(in[0].Shape()...)
		copy(y.Data, in[0].Data)
		Each(in[2].Shape(), func(index []int) {
			to := slices.Clone(index)
			to[axis] = int(in[1].At(index...))
			y.Set(y.At(to...)+in[2].At(index...), to...)
		})
		return []Array{y}
	},
	Cases: []Case{
		{scatterAdd{0}, []Arg{In(3, 2), Index(3, 5, 2), In(5, 2)}},
		{scatterAdd{1}, []Arg{In(2, 3), Index(3, 2, 7), In(2, 7)}},
		{scatterAdd{-1}, []Arg{In(2, 1, 3), Index(3, 2, 1, 2), In(2, 1, 2)}},
		{scatterAdd{0}, []Arg{In(4), Index(4, 3), In(3)}},
		{scatterAdd{1}, []Arg{In(2, 3, 2), Index(3, 2, 1, 2), In(2, 1, 2)}},
		{scatterAdd{0}, []Arg{In(3, 2), Index(3, 0, 2), In(0, 2)}},
	},
})
