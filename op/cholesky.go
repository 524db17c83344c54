package op

import (
	"errors"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Cholesky returns the lower triangle l with l·lᵀ = a, for positive definite matrices
// a [… n n], of which the symmetric part (a + aᵀ)/2 counts. It is worked out in
// float64, for small matrices. A matrix that is not positive definite panics.
func Cholesky(a *autograd.Value) *autograd.Value { return autograd.Apply1(cholesky{}, a) }

type cholesky struct{}

func (cholesky) Name() string { return "cholesky" }

func (cholesky) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if len(in) == 1 {
		if rank, shape := in[0].Rank(), in[0].Shape; rank < 2 || shape[rank-1] != shape[rank-2] {
			return nil, errors.New("want square matrices [… n n]")
		}
	}
	return sameAsInput(in)
}

func (o cholesky) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the matrices.
func (cholesky) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareCholesky[float32](in[0], out[0]) },
		func() func() { return prepareCholesky[float64](in[0], out[0]) })
}

func prepareCholesky[T kernel.Float](in, out *tensor.Tensor) func() {
	a, l := tensor.Data[T](in), tensor.Data[T](out)
	lead, matrix := splitMatrix(in.Shape())
	n := matrix[0]
	return eachMatrix("cholesky", "is not positive definite", tensor.Elements(lead), n*n*n, n*n, func(number int, m []float64) bool {
		toFloat64(m, a[number*n*n:])
		ok := factor(m, n)
		fromFloat64(l[number*n*n:], m)
		return ok
	})
}

// factor makes the symmetric part of a [n n] its lower factor, row by row. Each
// element subtracts its products in their order.
func factor(a []float64, n int) bool {
	for i := range n {
		row := a[i*n:][:n]
		for j := range i + 1 {
			sum := 0.5 * (row[j] + a[j*n+i])
			for k := range j {
				sum -= float64(row[k] * a[j*n+k])
			}
			if j < i {
				row[j] = sum / a[j*n+j]
				continue
			}
			if sum <= 0 {
				return false
			}
			row[j] = math.Sqrt(sum)
		}
	}
	for i := range n {
		clear(a[i*n+i+1 : (i+1)*n])
	}
	return true
}

// Backward returns the symmetric part of l⁻ᵀ·Φ(lᵀ·grad)·l⁻¹, where Φ keeps the lower
// triangle and halves its diagonal: Murray, "Differentiation of the Cholesky
// Decomposition", 2016.
func (cholesky) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	l := call.Out[0]
	n := l.Shape()[len(l.Shape())-1]
	half := tensor.New(l.DType(), n, n)
	for i := range n {
		row := half.Slice(0, i, i+1)
		row.Slice(1, 0, i).CopyFrom(tensor.Full(l.DType(), 1, 1, i))
		row.Slice(1, i, i+1).CopyFrom(tensor.Full(l.DType(), 0.5, 1, 1))
	}
	phi := Mul(matMulT(l, grad[0], true, false), autograd.Const(half))
	left := solveT(l, phi, true)
	s := solveT(l, Transpose(left, -2, -1), true) // the transpose of left·l⁻¹
	return []*autograd.Value{Scale(Add(s, Transpose(s, -2, -1)), 0.5)}
}

var _ = register(Entry{
	Name: "cholesky", Kind: Matrix, Formula: "the lower l with l·lᵀ = a", Call: "Cholesky(a)", Shapes: "[… n n] → [… n n]", Bound: 4e-6,
	Whole: "one matrix after the other",
	Reference: PerElement(func(_ Operation, in []Array, at []int) float64 {
		lead, matrix := splitMatrix(at)
		var element func(i, j int) float64
		element = func(i, j int) float64 {
			if i < j {
				return 0
			}
			sum := in[0].At(slices.Concat(lead, []int{i, j})...)
			for k := range j {
				sum -= element(i, k) * element(j, k)
			}
			if i == j {
				return math.Sqrt(sum)
			}
			return sum / element(j, j)
		}
		return element(matrix[0], matrix[1])
	}),
	Cases: []Case{
		{cholesky{}, []Arg{In(3, 3).Definite()}},
		{cholesky{}, []Arg{In(2, 2, 2).Definite()}},
		{cholesky{}, []Arg{In(5, 5).Definite()}},
		{cholesky{}, []Arg{In(1, 3, 1, 1).Definite()}},
		{cholesky{}, []Arg{In(3, 3, 3).Definite()}},
		{cholesky{}, []Arg{In(2, 0, 0).Definite()}},
	},
})
