package model

import (
	"cmp"
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// DenseNet is a network of Huang, Liu, van der Maaten and Weinberger, "Densely
// Connected Convolutional Networks", 2016: each layer sees what all layers before
// it made. It takes images of any size.
type DenseNet struct {
	Features   denseFeatures
	Classifier *nn.Linear
}

type denseFeatures struct {
	Conv0                                              *nn.Conv2D
	Norm0                                              *nn.BatchNorm2D
	Denseblock1, Denseblock2, Denseblock3, Denseblock4 denseBlock
	Transition1, Transition2, Transition3              *transition
	Norm5                                              *nn.BatchNorm2D
	small                                              bool
}

// DenseNetConfig is the configuration of a DenseNet.
type DenseNetConfig struct {
	ImageConfig       // Small: a first convolution of 3×3 in place of 7×7 with stride 2 and a pooling
	Growth      int   // channels that a layer adds; 0 means 32
	Blocks      []int // layers of each of four blocks; nil means 6, 12, 24, 16: those of DenseNet-121
}

// NewDenseNet returns a network with parameters drawn from a seed as torchvision
// does: 7,978,856 unless the configuration says otherwise.
func NewDenseNet(cfg DenseNetConfig, seed uint64) *DenseNet {
	return newDenseNet(cfg, &maker{seed: seed})
}

func newDenseNet(cfg DenseNetConfig, m *maker) *DenseNet {
	growth, layers := cmp.Or(cfg.Growth, 32), cfg.Blocks
	if layers == nil {
		layers = []int{6, 12, 24, 16}
	}
	if len(layers) != 4 {
		tensor.Fail("model.NewDenseNet", nil, "want the layers of 4 blocks, not of %d", len(layers))
	}
	kernel, stride := 7, 2
	if cfg.Small {
		kernel, stride = 3, 1
	}
	channels := 2 * growth
	d := &DenseNet{Features: denseFeatures{
		Conv0: denseConv(m, cfg.channels(), channels, kernel, stride),
		Norm0: m.norm(channels),
		small: cfg.Small,
	}}
	f := &d.Features
	for i, block := range []*denseBlock{&f.Denseblock1, &f.Denseblock2, &f.Denseblock3, &f.Denseblock4} {
		for range layers[i] {
			*block = append(*block, newDenseLayer(m, channels, growth))
			channels += growth
		}
		if i < 3 {
			*[]**transition{&f.Transition1, &f.Transition2, &f.Transition3}[i] = &transition{
				Norm: m.norm(channels), Conv: denseConv(m, channels, channels/2, 1, 1),
			}
			channels /= 2
		}
	}
	f.Norm5 = m.norm(channels)
	d.Classifier = m.linear(channels, cfg.classes(), nn.InitBias(nn.Constant(0)))
	return d
}

func denseConv(m *maker, in, out, kernel, stride int) *nn.Conv2D {
	return m.conv(in, out, kernel, op.Conv2DConfig{Stride: stride, Padding: kernel / 2}, nn.NoBias,
		nn.InitWeight(nn.KaimingNormal(nn.FanIn, nn.GainReLU)))
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *DenseNet) Forward(x *autograd.Value) *autograd.Value {
	f := &m.Features
	x = op.ReLU(f.Norm0.Forward(f.Conv0.Forward(x)))
	if !f.small {
		x = op.MaxPool2D(x, op.Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1})
	}
	x = f.Transition1.Forward(f.Denseblock1.Forward(x))
	x = f.Transition2.Forward(f.Denseblock2.Forward(x))
	x = f.Transition3.Forward(f.Denseblock3.Forward(x))
	x = op.ReLU(f.Norm5.Forward(f.Denseblock4.Forward(x)))
	return m.Classifier.Forward(op.GlobalAvgPool(x))
}

// denseBlock is layers each of which adds channels to what it is given.
type denseBlock []*denseLayer

// ElementName is torchvision's name of a layer.
func (denseBlock) ElementName(i int) string { return fmt.Sprintf("denselayer%d", i+1) }

// Forward maps [n c h w] to [n c+layers·growth h w].
func (b denseBlock) Forward(x *autograd.Value) *autograd.Value {
	for _, layer := range b {
		x = op.Concat(1, x, layer.Forward(x))
	}
	return x
}

type denseLayer struct {
	Norm1 *nn.BatchNorm2D
	Conv1 *nn.Conv2D
	Norm2 *nn.BatchNorm2D
	Conv2 *nn.Conv2D
}

func newDenseLayer(m *maker, in, growth int) *denseLayer {
	return &denseLayer{
		Norm1: m.norm(in), Conv1: denseConv(m, in, 4*growth, 1, 1),
		Norm2: m.norm(4 * growth), Conv2: denseConv(m, 4*growth, growth, 3, 1),
	}
}

// Forward maps [n in h w] to [n growth h w].
func (l *denseLayer) Forward(x *autograd.Value) *autograd.Value {
	x = l.Conv1.Forward(op.ReLU(l.Norm1.Forward(x)))
	return l.Conv2.Forward(op.ReLU(l.Norm2.Forward(x)))
}

// transition halves channels, rows and columns.
type transition struct {
	Norm *nn.BatchNorm2D
	Conv *nn.Conv2D
}

// Forward maps [n c h w] to [n c/2 h/2 w/2].
func (t *transition) Forward(x *autograd.Value) *autograd.Value {
	x = t.Conv.Forward(op.ReLU(t.Norm.Forward(x)))
	return op.AvgPool2D(x, op.Pool2DConfig{Kernel: 2})
}
