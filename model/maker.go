package model

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// maker makes the layers of a network, each with a random stream of its own.
type maker struct {
	seed, layers uint64
	blank        bool // parameters stay 0, for who asks only how many there are, or sets them all
}

func (m *maker) stream() *random.Stream {
	m.layers++
	return random.New(m.seed, m.layers-1)
}

// options adds to those of a layer with parameters.
func (m *maker) options(opts []nn.Option) []nn.Option {
	if !m.blank {
		return opts
	}
	return append(opts, nn.Blank)
}

func (m *maker) conv(in, out, kernel int, cfg op.Conv2DConfig, opts ...nn.Option) *nn.Conv2D {
	return nn.NewConv2D(in, out, kernel, cfg, m.stream(), m.options(opts)...)
}

func (m *maker) linear(in, out int, opts ...nn.Option) *nn.Linear {
	return nn.NewLinear(in, out, m.stream(), m.options(opts)...)
}

// norm normalises over the batch.
func (m *maker) norm(channels int, opts ...nn.Option) *nn.BatchNorm2D {
	return nn.NewBatchNorm2D(channels, opts...)
}

// convHe is a convolution that keeps the size but for its stride, without a bias,
// drawn as He et al., "Delving Deep into Rectifiers", 2015, with what goes back.
func (m *maker) convHe(in, out, kernel, stride, groups int) *nn.Conv2D {
	cfg := op.Conv2DConfig{Stride: stride, Padding: kernel / 2, Groups: groups}
	return m.conv(in, out, kernel, cfg, nn.NoBias, nn.InitWeight(nn.KaimingNormal(nn.FanOut, nn.GainReLU)))
}

// convNorm is convHe, normalised and activated.
func (m *maker) convNorm(in, out, kernel, stride, groups int, activation nn.Module) nn.Sequential {
	return nn.Sequential{m.convHe(in, out, kernel, stride, groups), m.norm(out), activation}
}

// layerNorm normalises over the last axis.
func (m *maker) layerNorm(width int, eps float64) *nn.LayerNorm {
	return nn.NewLayerNorm(width, nn.Eps(eps))
}

// parameter makes one that is no part of a layer.
func (m *maker) parameter(init nn.Initializer, shape ...int) *autograd.Value {
	r := m.stream()
	if m.blank {
		return autograd.Blank("", tensor.Float32, shape...)
	}
	t := tensor.New(tensor.Float32, shape...)
	init(t, r)
	return autograd.Variable("", t)
}

func (m *maker) dropout(p float64) *nn.Dropout { return nn.NewDropout(p, m.stream()) }

// ImageConfig is what an image classifier is made for.
type ImageConfig struct {
	Channels int  // of an image; 0 means 3
	Classes  int  // 0 means 1000
	Small    bool // the images have fewer than 64 rows or columns: the first layers do not shrink them, as is usual for CIFAR
}

func (c ImageConfig) channels() int { return cmp.Or(c.Channels, 3) }

func (c ImageConfig) classes() int { return cmp.Or(c.Classes, 1000) }

var (
	relu  = nn.Func(op.ReLU)
	relu6 = nn.Func(op.ReLU6)
)
