package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Axes without elements may lie beside axes of so many that loops share them out.
func TestEmptyAxesBesideLargeOnes(t *testing.T) {
	for _, shape := range [][]int{{0, 19, 19}, {0, 300}, {3, 0, 300}, {2, 0, 400, 300}, {0, 70_000}, {70_000, 0}} {
		x := autograd.Const(tensor.New(tensor.Float32, shape...))
		for axis := range shape {
			op.CumSum(x, axis)
			op.Prod(x, axis)
			op.Sum(x, axis)
			op.LogSumExp(x, axis)
			op.SoftmaxAlong(x, axis)
			op.LogSoftmaxAlong(x, axis)
			op.Any(op.Greater(x, x), axis)
			op.Sort(x, axis, op.Ascending)
			op.Flip(x, axis)
		}
		if len(shape) == 4 {
			op.LocalResponseNorm(x, op.LocalResponseNormConfig{Size: 3})
		}
	}
}
