package autograd_test

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

func ExampleGrad() {
	w := autograd.Variable("w", tensor.FromSlice([]float64{1, 2, 3}, 3))
	x := autograd.Const(tensor.FromSlice([]float64{4, 5, 6}, 3))
	loss := op.Sum(op.Mul(op.Mul(w, w), x)) // Σ w²x
	grads := autograd.Grad(loss, w)
	fmt.Println(grads[0].Tensor())
	// Output: float64[3] [8 20 36]
}

// With graph set, gradients have gradients: here those of x³.
func ExampleBackward() {
	x := autograd.Variable("x", tensor.Scalar(2.0))
	y := op.Mul(x, op.Mul(x, x))
	one := op.Scalar(tensor.Float64, 1)
	for range 3 {
		y = autograd.Backward([]*autograd.Value{y}, []*autograd.Value{one}, []*autograd.Value{x}, true)[0]
		fmt.Println(y.Tensor().Item())
	}
	// Output:
	// 12
	// 12
	// 6
}
