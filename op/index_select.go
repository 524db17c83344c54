package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type indexSelect struct{ Axis int }

// IndexSelect returns the rows of x along an axis that have the numbers in index,
// which is int64 and whose axes take the place of that one. A negative axis counts
// from the end. Along axis 0 of a table [rows width], an index of [n t] gives
// [n t width]: an embedding.
func IndexSelect(x *autograd.Value, axis int, index *autograd.Value) *autograd.Value {
	return autograd.Apply1(indexSelect{axis}, x, index)
}

func (indexSelect) Name() string { return "index_select" }

func (o indexSelect) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	axis, err := indexedAxis(in, o.Axis)
	if err != nil {
		return nil, err
	}
	x, index := in[0], in[1]
	return one(x.DType, slices.Concat(x.Shape[:axis], index.Shape, x.Shape[axis+1:])...), nil
}

// indexedAxis returns the axis of the first input that the second is an index into.
func indexedAxis(in []tensor.Spec, axis int) (int, error) {
	if err := wantInputs(in, 2); err != nil {
		return 0, err
	}
	axis, err := resolveAxis(axis, in[0].Rank())
	if err != nil {
		return 0, err
	}
	return axis, wantIndex(in[1], in[0].Shape[axis])
}

// wantSummed checks floats and an index of where, below a size, they are added up.
func wantSummed(in []tensor.Spec, size int) error {
	if err := wantInputs(in, 2); err != nil {
		return err
	}
	if err := wantFloats(in[:1], 1); err != nil {
		return err
	}
	return wantIndex(in[1], size)
}

// wantIndex checks the type of an index into an axis of a size.
func wantIndex(index tensor.Spec, size int) error {
	if index.DType != tensor.Int64 {
		return errors.New("want an index of int64")
	}
	if size == 0 && index.Elements() > 0 {
		return errors.New("want an axis that has elements")
	}
	return nil
}

// checkIndex panics on an index that is outside of an axis of a size.
func checkIndex(op string, index *tensor.Tensor, size int) {
	for i, v := range tensor.Data[int64](index) {
		if v < 0 || v >= int64(size) {
			failIndex(op, i, index.Shape(), v, size)
		}
	}
}

// failIndex panics because of element i of an index.
func failIndex(op string, i int, shape []int, v int64, size int) {
	place := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		place[axis] = i % shape[axis]
		i /= shape[axis]
	}
	tensor.Fail(op, nil, "the index at %v is %d, want 0 to %d", place, v, size-1)
}

// around returns how a shape is cut by an axis.
func around(shape []int, axis int) stage {
	return stage{tensor.Elements(shape[:axis]), shape[axis], tensor.Elements(shape[axis+1:])}
}

func (o indexSelect) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (o indexSelect) Prepare(in, out []*tensor.Tensor) func() {
	return moving(out[0].DType(),
		func() func() { return prepareIndexSelect[uint8](o, in, out[0]) },
		func() func() { return prepareIndexSelect[uint32](o, in, out[0]) },
		func() func() { return prepareIndexSelect[uint64](o, in, out[0]) })
}

func prepareIndexSelect[T tensor.Word](o indexSelect, in []*tensor.Tensor, out *tensor.Tensor) func() {
	y, x, index := tensor.Bits[T](out), tensor.Bits[T](in[0]), tensor.Data[int64](in[1])
	axis, _ := resolveAxis(o.Axis, in[0].Rank())
	s := around(in[0].Shape(), axis)
	loop := parallel.NewLoop(s.outer*len(index), 1+grain/max(1, s.inner), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			from := r/len(index)*s.n + int(index[r%len(index)])
			copy(y[r*s.inner:(r+1)*s.inner], x[from*s.inner:])
		}
	})
	return func() {
		checkIndex("index_select", in[1], s.n)
		loop.Run()
	}
}

func (o indexSelect) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	axis, _ := resolveAxis(o.Axis, len(x))
	return []*autograd.Value{autograd.Apply1(indexSum{axis, x[axis]}, grad[0], call.In[1]), nil}
}

