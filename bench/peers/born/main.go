// Command born trains LeNet-5 with Born: its CPU backend, SGD with momentum.
package main

import (
	"log"
	"slices"

	"github.com/born-ml/born/autodiff"
	"github.com/born-ml/born/backend/cpu"
	"github.com/born-ml/born/nn"
	"github.com/born-ml/born/optim"
	"github.com/born-ml/born/tensor"

	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/internal/measure"
)

type backend = *autodiff.Backend[*cpu.Backend]

// lenet5 is the network. Born's Sequential takes no convolutions.
type lenet5 struct {
	conv1, conv2  *nn.Conv2D[backend]
	fc1, fc2, fc3 *nn.Linear[backend]
	relu          *nn.ReLU[backend]
	pool          *nn.MaxPool2D[backend]
}

func newLeNet5(b backend) *lenet5 {
	return &lenet5{
		conv1: nn.NewConv2D(1, 6, 5, 5, 1, 2, true, b),
		conv2: nn.NewConv2D(6, 16, 5, 5, 1, 0, true, b),
		fc1:   nn.NewLinear(400, 120, b),
		fc2:   nn.NewLinear(120, 84, b),
		fc3:   nn.NewLinear(84, wire.Classes, b),
		relu:  nn.NewReLU[backend](),
		pool:  nn.NewMaxPool2D(2, 2, b),
	}
}

func (m *lenet5) forward(x *tensor.Tensor[float32, backend]) *tensor.Tensor[float32, backend] {
	x = m.pool.Forward(m.relu.Forward(m.conv1.Forward(x)))
	x = m.pool.Forward(m.relu.Forward(m.conv2.Forward(x)))
	x = x.Reshape(wire.Batch, 400)
	x = m.relu.Forward(m.fc1.Forward(x))
	x = m.relu.Forward(m.fc2.Forward(x))
	return m.fc3.Forward(x)
}

func (m *lenet5) parameters() []*nn.Parameter[backend] {
	return slices.Concat(m.conv1.Parameters(), m.conv2.Parameters(),
		m.fc1.Parameters(), m.fc2.Parameters(), m.fc3.Parameters())
}

func main() {
	b := autodiff.New(cpu.New())
	net := newLeNet5(b)
	sgd := optim.NewSGD(net.parameters(),
		optim.SGDConfig{LR: measure.LearningRate, Momentum: measure.Momentum}, b)
	b.Tape().StartRecording()
	next := batches(b)
	wire.Serve(func() float32 {
		images, labels := next()
		sgd.ZeroGrad()
		scores := net.forward(images)
		loss := tensor.New[float32](b.CrossEntropy(scores.Raw(), labels.Raw()), b)
		ones := tensor.Ones[float32](loss.Shape(), b)
		sgd.Step(b.Tape().Backward(ones.Raw(), b))
		b.Tape().Clear()
		return loss.Raw().AsFloat32()[0]
	})
}

// batches returns what hands out one batch after the other.
func batches(b backend) func() (*tensor.Tensor[float32, backend], *tensor.Tensor[int32, backend]) {
	type batch struct {
		images *tensor.Tensor[float32, backend]
		labels *tensor.Tensor[int32, backend]
	}
	var all []batch
	pixels, classes := wire.Images(measure.Examples), wire.Labels[int32](measure.Examples)
	for at := 0; at < measure.Examples; at += wire.Batch {
		images, err := tensor.FromSlice(pixels[at*784:(at+wire.Batch)*784], tensor.Shape{wire.Batch, 1, 28, 28}, b)
		if err != nil {
			log.Fatal(err)
		}
		labels, err := tensor.FromSlice(classes[at:at+wire.Batch], tensor.Shape{wire.Batch}, b)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, batch{images, labels})
	}
	at := -1
	return func() (*tensor.Tensor[float32, backend], *tensor.Tensor[int32, backend]) {
		at = (at + 1) % len(all)
		return all[at].images, all[at].labels
	}
}
