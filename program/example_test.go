package program_test

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// A step of gradient descent is written down once and run as often as one likes.
// The program reads and assigns the variables that are listed.
func ExampleRecord() {
	w := autograd.Variable("w", tensor.Scalar(1.0))
	step := program.Record([]*autograd.Value{w}, []tensor.Spec{tensor.NewSpec(tensor.Float64)},
		func(in []*autograd.Value) []*autograd.Value {
			off := op.Sub(w, in[0])
			loss := op.Mul(off, off)
			g := autograd.Grad(loss, w)[0]
			autograd.Assign(w, op.Sub(w, op.Scale(g, 0.25)))
			return []*autograd.Value{loss}
		})
	for range 3 {
		loss := step.Run(tensor.Scalar(5.0))[0]
		fmt.Println("loss", loss.Item(), "w", w.Tensor().Item())
	}
	// Output:
	// loss 16 w 3
	// loss 4 w 4
	// loss 1 w 4.5
}
