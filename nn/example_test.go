package nn_test

import (
	"fmt"
	"strings"

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

// A block of a ResNet: two convolutions beside a shortcut.
func ExampleResidual() {
	r := random.New(1)
	conv := func(in, out, kernel, stride int) *nn.Conv2D {
		cfg := op.Conv2DConfig{Stride: stride, Padding: kernel / 2}
		return nn.NewConv2D(in, out, kernel, cfg, r, nn.NoBias, nn.InitWeight(nn.KaimingNormal(nn.FanOut, nn.GainReLU)))
	}
	block := nn.Sequential{
		&nn.Residual{
			Body: nn.Sequential{
				conv(16, 32, 3, 2), nn.NewBatchNorm2D(32), nn.Func(op.ReLU),
				conv(32, 32, 3, 1), nn.NewBatchNorm2D(32),
			},
			Shortcut: nn.Sequential{conv(16, 32, 1, 2), nn.NewBatchNorm2D(32)},
		},
		nn.Func(op.ReLU),
	}
	fmt.Println(block.Forward(op.Zeros(tensor.Float32, 4, 16, 28, 28)).Spec())
	fmt.Println(nn.CountParameters(block), "parameters")
	nn.Freeze(block, func(name string) bool { return strings.Contains(name, ".shortcut.") })
	for _, p := range nn.Parameters(block) {
		fmt.Println(p.Name)
	}
	// Output:
	// float32[4 32 14 14]
	// 14528 parameters
	// 0.body.0.weight
	// 0.body.1.weight
	// 0.body.1.bias
	// 0.body.3.weight
	// 0.body.4.weight
	// 0.body.4.bias
}
