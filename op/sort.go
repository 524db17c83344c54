package op

import (
	"cmp"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Order says which elements come first. NaN comes last in either; to PyTorch it is
// the largest, and comes first where those do.
type Order bool

const (
	Ascending  Order = false // the smallest first
	Descending Order = true  // the largest first
)

// sortLast sorts along the last axis. Its second output says where each element
// was.
type sortLast struct{ Order Order }

func (sortLast) Name() string { return "sort_last" }

func (sortLast) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	out, err := sameAsInput(in)
	if err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 {
		return nil, errNoAxis
	}
	return append(out, tensor.NewSpec(tensor.Int64, in[0].Shape...)), nil
}

func (o sortLast) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (o sortLast) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(in[0].DType(),
		func() func() { return prepareSort(o, &placed32, in[0], out) },
		func() func() { return prepareSort(o, &placed64, in[0], out) })
}

// placed is an element and where it was in its row.
type placed[T kernel.Float] struct {
	v  T
	at int
}

var (
	placed32 parallel.Scratch[placed[float32]]
	placed64 parallel.Scratch[placed[float64]]
)

func prepareSort[T kernel.Float](o sortLast, pool *parallel.Scratch[placed[T]], in *tensor.Tensor, out []*tensor.Tensor) func() {
	y, index, x := tensor.Data[T](out[0]), tensor.Data[int64](out[1]), tensor.Data[T](in)
	rows, n := splitLast(in.Shape())
	order := comparing[T](o.Order)
	return parallel.NewLoop(rows, 1+sortGrain/max(1, n), func(lo, hi int) {
		elements := pool.Get(n)
		defer pool.Put(elements)
		for r := lo; r < hi; r++ {
			for i, v := range x[r*n : (r+1)*n] {
				(*elements)[i] = placed[T]{v, i}
			}
			slices.SortFunc(*elements, order)
			for i, e := range *elements {
				y[r*n+i], index[r*n+i] = e.v, int64(e.at)
			}
		}
	}).Run
}

// sortGrain is grain where each element is compared several times.
const sortGrain = 1024

// comparing returns how to compare elements: no two of a row are equal, as equal
// values are in the order of their places.
func comparing[T kernel.Float](o Order) func(a, b placed[T]) int {
	first := -1
	if o == Descending {
		first = 1
	}
	return func(a, b placed[T]) int {
		switch {
		case a.v < b.v:
			return first
		case a.v > b.v:
			return -first
		case a.v == b.v || a.v != a.v && b.v != b.v:
			return cmp.Compare(a.at, b.at)
		case a.v != a.v:
			return 1
		}
		return -1
	}
}

func (sortLast) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	last := len(call.In[0].Shape()) - 1
	return []*autograd.Value{autograd.Apply1(scatter{last, call.In[0].Shape()[last]}, grad[0], call.Out[1])}
}

type sorted struct {
	Axis  int
	Order Order
}

// Sort returns x sorted along an axis, and where each element was along it, as
// int64. Equal elements stay in their order, and NaN comes last. A negative axis
// counts from the end.
func Sort(x *autograd.Value, axis int, order Order) (values, index *autograd.Value) {
	out := Apply(sorted{axis, order}, x)
	return out[0], out[1]
}

func (sorted) Name() string { return "sort" }

func (o sorted) Compose(in []*autograd.Value) []*autograd.Value {
	axis, err := resolveAxis(o.Axis, len(in[0].Shape()))
	if err != nil {
		tensor.Fail("sort", specsOf(in), "%v", err)
	}
	out := autograd.Apply(sortLast{o.Order}, toLast(in[0], axis))
	return []*autograd.Value{moveAxis(out[0], -1, axis), moveAxis(out[1], -1, axis)}
}

type argSort struct {
	Axis  int
	Order Order
	autograd.Constant
}

// ArgSort returns where the elements that Sort gives were.
func ArgSort(x *autograd.Value, axis int, order Order) *autograd.Value {
	return Apply1(argSort{Axis: axis, Order: order}, x)
}

func (argSort) Name() string { return "argsort" }

func (o argSort) Compose(in []*autograd.Value) []*autograd.Value {
	return sorted{o.Axis, o.Order}.Compose(in)[1:]
}

type topK struct {
	K, Axis int
	Order   Order
}

// TopK returns the first k of the elements that Sort gives along an axis, and where
// they were: the largest in Descending order.
func TopK(x *autograd.Value, k, axis int, order Order) (values, index *autograd.Value) {
	out := Apply(topK{k, axis, order}, x)
	return out[0], out[1]
}

func (topK) Name() string { return "topk" }

func (o topK) Compose(in []*autograd.Value) []*autograd.Value {
	out := sorted{o.Axis, o.Order}.Compose(in)
	axis, _ := resolveAxis(o.Axis, len(in[0].Shape()))
	if n := in[0].Shape()[axis]; o.K < 0 || o.K > n {
		tensor.Fail("topk", specsOf(in), "want 0 to %d elements, as many as axis %d has, not %d", n, axis, o.K)
	}
	for i, v := range out {
		out[i] = Slice(v, Range{Axis: axis, Stop: o.K})
	}
	return out
}

