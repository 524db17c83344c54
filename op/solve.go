package op

import (
	"errors"
	"math"
	"slices"
	"sync/atomic"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Solve returns the x with a·x = b, for square matrices a [… n n] and b [… n m], whose
// leading axes broadcast, or for a vector b. It is worked out in float64 by
// elimination with partial pivoting, for small systems. A matrix that is singular
// panics.
func Solve(a, b *autograd.Value) *autograd.Value {
	if len(b.Shape()) == 1 {
		defer named("solve", []*autograd.Value{a, b})
		column := Solve(a, Reshape(b, b.Shape()[0], 1))
		return withoutAxis(column, len(column.Shape())-1)
	}
	return solveT(a, b, false)
}

// solveT is Solve of a or its transpose.
func solveT(a, b *autograd.Value, trans bool) *autograd.Value {
	return autograd.Apply1(solve{trans}, a, b)
}

type solve struct{ Trans bool }

func (solve) Name() string { return "solve" }

func (solve) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 2); err != nil {
		return nil, err
	}
	if in[0].Rank() < 2 || in[1].Rank() < 2 {
		return nil, errors.New("want square matrices [… n n], and [… n m]")
	}
	leadA, a := splitMatrix(in[0].Shape)
	leadB, b := splitMatrix(in[1].Shape)
	if a[0] != a[1] || b[0] != a[0] {
		return nil, errors.New("want square matrices [… n n], and [… n m]")
	}
	lead, err := tensor.Broadcast(leadA, leadB)
	if err != nil {
		return nil, err
	}
	return one(in[0].DType, append(lead, b...)...), nil
}

func (o solve) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the systems.
func (o solve) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareSolve[float32](o, in, out[0]) },
		func() func() { return prepareSolve[float64](o, in, out[0]) })
}

func prepareSolve[T kernel.Float](o solve, in []*tensor.Tensor, out *tensor.Tensor) func() {
	a, b, x := tensor.Data[T](in[0]), tensor.Data[T](in[1]), tensor.Data[T](out)
	lead, matrix := splitMatrix(out.Shape())
	leadA, _ := splitMatrix(in[0].Shape())
	leadB, _ := splitMatrix(in[1].Shape())
	n, m := matrix[0], matrix[1]
	batch := newNest(lead, [][]int{rowMajor(lead, lead), rowMajor(leadA, lead), rowMajor(leadB, lead)})
	return eachMatrix("solve", "is singular", batch.size(), n*n*(n+m), n*n+n*m, func(number int, scratch []float64) bool {
		at := batch.at(number)
		lu, y := scratch[:n*n], scratch[n*n:]
		toFloat64(lu, a[at[1]*n*n:])
		toFloat64(y, b[at[2]*n*m:])
		if o.Trans {
			transpose(lu, n)
		}
		if !eliminate(lu, y, n, m) {
			return false
		}
		substitute(lu, y, n, m)
		fromFloat64(x[at[0]*n*m:], y)
		return true
	})
}

// eachMatrix returns a loop over a batch of matrices, each of which costs so much work
// and needs so much scratch. It panics where body returns false: the first such
// matrix is what.
func eachMatrix(name, what string, batch, work, scratch int, body func(number int, scratch []float64) bool) func() {
	var bad atomic.Int64
	loop := parallel.NewLoop(batch, 1+grain/max(1, work), func(lo, hi int) {
		s := scratch64.Get(scratch)
		defer scratch64.Put(s)
		for i := lo; i < hi; i++ {
			for !body(i, *s) {
				if first := bad.Load(); int64(i) >= first || bad.CompareAndSwap(first, int64(i)) {
					break
				}
			}
		}
	})
	return func() {
		bad.Store(math.MaxInt64)
		loop.Run()
		if first := bad.Load(); first != math.MaxInt64 {
			tensor.Fail(name, nil, "matrix %d %s", first, what)
		}
	}
}

func toFloat64[T kernel.Float](dst []float64, src []T) {
	for i := range dst {
		dst[i] = float64(src[i])
	}
}

func fromFloat64[T kernel.Float](dst []T, src []float64) {
	for i, v := range src {
		dst[i] = T(v)
	}
}

func transpose(a []float64, n int) {
	for i := range n {
		for j := range i {
			a[i*n+j], a[j*n+i] = a[j*n+i], a[i*n+j]
		}
	}
}

// eliminate makes a [n n] the upper triangle of its elimination, and does to the
// rows of b [n m] what it does to those of a. The pivot is the first largest of a
// column. It returns false if that is 0.
func eliminate(a, b []float64, n, m int) bool {
	for k := range n {
		pivot := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[pivot*n+k]) {
				pivot = i
			}
		}
		if a[pivot*n+k] == 0 {
			return false
		}
		swap(a[k*n:][:n], a[pivot*n:][:n])
		swap(b[k*m:][:m], b[pivot*m:][:m])
		for i := k + 1; i < n; i++ {
			factor := a[i*n+k] / a[k*n+k]
			subtract(a[i*n+k:][:n-k], a[k*n+k:], factor)
			subtract(b[i*m:][:m], b[k*m:], factor)
		}
	}
	return true
}