var _ = register(Entry{
	Name: "index_select", Kind: Shape, Formula: "rows of x by number", Call: "IndexSelect(x, axis, index)", Shapes: "[… m …], [k…] → [… k… …]",
	Whole:  "the rows of a table have no batch",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o indexSelect, in []Array, index []int) float64 {
		axis, k := (o.Axis+in[0].Spec.Rank())%in[0].Spec.Rank(), in[1].Spec.Rank()
		row := int(in[1].At(index[axis : axis+k]...))
		return in[0].At(slices.Concat(index[:axis], []int{row}, index[axis+k:])...)
	}),
	Cases: []Case{
		{indexSelect{0}, []Arg{In(5, 3), Index(5, 7)}},
		{indexSelect{0}, []Arg{In(7, 2), Index(7, 2, 3)}},
		{indexSelect{0}, []Arg{Index(9, 3, 2), Index(3, 5)}},
		{indexSelect{1}, []Arg{In(2, 3, 5), Index(3, 4)}},
		{indexSelect{-1}, []Arg{In(2, 1, 5), Index(5, 3)}},
		{indexSelect{0}, []Arg{In(3), Index(3)}},
		{indexSelect{1}, []Arg{In(2, 0), Index(1, 0)}},
	},
})

// indexSum{axis, size}(x, index) adds the rows of x along an axis, in order and
// from +0, to those of its output that have the numbers in index: the gradient of
// index_select.
type indexSum struct{ Axis, Size int }

func (indexSum) Name() string { return "index_sum" }

func (o indexSum) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantSummed(in, o.Size); err != nil {
		return nil, err
	}
	x, index := in[0], in[1]
	end := o.Axis + index.Rank()
	if o.Axis < 0 || end > x.Rank() || !slices.Equal(x.Shape[o.Axis:end], index.Shape) {
		return nil, fmt.Errorf("want the index's axes %v from axis %d on", index.Shape, o.Axis)
	}
	return one(x.DType, slices.Concat(x.Shape[:o.Axis], []int{o.Size}, x.Shape[end:])...), nil
}

func (o indexSum) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows of the output.
func (o indexSum) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareIndexSum[float32](o, in, out[0]) },
		func() func() { return prepareIndexSum[float64](o, in, out[0]) })
}

// indexPasses is how many goroutines look through all of an index at most, each
// for rows of its own.
const indexPasses = 16

func prepareIndexSum[T kernel.Float](o indexSum, in []*tensor.Tensor, out *tensor.Tensor) func() {
	y, x, index := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int64](in[1])
	s := around(out.Shape(), o.Axis)
	rows := max(1+grain/max(1, s.inner), pieces(s.n, indexPasses)) // of a piece
	perOuter := pieces(s.n, rows)
	loop := parallel.NewLoop(s.outer*perOuter, 1+grain/(rows*max(1, s.inner)), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			outer, first := p/perOuter, p%perOuter*rows
			to := y[outer*s.n*s.inner:][:s.n*s.inner]
			addRows(to, x[outer*len(index)*s.inner:], index, s.inner, first, min(first+rows, s.n))
		}
	})
	return func() {
		checkIndex("index_sum", in[1], s.n)
		loop.Run()
	}
}

// addRows sets the rows [lo, hi) of y to the sums of the rows of x that index has
// their numbers for.
func addRows[T kernel.Float](y, x []T, index []int64, inner, lo, hi int) {
	clear(y[lo*inner : hi*inner])
	for i, row := range index {
		if at := int(row); at >= lo && at < hi {
			sum := y[at*inner : (at+1)*inner]
			kernel.Add(sum, sum, x[i*inner:(i+1)*inner])
		}
	}
}

func (o indexSum) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{IndexSelect(grad[0], o.Axis, call.In[1]), nil}
}

