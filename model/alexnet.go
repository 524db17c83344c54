package model

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// AlexNet is the network of Krizhevsky, "One Weird Trick for Parallelizing
// Convolutional Neural Networks", 2014: that of Krizhevsky, Sutskever and Hinton,
// 2012, on one processor. It takes images of at least 63×63.
type AlexNet struct {
	Features   nn.Sequential
	Classifier nn.Sequential
}

// AlexNetConfig is the configuration of an AlexNet.
type AlexNetConfig struct {
	ImageConfig     // Small changes nothing
	Hidden      int // units of the dense layers; 0 means 4096
}

// NewAlexNet returns a network with parameters drawn from a seed as PyTorch would:
// 61,100,840 unless the configuration says otherwise.
func NewAlexNet(cfg AlexNetConfig, seed uint64) *AlexNet { return newAlexNet(cfg, &maker{seed: seed}) }

func newAlexNet(cfg AlexNetConfig, m *maker) *AlexNet {
	conv := func(in, out, kernel, stride, padding int) nn.Module {
		return m.conv(in, out, kernel, op.Conv2DConfig{Stride: stride, Padding: padding})
	}
	pool := nn.MaxPool2D{Config: op.Pool2DConfig{Kernel: 3, Stride: 2}}
	hidden := cmp.Or(cfg.Hidden, 4096)
	return &AlexNet{
		Features: nn.Sequential{
			conv(cfg.channels(), 64, 11, 4, 2), relu, pool,
			conv(64, 192, 5, 1, 2), relu, pool,
			conv(192, 384, 3, 1, 1), relu,
			conv(384, 256, 3, 1, 1), relu,
			conv(256, 256, 3, 1, 1), relu, pool,
		},
		Classifier: nn.Sequential{
			m.dropout(0.5), m.linear(256*6*6, hidden), relu,
			m.dropout(0.5), m.linear(hidden, hidden), relu,
			m.linear(hidden, cfg.classes()),
		},
	}
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *AlexNet) Forward(x *autograd.Value) *autograd.Value {
	x = op.AdaptiveAvgPool2D(m.Features.Forward(x), 6, 6)
	return m.Classifier.Forward(op.Flatten(x))
}
