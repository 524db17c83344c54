// Command customlayer writes a layer of its own, squeeze-and-excitation (Hu et al., 2018), checks its
// derivatives, and trains a network with it. For an operation of one's own see examples/customop.
//
//	go run ./examples/customlayer
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/train"
)

// Squeeze scales each channel by what the means of all channels say of it. A layer is a struct with a method
// Forward; its parameters are found in its exported fields, and have the fields' names in checkpoints.
type Squeeze struct {
	Down, Up *nn.Linear
}

// NewSqueeze returns a layer of c channels.
func NewSqueeze(c, hidden int, r *random.Stream) *Squeeze {
	return &Squeeze{Down: nn.NewLinear(c, hidden, r), Up: nn.NewLinear(hidden, c, r)}
}

// Forward maps [n c h w] to the same shape.
func (s *Squeeze) Forward(x *autograd.Value) *autograd.Value {
	n, c := x.Shape()[0], x.Shape()[1]
	means := op.Mean(x, 2, 3)
	scale := op.Sigmoid(s.Up.Forward(op.ReLU(s.Down.Forward(means))))
	return op.Mul(x, op.Reshape(scale, n, c, 1, 1))
}

func main() {
	r := random.New(1)
	report := gradcheck.CheckFunction("squeeze", func(in []*autograd.Value) []*autograd.Value {
		s := &Squeeze{Down: &nn.Linear{Weight: in[1], Bias: in[2]}, Up: &nn.Linear{Weight: in[3], Bias: in[4]}}
		return []*autograd.Value{s.Forward(in[0])}
	}, op.In(2, 3, 4, 4), op.In(2, 3), op.In(2), op.In(3, 2), op.In(3))
	if len(report.Failures) > 0 {
		log.Fatal(report.Failures)
	}
	fmt.Printf("derivatives agree with central differences to %.1g\n", report.First)

	net := nn.Sequential{
		nn.NewConv2D(1, 8, 5, op.Conv2DConfig{Padding: 2, Stride: 2}, r), nn.Func(op.ReLU), NewSqueeze(8, 4, r),
		nn.NewConv2D(8, 16, 5, op.Conv2DConfig{Stride: 2}, r), nn.Func(op.ReLU), NewSqueeze(16, 4, r),
		nn.Func(op.Flatten), nn.NewLinear(400, len(glyphs.Labels()), r),
	}
	for _, p := range nn.Parameters(net)[2:6] {
		fmt.Println(p.Name, p.Value.Shape())
	}
	adam, err := optim.NewAdam(nn.Parameters(net), optim.AdamConfig{LR: 0.003})
	if err != nil {
		log.Fatal(err)
	}
	_, err = train.Run(context.Background(), train.Config{
		Model: net, Optimizer: adam, Epochs: 3, Batch: 64, Mean: train.Mean, Std: train.Std,
		Train: glyphs.New(10000, 1, glyphs.Train), Test: glyphs.New(2000, 1, glyphs.Test),
		Callbacks: []train.Callback{train.OnEpoch(func(e train.Epoch) error {
			fmt.Printf("epoch %d  test accuracy %.1f %%\n", e.Epoch, 100*e.TestAccuracy)
			return nil
		})},
	})
	if err != nil {
		log.Fatal(err)
	}
}
