// Command gomlx trains LeNet-5 with GoMLX and its backend in Go. Its SGD has no
// momentum, so it does less than the others.
package main

import (
	"log"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/internal/measure"
)

// lenet5 has its channels last, the layout that GoMLX prefers.
func lenet5(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
	x := inputs[0]
	x = layers.Convolution(scope.In("conv1"), x).Channels(6).KernelSize(5).PadSame().Done()
	x = graph.MaxPool(activation.Relu(x)).Window(2).Done()
	x = layers.Convolution(scope.In("conv2"), x).Channels(16).KernelSize(5).NoPadding().Done()
	x = graph.MaxPool(activation.Relu(x)).Window(2).Done()
	x = graph.Reshape(x, wire.Batch, 400)
	x = activation.Relu(layers.Dense(scope.In("fc1"), x, true, 120))
	x = activation.Relu(layers.Dense(scope.In("fc2"), x, true, 84))
	return []*graph.Node{layers.Dense(scope.In("fc3"), x, true, wire.Classes)}
}

func main() {
	backend, err := gobackend.New("")
	if err != nil {
		log.Fatal(err)
	}
	sgd := optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(measure.LearningRate).Done()
	trainer := train.NewTrainer(backend, model.NewStore(), lenet5, loss.SparseCategoricalCrossEntropyLogits, sgd, nil, nil)
	pixels, classes := wire.Images(measure.Examples), wire.Labels[int32](measure.Examples)
	at := 0
	wire.Serve(func() float32 {
		if at == measure.Examples {
			at = 0
		}
		from := at
		at += wire.Batch
		// A step takes the tensors over, so each has its own.
		images := tensors.FromFlatDataAndDimensions(pixels[from*784:at*784], wire.Batch, 28, 28, 1)
		labels := tensors.FromFlatDataAndDimensions(classes[from:at], wire.Batch, 1)
		metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{images}, Labels: []*tensors.Tensor{labels}})
		if err != nil {
			log.Fatal(err)
		}
		return tensors.ToScalar[float32](metrics[0])
	})
}