// sortedLine is the reference of sorting: values and places of k elements along an
// axis, found one after the other.
func sortedLine(x Array, axis, k int, order Order) []Array {
	axis = (axis + x.Spec.Rank()) % x.Spec.Rank()
	shape := slices.Clone(x.Shape())
	shape[axis] = k
	values, places := NewArray(shape...), NewArray(shape...)
	Each(shape, func(index []int) {
		from := slices.Clone(index)
		for from[axis] = range x.Shape()[axis] { // the element that index[axis] others come before
			before, other := 0, slices.Clone(from)
			for other[axis] = range x.Shape()[axis] {
				v, w := x.At(from...), x.At(other...)
				if w < v && order == Ascending || w > v && order == Descending || w == v && other[axis] < from[axis] {
					before++
				}
			}
			if before == index[axis] {
				values.Set(x.At(from...), index...)
				places.Set(float64(from[axis]), index...)
			}
		}
	})
	return []Array{values, places}
}

var _ = register(Entry{
	Name: "sort_last", Kind: Sorting, Formula: "x sorted along the last axis", Shapes: "[… n] → [… n], [… n]",
	Kinks: "that of the order of equals", Whole: "an example has an order of its own",
	Reference: func(o Operation, in []Array) []Array {
		x := in[0]
		return sortedLine(x, -1, x.Shape()[x.Spec.Rank()-1], o.(sortLast).Order)
	},
	Cases: []Case{
		{sortLast{Ascending}, []Arg{In(7).Distinct()}},
		{sortLast{Descending}, []Arg{In(3, 5).Distinct()}},
		{sortLast{Ascending}, []Arg{In(2, 3, 4).Distinct()}},
		{sortLast{Ascending}, []Arg{In(3, 1).Distinct()}},
		{sortLast{Descending}, []Arg{In(2, 0)}},
	},
})

var _ = register(Entry{
	Name: "sort", Kind: Sorting, Formula: "x sorted along an axis, and where each element was", Call: "Sort(x, axis, order)", Shapes: "[… n …] → [… n …], [… n …]",
	Kinks: "that of the order of equals",
	Reference: func(o Operation, in []Array) []Array {
		s, n := o.(sorted), in[0].Spec.Rank()
		return sortedLine(in[0], s.Axis, in[0].Shape()[(s.Axis+n)%n], s.Order)
	},
	Cases: []Case{
		{sorted{0, Ascending}, []Arg{In(7).Distinct()}},
		{sorted{-1, Descending}, []Arg{In(3, 5).Distinct()}},
		{sorted{1, Ascending}, []Arg{In(2, 5, 3).Distinct()}},
		{sorted{0, Descending}, []Arg{In(3, 1, 2).Distinct()}},
		{sorted{1, Ascending}, []Arg{In(0, 2)}},
	},
})

var _ = register(Entry{
	Name: "argsort", Kind: Sorting, Formula: "where the elements of x sorted along an axis were", Call: "ArgSort(x, axis, order)", Shapes: "[… n …] → [… n …]",
	Kinks: "equals stay in their order",
	Reference: func(o Operation, in []Array) []Array {
		s, n := o.(argSort), in[0].Spec.Rank()
		return sortedLine(in[0], s.Axis, in[0].Shape()[(s.Axis+n)%n], s.Order)[1:]
	},
	Cases: []Case{
		{argSort{Axis: 0}, []Arg{In(7).Distinct()}},
		{argSort{Axis: -1, Order: Descending}, []Arg{In(3, 5).Distinct()}},
		{argSort{Axis: 1}, []Arg{In(2, 5, 3).Distinct()}},
		{argSort{Axis: 0, Order: Descending}, []Arg{In(3, 1, 2).Distinct()}},
		{argSort{Axis: 1}, []Arg{In(0, 2)}},
	},
})

var _ = register(Entry{
	Name: "topk", Kind: Sorting, Formula: "the first k of x sorted along an axis, and where they were", Call: "TopK(x, k, axis, order)", Shapes: "[… n …] → [… k …], [… k …]",
	Kinks: "that of the order of equals",
	Reference: func(o Operation, in []Array) []Array {
		t := o.(topK)
		return sortedLine(in[0], t.Axis, t.K, t.Order)
	},
	Cases: []Case{
		{topK{2, 0, Descending}, []Arg{In(7).Distinct()}},
		{topK{3, -1, Descending}, []Arg{In(3, 5).Distinct()}},
		{topK{2, 1, Ascending}, []Arg{In(2, 5, 3).Distinct()}},
		{topK{1, 0, Descending}, []Arg{In(3, 1, 2).Distinct()}},
		{topK{0, 1, Ascending}, []Arg{In(2, 3)}},
		{topK{1, 1, Ascending}, []Arg{In(0, 2)}},
	},
})
