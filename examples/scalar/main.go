// Command scalar shows the idea of automatic differentiation: compute a number
// by operations, then ask how it changes with what it was computed from. A
// derivative is again such a number, so it has a derivative too.
//
//	go run ./examples/scalar
package main

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

func main() {
	const at = 0.8
	x := autograd.Variable("x", tensor.Scalar(at))
	y := op.Mul(x, op.Exp(op.Neg(op.Mul(x, x)))) // y = x e^(-x²)
	first := derivative(y, x)
	second := derivative(first, x)

	e := math.Exp(-at * at)
	fmt.Println("            autograd   by hand")
	fmt.Printf("y       %12.8f  %.8f\n", y.Tensor().Item(), at*e)
	fmt.Printf("dy/dx   %12.8f  %.8f\n", first.Tensor().Item(), (1-2*at*at)*e)
	fmt.Printf("d²y/dx² %12.8f %.8f\n", second.Tensor().Item(), (4*at*at*at-6*at)*e)
}

// derivative returns dy/dx, with the memory of how it was computed.
func derivative(y, x *autograd.Value) *autograd.Value {
	one := op.Scalar(y.DType(), 1)
	return autograd.Backward([]*autograd.Value{y}, []*autograd.Value{one}, []*autograd.Value{x}, true)[0]
}
