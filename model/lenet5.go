// Package model has the networks of known papers, one file each.
package model

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// LeNet5 is the network of LeCun, Bottou, Bengio and Haffner, "Gradient-Based
// Learning Applied to Document Recognition", 1998, in its modern form: rectifiers
// for sigmoids, maximum pooling for sums, and all channels connected.
type LeNet5 struct {
	Conv1, Conv2  *nn.Conv2D
	Fc1, Fc2, Fc3 *nn.Linear
}

// NewLeNet5 returns a network for 28×28 images of one channel, with
// 61,706 + 85·(classes-10) parameters drawn from a seed as PyTorch would.
func NewLeNet5(classes int, seed uint64) *LeNet5 { return newLeNet5(classes, &maker{seed: seed}) }

func newLeNet5(classes int, m *maker) *LeNet5 {
	return &LeNet5{
		Conv1: m.conv(1, 6, 5, op.Conv2DConfig{Padding: 2}),
		Conv2: m.conv(6, 16, 5, op.Conv2DConfig{}),
		Fc1:   m.linear(400, 120),
		Fc2:   m.linear(120, 84),
		Fc3:   m.linear(84, classes),
	}
}

// Forward maps images [n 1 28 28] to scores [n classes].
func (m *LeNet5) Forward(x *autograd.Value) *autograd.Value {
	pool := op.Pool2DConfig{Kernel: 2}
	x = op.MaxPool2D(op.ReLU(m.Conv1.Forward(x)), pool)
	x = op.MaxPool2D(op.ReLU(m.Conv2.Forward(x)), pool)
	x = op.Flatten(x)
	x = op.ReLU(m.Fc1.Forward(x))
	x = op.ReLU(m.Fc2.Forward(x))
	return m.Fc3.Forward(x)
}
