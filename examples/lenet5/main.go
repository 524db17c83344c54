// Command lenet5 trains LeNet-5 on drawn characters of 47 classes.
//
//	go run ./examples/lenet5
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/train"
)

func main() {
	r := random.New(1)
	pool := nn.MaxPool2D{Config: op.Pool2DConfig{Kernel: 2}}
	net := nn.Sequential{ // images [n 1 28 28] to scores [n 47]
		nn.NewConv2D(1, 6, 5, op.Conv2DConfig{Padding: 2}, r), nn.Func(op.ReLU), pool,
		nn.NewConv2D(6, 16, 5, op.Conv2DConfig{}, r), nn.Func(op.ReLU), pool, nn.Func(op.Flatten),
		nn.NewLinear(400, 120, r), nn.Func(op.ReLU),
		nn.NewLinear(120, 84, r), nn.Func(op.ReLU),
		nn.NewLinear(84, 47, r),
	}
	sgd, err := optim.NewSGD(nn.Parameters(net), optim.SGDConfig{LR: 0.02, Momentum: 0.9})
	if err != nil {
		log.Fatal(err)
	}
	_, err = train.Run(context.Background(), train.Config{
		Model: net, Optimizer: sgd, Epochs: 6, Batch: 64,
		Train: glyphs.New(20000, 1, glyphs.Train), Test: glyphs.New(4000, 1, glyphs.Test),
		Mean: train.Mean, Std: train.Std,
		Callbacks: []train.Callback{train.OnEpoch(func(e train.Epoch) error {
			fmt.Printf("epoch %d  loss %.3f  test accuracy %.1f %%\n", e.Epoch, e.TrainLoss, 100*e.TestAccuracy)
			return nil
		})},
	})
	if err != nil {
		log.Fatal(err)
	}
}
