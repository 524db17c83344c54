// Command customop adds an operation from outside of the library: what it
// computes, its gradient in terms of operations, and a check of that gradient.
//
//	go run ./examples/customop
package main

import (
	"errors"
	"fmt"
	"log"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// charbonnier is the loss of Charbonnier et al., "Two deterministic half-quadratic
// regularization algorithms for computed imaging", 1994: like x²/2 near 0, like
// |x| far from it.
type charbonnier struct{}

// Charbonnier returns √(1 + x²) - 1.
func Charbonnier(x *autograd.Value) *autograd.Value { return autograd.Apply1(charbonnier{}, x) }

func (charbonnier) Name() string { return "charbonnier" }

func (charbonnier) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if len(in) != 1 || !in[0].DType.IsFloat() {
		return nil, errors.New("want one float input")
	}
	return in, nil
}

func (charbonnier) Forward(in, out []*tensor.Tensor) {
	if out[0].DType() == tensor.Float64 {
		forward[float64](out[0], in[0])
	} else {
		forward[float32](out[0], in[0])
	}
}

func forward[T float32 | float64](out, in *tensor.Tensor) {
	y := tensor.Data[T](out)
	for i, v := range tensor.Data[T](in) {
		x := float64(v)
		y[i] = T(math.Sqrt(1+float64(x*x)) - 1) // converted, so that no compiler fuses x*x+1
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

	report := gradcheck.Check(op.Entry{
		Name: "charbonnier",
		Cases: []op.Case{
			{Op: charbonnier{}, In: []op.Arg{op.In(3, 1, 4)}},
			{Op: charbonnier{}, In: []op.Arg{op.In(2, 0)}},
		},
	})
	if !report.Pass() {
		log.Fatal(report.Failures)
	}
	fmt.Println("its first and second derivatives are those of the function")
}