var _ = register(Entry{
	Name: "index_sum", Kind: Shape, Formula: "sums of rows of x, by number", Shapes: "[… k… …], [k…] → [… m …]",
	Whole:  "the rows of a table have no batch",
	Linear: [][]int{{0}},
	Reference: func(o Operation, in []Array) []Array {
		s := o.(indexSum)
		x, k := in[0].Shape(), in[1].Spec.Rank()
		y := NewArray(slices.Concat(x[:s.Axis], []int{s.Size}, x[s.Axis+k:])...)
		Each(x, func(index []int) {
			row := int(in[1].At(index[s.Axis : s.Axis+k]...))
			to := slices.Concat(index[:s.Axis], []int{row}, index[s.Axis+k:])
			y.Set(y.At(to...)+in[0].At(index...), to...)
		})
		return []Array{y}
	},
	Cases: []Case{
		{indexSum{0, 5}, []Arg{In(7, 3), Index(5, 7)}},
		{indexSum{0, 7}, []Arg{In(2, 3, 2), Index(7, 2, 3)}},
		{indexSum{1, 3}, []Arg{In(2, 4, 5), Index(3, 4)}},
		{indexSum{2, 1}, []Arg{In(2, 1, 3), Index(1, 3)}},
		{indexSum{0, 3}, []Arg{In(2), Index(3)}},
		{indexSum{0, 2}, []Arg{In(0, 2), Index(2, 0)}},
	},
})

type indexAdd struct{ Axis int }

// IndexAdd returns x with rows added along an axis to those that have the numbers
// in index, [n] of int64. Rows with one number are added up in order, from +0, and
// then to x. A negative axis counts from the end.
func IndexAdd(x *autograd.Value, axis int, index, rows *autograd.Value) *autograd.Value {
	return Apply1(indexAdd{axis}, x, index, rows)
}

func (indexAdd) Name() string { return "index_add" }

func (o indexAdd) Compose(in []*autograd.Value) []*autograd.Value {
	x, index, rows := in[0], in[1], in[2]
	axis, err := resolveAxis(o.Axis, len(x.Shape()))
	if err != nil {
		tensor.Fail("index_add", specsOf(in), "%v", err)
	}
	want := slices.Clone(x.Shape())
	want[axis] = index.Spec().Elements()
	if len(index.Shape()) != 1 || !slices.Equal(want, rows.Shape()) {
		tensor.Fail("index_add", specsOf(in), "want an index [n] and rows %v", want)
	}
	return []*autograd.Value{Add(x, autograd.Apply1(indexSum{axis, x.Shape()[axis]}, rows, index))}
}

var _ = register(Entry{
	Name: "index_add", Kind: Shape, Formula: "x and sums of rows, by number", Call: "IndexAdd(x, axis, index, rows)", Shapes: "[… m …], [k], [… k …] → [… m …]",
	Linear: [][]int{{0, 2}},
	Reference: func(o Operation, in []Array) []Array {
		axis := (o.(indexAdd).Axis + in[0].Spec.Rank()) % in[0].Spec.Rank()
		y := NewArray(in[0].Shape()...)
		copy(y.Data, in[0].Data)
		Each(in[2].Shape(), func(index []int) {
			to := slices.Clone(index)
			to[axis] = int(in[1].At(index[axis]))
			y.Set(y.At(to...)+in[2].At(index...), to...)
		})
		return []Array{y}
	},
	Cases: []Case{
		{indexAdd{0}, []Arg{In(3, 2), Index(3, 5), In(5, 2)}},
		{indexAdd{1}, []Arg{In(2, 3), Index(3, 7), In(2, 7)}},
		{indexAdd{-1}, []Arg{In(2, 1, 3), Index(3, 2), In(2, 1, 2)}},
		{indexAdd{0}, []Arg{In(4), Index(4, 3), In(3)}},
		{indexAdd{1}, []Arg{In(3, 1), Index(1, 2), In(3, 2)}},
		{indexAdd{0}, []Arg{In(3, 2), Index(3, 0), In(0, 2)}},
	},
})