// substitute solves for b with the upper triangle of a, from the last row on.
func substitute(a, b []float64, n, m int) {
	for i := n - 1; i >= 0; i-- {
		row := b[i*m:][:m]
		for k := i + 1; k < n; k++ {
			subtract(row, b[k*m:], a[i*n+k])
		}
		for j := range row {
			row[j] /= a[i*n+i]
		}
	}
}

func swap(x, y []float64) {
	for i := range x {
		x[i], y[i] = y[i], x[i]
	}
}

// subtract sets x = x - factor·y, product and difference rounded.
func subtract(x, y []float64, factor float64) {
	for i := range x {
		x[i] -= float64(factor * y[i])
	}
}

// Backward solves the transposed system: for u = a⁻ᵀ·grad, the gradient of b is u and
// that of a is -u·xᵀ.
func (o solve) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b, x := call.In[0], call.In[1], call.Out[0]
	u := solveT(a, grad[0], !o.Trans)
	down := []*autograd.Value{nil, Unbroadcast(u, b.Shape())}
	if call.Needs[0] && o.Trans {
		down[0] = Unbroadcast(Neg(matMulT(x, u, false, true)), a.Shape())
	} else if call.Needs[0] {
		down[0] = Unbroadcast(Neg(matMulT(u, x, false, true)), a.Shape())
	}
	return down
}

// solveAny is Solve of any ranks, for its cases.
type solveAny struct{}

func (solveAny) Name() string { return "solve" }

func (solveAny) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Solve(in[0], in[1])}
}

var _ = register(Entry{
	Name: "solve", Kind: Matrix, Formula: "a⁻¹·b", Call: "Solve(a, b)", Shapes: "[… n n], [… n m] → [… n m], or [… n n], [n] → [… n]", Bound: 4e-6,
	Linear: [][]int{{1}},
	Whole:  "one system after the other",
	Reference: func(o Operation, in []Array) []Array {
		trans, _ := o.(solve)
		return []Array{plainSolve(in[0], in[1], trans.Trans)}
	},
	Cases: []Case{
		{solve{}, []Arg{In(3, 3).Definite(), In(3, 2)}},
		{solve{Trans: true}, []Arg{In(2, 3, 3).Definite(), In(2, 3, 1)}},
		{solve{}, []Arg{In(5, 5).Definite(), In(2, 5, 1)}},
		{solve{}, []Arg{In(2, 1, 2, 2).Definite(), In(3, 2, 3)}},
		{solve{}, []Arg{In(1, 1).Definite(), In(1, 4)}},
		{solve{}, []Arg{In(2, 0, 0).Definite(), In(2, 0, 3)}},
		{solve{}, []Arg{In(0, 2, 2).Definite(), In(0, 2, 1)}},
		{solveAny{}, []Arg{In(2, 3, 3).Definite(), In(3)}},
	},
})

// plainSolve inverts by Gauss's and Jordan's elimination without pivots, which
// definite matrices do without.
func plainSolve(a, b Array, trans bool) Array {
	vector := b.Spec.Rank() == 1
	if vector {
		b.Spec.Shape = []int{b.Shape()[0], 1}
	}
	leadA, _ := splitMatrix(a.Shape())
	leadB, matrix := splitMatrix(b.Shape())
	lead, _ := tensor.Broadcast(leadA, leadB)
	x := NewArray(append(lead, matrix...)...)
	n, m := matrix[0], matrix[1]
	Each(lead, func(of []int) {
		rows := make([][]float64, n) // of a and b, side by side
		for i := range n {
			for j := range n {
				at := slices.Concat(of, []int{i, j})
				if trans {
					at = slices.Concat(of, []int{j, i})
				}
				rows[i] = append(rows[i], a.At(at...))
			}
			for j := range m {
				rows[i] = append(rows[i], b.At(slices.Concat(of, []int{i, j})...))
			}
		}
		for k := range n {
			for i := range n {
				factor := rows[i][k] / rows[k][k]
				for j := range rows[i] {
					if i != k {
						rows[i][j] -= factor * rows[k][j]
					}
				}
			}
		}
		for i := range n {
			for j := range m {
				x.Set(rows[i][n+j]/rows[i][i], slices.Concat(of, []int{i, j})...)
			}
		}
	})
	if vector {
		x.Spec.Shape = x.Shape()[:len(x.Shape())-1]
	}
	return x
}
