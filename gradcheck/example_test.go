package gradcheck_test

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// A function made of operations is checked in one call.
func ExampleCheckFunction() {
	swish := func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{op.Mul(in[0], op.Sigmoid(in[0]))}
	}
	report := gradcheck.CheckFunction("swish", swish, op.In(3, 4))
	fmt.Println(report.Pass())
	// Output: true
}

// square is an operation of the user's own, whose gradient has lost a factor.
type square struct{}

func (square) Name() string { return "square" }

func (square) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return in, nil }

func (square) Forward(in, out []*tensor.Tensor) {
	out[0].CopyFrom(op.Mul(autograd.Const(in[0]), autograd.Const(in[0])).Tensor())
}

func (square) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{op.Mul(grad[0], call.In[0])} // ought to be twice that
}

// An operation of the user's own goes through the same door as the library's.
// The program of examples/customop has one that is right.
func ExampleCheck() {
	report := gradcheck.Check(op.Entry{
		Name: "square",
		Cases: []op.Case{
			{Op: square{}, In: []op.Arg{op.In(2, 1)}},
			{Op: square{}, In: []op.Arg{op.In(0)}},
		},
	})
	fmt.Println(report.Failures[0])
	// Output: case 0 {}: first derivative is off by 0.5, more than 1e-06
}
