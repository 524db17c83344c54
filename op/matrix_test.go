package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

func TestMistakesOfMatrices(t *testing.T) {
	matrices := func(data ...float64) *autograd.Value {
		return autograd.Const(tensor.FromSlice(data, len(data)/4, 2, 2))
	}
	einsum := func(equation string, x ...*autograd.Value) func() { return func() { op.Einsum(equation, x...) } }
	wantMistakes(t, map[string]func(){
		"dot of float32[2 3], float32[3]: want two vectors":                                     func() { op.Dot(zeros(2, 3), zeros(3)) },
		"dot of float32[2], float32[3]: want as many columns":                                   func() { op.Dot(zeros(2), zeros(3)) },
		"outer of float32[], float32[3]: want two vectors":                                      func() { op.Outer(zeros(), zeros(3)) },
		"tril of float32[3]: want matrices [… m n]":                                             func() { op.Tril(zeros(3), 0) },
		"solve of float32[2 3], float32[2 3]: want square matrices":                             func() { op.Solve(zeros(2, 3), zeros(2, 3)) },
		"solve of float32[3 3], float32[2]: want square matrices":                               func() { op.Solve(zeros(3, 3), zeros(2)) },
		"solve: matrix 1 is singular":                                                           func() { op.Solve(matrices(1, 0, 0, 1, 1, 2, 2, 4, 0, 0, 0, 0), matrices(1, 2, 3, 4)) },
		"cholesky of float32[3]: want square matrices":                                          func() { op.Cholesky(zeros(3)) },
		"cholesky: matrix 1 is not positive definite":                                           func() { op.Cholesky(matrices(1, 0, 0, 1, 1, 2, 2, 1)) },
		"einsum of float32[2 3]: want 2 operands for \"ij,jk\", not 1":                          einsum("ij,jk", zeros(2, 3)),
		"einsum of float32[2 3]: want operand 0 to have the axes \"ijk\", not 2":                einsum("ijk", zeros(2, 3)),
		"einsum of float32[2 3]: want operand 0 to have the axes \"i\", not 2":                  einsum("i", zeros(2, 3)),
		"einsum of float32[2 3], float32[2 3]: want one size along the axes 'j'":                einsum("ij,jk", zeros(2, 3), zeros(2, 3)),
		"einsum of float32[2 3]: want an output of axes of the operands, each once, not \"ik\"": einsum("ij->ik", zeros(2, 3)),
		"einsum of float32[2 3]: want an output of axes of the operands, each once, not \"ii\"": einsum("ij->ii", zeros(2, 3)),
		"einsum of float32[2 3]: want letters for axes, and \"...\" once, not \"i1\"":           einsum("i1", zeros(2, 3)),
		"einsum of float32[2 3 4 5 6]: want operand 0 to have":                                  einsum("ij", zeros(2, 3, 4, 5, 6)),
	})
}

// Pivots: without them the first division would be by 0, the second by what rounding
// left.
func TestSolvePivots(t *testing.T) {
	a := autograd.Const(tensor.FromSlice([]float64{0, 1, 1, 0, 1e-20, 1, 1, 1}, 2, 2, 2))
	x := op.Solve(a, autograd.Const(tensor.FromSlice([]float64{1, 2}, 2))).Tensor()
	if want := tensor.FromSlice([]float64{2, 1, 1, 1}, 2, 2); !x.Equal(want) {
		t.Errorf("got %v, want %v", x, want)
	}
}
