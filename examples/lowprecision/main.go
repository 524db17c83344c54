// Command lowprecision trains the same network on drawn characters in formats from float32 down to
// four bits: the products of each step read numbers that are rounded to the format, forward
// and backward, and the parameters stay float32.
//
//	go run ./examples/lowprecision
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
)

func main() {
	set := glyphs.New(1280, 1, glyphs.Train)
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: 64, Shuffle: true, Seed: 1, Mean: train.Mean, Std: train.Std})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range []precision.Policy{precision.FP32, precision.MXFP8, precision.NVFP4, precision.MXFP4} {
		loss, err := run(loader, p)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-6v  loss of the last epoch %.3f\n", p, loss)
	}
}

// run trains LeNet-5 for three epochs and returns the mean loss of the last.
func run(loader *data.Loader, p precision.Policy) (mean float64, err error) {
	net := model.NewLeNet5(47, 1)
	sgd, err := optim.NewSGD(nn.Parameters(net), optim.SGDConfig{LR: 0.02, Momentum: 0.9})
	if err != nil {
		return 0, err
	}
	step := func(in []*autograd.Value) []*autograd.Value {
		loss := op.Mean(op.CrossEntropy(net.Forward(in[0]), in[1]))
		sgd.Step(autograd.Grad(loss, nn.Values(nn.Parameters(net))...))
		return []*autograd.Value{loss}
	}
	variables := nn.Values(append(nn.Variables(net), sgd.State()...))
	batch := []tensor.Spec{tensor.NewSpec(tensor.Float32, 64, 1, 28, 28), tensor.NewSpec(tensor.Int64, 64)}

	// The step is recorded as if in float32, and written down anew with roundings.
	inFewBits := precision.NewTraining(p, 1).Rewrite(autograd.Record(variables, batch, step))
	program := program.Compile(inFewBits)
	for epoch := range 3 {
		mean = 0
		for b, err := range loader.Batches(context.Background(), epoch) {
			if err != nil {
				return 0, err
			}
			mean += program.Run(b.Images, b.Labels)[0].Item() / float64(loader.Len())
		}
	}
	return mean, nil
}
