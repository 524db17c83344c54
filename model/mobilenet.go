package model

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// MobileNetV1 is the network of Howard et al., "MobileNets: Efficient Convolutional
// Neural Networks for Mobile Vision Applications", 2017: convolutions of each channel
// by itself, and of 1×1 between channels. It takes images of any size.
type MobileNetV1 struct {
	Features nn.Sequential
	Fc       *nn.Linear
}

// MobileNetV1Config is the configuration of a MobileNetV1. Small: the first
// convolution has no stride.
type MobileNetV1Config struct{ ImageConfig }

// NewMobileNetV1 returns a network with parameters drawn from a seed: 4,231,976
// unless the configuration says otherwise.
func NewMobileNetV1(cfg MobileNetV1Config, seed uint64) *MobileNetV1 {
	return newMobileNetV1(cfg, &maker{seed: seed})
}

func newMobileNetV1(cfg MobileNetV1Config, m *maker) *MobileNetV1 {
	stride := 2
	if cfg.Small {
		stride = 1
	}
	v := &MobileNetV1{Features: m.convNorm(cfg.channels(), 32, 3, stride, 1, relu)}
	in := 32
	for _, layer := range []struct{ out, stride int }{
		{64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2},
		{512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1},
	} {
		v.Features = append(v.Features, m.convNorm(in, in, 3, layer.stride, in, relu)...)
		v.Features = append(v.Features, m.convNorm(in, layer.out, 1, 1, 1, relu)...)
		in = layer.out
	}
	v.Fc = m.linear(in, cfg.classes(), nn.InitWeight(nn.Normal(0, 0.01)), nn.InitBias(nn.Constant(0)))
	return v
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *MobileNetV1) Forward(x *autograd.Value) *autograd.Value {
	return m.Fc.Forward(op.GlobalAvgPool(m.Features.Forward(x)))
}

// MobileNetV2 is the network of Sandler et al., "MobileNetV2: Inverted Residuals and
// Linear Bottlenecks", 2018. It takes images of any size.
type MobileNetV2 struct {
	Features   nn.Sequential
	Classifier nn.Sequential
}

// MobileNetV2Config is the configuration of a MobileNetV2. Small: the first
// convolution has no stride.
type MobileNetV2Config struct{ ImageConfig }

// NewMobileNetV2 returns a network with parameters drawn from a seed as torchvision
// does: 3,504,872 unless the configuration says otherwise.
func NewMobileNetV2(cfg MobileNetV2Config, seed uint64) *MobileNetV2 {
	return newMobileNetV2(cfg, &maker{seed: seed})
}

func newMobileNetV2(cfg MobileNetV2Config, m *maker) *MobileNetV2 {
	stride := 2
	if cfg.Small {
		stride = 1
	}
	v := &MobileNetV2{Features: nn.Sequential{m.convNorm(cfg.channels(), 32, 3, stride, 1, relu6)}}
	in := 32
	for _, stage := range []struct{ expand, out, blocks, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for k := range stage.blocks {
			stride := stage.stride
			if k > 0 {
				stride = 1
			}
			v.Features = append(v.Features, newInvertedResidual(m, in, stage.out, stage.expand, stride))
			in = stage.out
		}
	}
	v.Features = append(v.Features, m.convNorm(in, 1280, 1, 1, 1, relu6))
	v.Classifier = nn.Sequential{
		m.dropout(0.2),
		m.linear(1280, cfg.classes(), nn.InitWeight(nn.Normal(0, 0.01)), nn.InitBias(nn.Constant(0))),
	}
	return v
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *MobileNetV2) Forward(x *autograd.Value) *autograd.Value {
	return m.Classifier.Forward(op.GlobalAvgPool(m.Features.Forward(x)))
}

// invertedResidual widens its input, convolves each channel by itself, and narrows
// it again, without a rectifier. Where input and output have the same shape it adds
// the input.
type invertedResidual struct {
	Conv nn.Sequential
	adds bool
}

func newInvertedResidual(m *maker, in, out, expand, stride int) *invertedResidual {
	b := &invertedResidual{adds: in == out && stride == 1}
	wide := in * expand
	if expand != 1 {
		b.Conv = append(b.Conv, m.convNorm(in, wide, 1, 1, 1, relu6))
	}
	b.Conv = append(b.Conv, m.convNorm(wide, wide, 3, stride, wide, relu6), m.convHe(wide, out, 1, 1, 1), m.norm(out))
	return b
}

// Forward maps [n in h w] to [n out h/stride w/stride].
func (b *invertedResidual) Forward(x *autograd.Value) *autograd.Value {
	y := b.Conv.Forward(x)
	if b.adds {
		y = op.Add(x, y)
	}
	return y
}
