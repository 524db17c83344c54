package nn_test

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// classifier is a model: any struct with layers in exported fields.
type classifier struct {
	Body nn.Sequential
	Head *nn.Linear
}

func (c *classifier) Forward(x *autograd.Value) *autograd.Value {
	return c.Head.Forward(c.Body.Forward(x))
}

func ExampleParameters() {
	r := random.New(1)
	m := &classifier{
		Body: nn.Sequential{nn.NewLinear(4, 8, r), nn.Func(op.ReLU), nn.NewDropout(0.1, r)},
		Head: nn.NewLinear(8, 3, r),
	}
	for _, p := range nn.Parameters(m) {
		fmt.Println(p.Name, p.Value.Spec())
	}
	nn.SetTraining(m, false) // before use: nothing is dropped
	fmt.Println(m.Forward(op.Zeros(tensor.Float32, 5, 4)).Spec())
	// Output:
	// body.0.weight float32[8 4]
	// body.0.bias float32[8]
	// head.weight float32[3 8]
	// head.bias float32[3]
	// float32[5 3]
}
