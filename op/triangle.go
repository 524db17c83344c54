package op

import (
	"errors"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Tril returns the matrices x [… m n] with 0 above a diagonal: 0 is the main one, 1
// the next above it.
func Tril(x *autograd.Value, diagonal int) *autograd.Value {
	return autograd.Apply1(tril{diagonal}, x)
}

// Triu returns the matrices x [… m n] with 0 below a diagonal.
func Triu(x *autograd.Value, diagonal int) *autograd.Value {
	return autograd.Apply1(triu{diagonal}, x)
}

type tril struct{ Diagonal int }

func (tril) Name() string                                  { return "tril" }
func (tril) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return matrices(in) }
func (o tril) Forward(in, out []*tensor.Tensor)            { o.Prepare(in, out)() }
func (o tril) Prepare(in, out []*tensor.Tensor) func() {
	return prepareTriangle(in[0], out[0], o.columns)
}
func (o tril) columns(i, n int) (lo, hi int) { return 0, i + o.Diagonal + 1 }
func (o tril) Backward(_ *autograd.Call, g []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Tril(g[0], o.Diagonal)}
}

type triu struct{ Diagonal int }

func (triu) Name() string                                  { return "triu" }
func (triu) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return matrices(in) }
func (o triu) Forward(in, out []*tensor.Tensor)            { o.Prepare(in, out)() }
func (o triu) Prepare(in, out []*tensor.Tensor) func() {
	return prepareTriangle(in[0], out[0], o.columns)
}
func (o triu) columns(i, n int) (lo, hi int) { return i + o.Diagonal, n }
func (o triu) Backward(_ *autograd.Call, g []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Triu(g[0], o.Diagonal)}
}

func matrices(in []tensor.Spec) ([]tensor.Spec, error) {
	if len(in) == 1 && in[0].Rank() < 2 {
		return nil, errors.New("want matrices [… m n]")
	}
	return sameAsInput(in)
}

// prepareTriangle copies the columns [lo, hi) of each row.
func prepareTriangle(in, out *tensor.Tensor, columns func(row, n int) (lo, hi int)) func() {
	return prepare(out.DType(),
		func() func() { return prepareTriangleOf[float32](in, out, columns) },
		func() func() { return prepareTriangleOf[float64](in, out, columns) })
}

func prepareTriangleOf[T kernel.Float](in, out *tensor.Tensor, columns func(row, n int) (lo, hi int)) func() {
	x, y := tensor.Data[T](in), tensor.Data[T](out)
	rows, n := splitLast(in.Shape())
	m := in.Shape()[in.Rank()-2]
	return parallel.NewLoop(rows, 1+grain/max(1, n), func(first, end int) {
		for r := first; r < end; r++ {
			lo, hi := columns(r%m, n)
			lo, hi = min(max(lo, 0), n), min(max(hi, 0), n)
			row := y[r*n : (r+1)*n]
			clear(row)
			if lo < hi {
				copy(row[lo:hi], x[r*n+lo:])
			}
		}
	}).Run
}

// triangleCases are matrices of all shapes.
func triangleCases(of func(diagonal int) Operation) []Case {
	return []Case{
		{of(0), []Arg{In(4, 4)}},
		{of(1), []Arg{In(2, 3, 5)}},
		{of(-2), []Arg{In(5, 3)}},
		{of(-1), []Arg{In(3, 1, 3, 2)}},
		{of(9), []Arg{In(1, 3)}},
		{of(-9), []Arg{In(3, 2)}},
		{of(0), []Arg{In(2, 0)}},
	}
}

var _ = register(Entry{
	Name: "tril", Kind: Matrix, Formula: "x with 0 above a diagonal", Call: "Tril(x, diagonal)", Shapes: "[… m n] → [… m n]",
	Linear: [][]int{{0}},
	Whole:  "copies parts of rows",
	Reference: PerElement(func(o tril, in []Array, at []int) float64 {
		if i, j := at[len(at)-2], at[len(at)-1]; j-i > o.Diagonal {
			return 0
		}
		return in[0].At(at...)
	}),
	Cases: triangleCases(func(d int) Operation { return tril{d} }),
})

var _ = register(Entry{
	Name: "triu", Kind: Matrix, Formula: "x with 0 below a diagonal", Call: "Triu(x, diagonal)", Shapes: "[… m n] → [… m n]",
	Linear: [][]int{{0}},
	Whole:  "copies parts of rows",
	Reference: PerElement(func(o triu, in []Array, at []int) float64 {
		if i, j := at[len(at)-2], at[len(at)-1]; j-i < o.Diagonal {
			return 0
		}
		return in[0].At(at...)
	}),
	Cases: triangleCases(func(d int) Operation { return triu{d} }),
})
