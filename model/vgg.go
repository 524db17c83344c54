package model

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// VGG is a network of Simonyan and Zisserman, "Very Deep Convolutional Networks for
// Large-Scale Image Recognition", 2014. It takes images of at least 32×32.
type VGG struct {
	Features   nn.Sequential
	Classifier nn.Sequential
}

// VGGConfig is the configuration of a VGG.
type VGGConfig struct {
	ImageConfig     // Small changes nothing
	Layers      int // 11 or 16
	Hidden      int // units of the dense layers; 0 means 4096
}

// The channels of the convolutions between poolings, by the number of layers.
var vggChannels = map[int][][]int{
	11: {{64}, {128}, {256, 256}, {512, 512}, {512, 512}},
	16: {{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}},
}

// NewVGG returns a network with parameters drawn from a seed as torchvision does:
// 132,863,336 of 11 layers and 138,357,544 of 16, unless the configuration says
// otherwise.
func NewVGG(cfg VGGConfig, seed uint64) *VGG { return newVGG(cfg, &maker{seed: seed}) }

func newVGG(cfg VGGConfig, m *maker) *VGG {
	stages, ok := vggChannels[cfg.Layers]
	if !ok {
		tensor.Fail("model.NewVGG", nil, "want 11 or 16 layers, not %d", cfg.Layers)
	}
	var v VGG
	in := cfg.channels()
	for _, stage := range stages {
		for _, out := range stage {
			conv := m.conv(in, out, 3, op.Conv2DConfig{Padding: 1}, nn.InitWeight(nn.KaimingNormal(nn.FanOut, nn.GainReLU)), nn.InitBias(nn.Constant(0)))
			v.Features = append(v.Features, conv, relu)
			in = out
		}
		v.Features = append(v.Features, nn.MaxPool2D{Config: op.Pool2DConfig{Kernel: 2}})
	}
	linear := func(in, out int) nn.Module {
		return m.linear(in, out, nn.InitWeight(nn.Normal(0, 0.01)), nn.InitBias(nn.Constant(0)))
	}
	hidden := cmp.Or(cfg.Hidden, 4096)
	v.Classifier = nn.Sequential{
		linear(512*7*7, hidden), relu, m.dropout(0.5),
		linear(hidden, hidden), relu, m.dropout(0.5),
		linear(hidden, cfg.classes()),
	}
	return &v
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *VGG) Forward(x *autograd.Value) *autograd.Value {
	x = op.AdaptiveAvgPool2D(m.Features.Forward(x), 7, 7)
	return m.Classifier.Forward(op.Flatten(x))
}
