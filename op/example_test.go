package op_test

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Shapes that differ are broadcast as NumPy does it: here a row and a column.
func ExampleAdd() {
	row := autograd.Const(tensor.FromSlice([]float32{1, 2, 3}, 3))
	column := autograd.Const(tensor.FromSlice([]float32{10, 20}, 2, 1))
	fmt.Println(op.Add(row, column).Tensor())
	// Output:
	// float32[2 3] [[11 12 13]
	//  [21 22 23]]
}

// The loss of each example, as scores and the index of its class give it.
func ExampleCrossEntropy() {
	scores := autograd.Const(tensor.FromSlice([]float64{
		9, 0, 0,
		0, 0, 0,
	}, 2, 3))
	classes := autograd.Const(tensor.FromSlice([]int64{0, 2}, 2))
	loss := op.CrossEntropy(scores, classes)
	fmt.Println(loss.Tensor())
	fmt.Println(op.Mean(loss).Tensor())
	// Output:
	// float64[2] [0.00024679 1.0986]
	// float64[] 0.54943
}

// A mask keeps what is above the diagonal out of a softmax.
func ExampleWhere() {
	scores := autograd.Const(tensor.FromSlice([]float64{
		1, 5, 5,
		1, 1, 5,
		1, 1, 1,
	}, 3, 3))
	position := autograd.Const(tensor.FromSlice([]int64{0, 1, 2}, 3))
	seen := op.LessEqual(position, op.Reshape(position, 3, 1))
	masked := op.Where(seen, scores, op.Scalar(tensor.Float64, math.Inf(-1)))
	fmt.Println(op.Softmax(masked).Tensor())
	// Output:
	// float64[3 3] [[1 0 0]
	//  [0.5 0.5 0]
	//  [0.33333 0.33333 0.33333]]
}

// Half of the channels say how much of the others passes.
func ExampleGLU() {
	x := autograd.Const(tensor.FromSlice([]float64{1, 2, 0, 1000}, 1, 4))
	fmt.Println(op.GLU(x, 1).Tensor())
	// Output: float64[1 2] [[0.5 2]]
}
