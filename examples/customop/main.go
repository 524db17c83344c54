// Command customop adds an operation from outside of the library: what it
// computes, its gradient in terms of operations, and checks of values, gradients
// and recorded programs.
//
//	go run ./examples/customop
package main

import (
	"fmt"
	"log"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// charbonnier is the loss of Charbonnier et al., "Two deterministic half-quadratic
// regularization algorithms for computed imaging", 1994: like x²/2 near 0, like
// |x| far from it.
type charbonnier struct{}

// Charbonnier returns √(1 + x²) - 1.
func Charbonnier(x *autograd.Value) *autograd.Value { return autograd.Apply1(charbonnier{}, x) }

func (charbonnier) Name() string { return "charbonnier" }

func (charbonnier) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return op.InferPointwise(in, 1) }

func (o charbonnier) Forward(in, out []*tensor.Tensor) { op.ForwardPointwise(o, in, out) }

// Kernels make it an operation that a recorded program runs in blocks and loops.
func (charbonnier) Kernels() op.Kernels { return op.Kernels{F32: loop[float32], F64: loop[float64]} }

func loop[T float32 | float64](y, x, _, _ []T) {
	for i, v := range x {
		v := float64(v)
		y[i] = T(math.Sqrt(1+float64(v*v)) - 1) // converted, so that no compiler fuses v*v+1
	}
}

// Backward returns grad · x/√(1 + x²), by operations: so it has a gradient too.
func (charbonnier) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, y := call.In[0], call.Out[0]
	root := op.Add(y, op.Scalar(y.DType(), 1))
	return []*autograd.Value{op.Mul(grad[0], op.Div(x, root))}
}

func main() {
	x := autograd.Variable("x", tensor.FromSlice([]float64{-3, -0.1, 0, 2}, 4))
	y := Charbonnier(x)
	fmt.Println("y     ", y.Tensor())
	fmt.Println("dy/dx ", autograd.Grad(op.Sum(y), x)[0].Tensor())

	entry := op.Entry{
		Name:      "charbonnier",
		Reference: op.OfOne(func(x float64) float64 { return math.Hypot(1, x) - 1 }),
		Cases: []op.Case{
			{Op: charbonnier{}, In: []op.Arg{op.In(3, 1, 4)}},
			{Op: charbonnier{}, In: []op.Arg{op.In(2, 0)}},
		},
	}
	if failures := append(gradcheck.Check(entry).Failures, program.Check(entry)...); len(failures) > 0 {
		log.Fatal(failures)
	}
	fmt.Println("its values and derivatives are right, and programs give the same bits")
}
