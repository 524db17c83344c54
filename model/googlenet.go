package model

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// GoogLeNet is the network of Szegedy et al., "Going Deeper with Convolutions", 2014,
// as torchvision has it: batch normalisation for local response normalisation, and
// kernels of 3×3 in place of 5×5. It takes images of any size.
type GoogLeNet struct {
	Conv1, Conv2, Conv3                                             *convBN
	Inception3a, Inception3b                                        *inception
	Inception4a, Inception4b, Inception4c, Inception4d, Inception4e *inception
	Inception5a, Inception5b                                        *inception
	Aux1, Aux2                                                      *auxiliaryHead // nil without
	Dropout                                                         *nn.Dropout
	Fc                                                              *nn.Linear
	small                                                           bool
}

// GoogLeNetConfig is the configuration of a GoogLeNet.
type GoogLeNetConfig struct {
	ImageConfig      // Small: a first convolution of 3×3 in place of three convolutions and two poolings
	Auxiliary   bool // heads in the middle of the network, which ForwardAll uses
}

// NewGoogLeNet returns a network with parameters drawn from a seed as torchvision
// does: 6,624,904, and with auxiliary heads 13,004,888, unless the configuration
// says otherwise.
func NewGoogLeNet(cfg GoogLeNetConfig, seed uint64) *GoogLeNet {
	return newGoogLeNet(cfg, &maker{seed: seed})
}

var truncated = nn.InitWeight(nn.TruncatedNormal(0, 0.01, -2, 2))

func newGoogLeNet(cfg GoogLeNetConfig, m *maker) *GoogLeNet {
	g := &GoogLeNet{small: cfg.Small}
	if cfg.Small {
		g.Conv1 = newConvBN(m, cfg.channels(), 192, 3, 1)
	} else {
		g.Conv1 = newConvBN(m, cfg.channels(), 64, 7, 2)
		g.Conv2 = newConvBN(m, 64, 64, 1, 1)
		g.Conv3 = newConvBN(m, 64, 192, 3, 1)
	}
	g.Inception3a = newInception(m, 192, 64, 96, 128, 16, 32, 32)
	g.Inception3b = newInception(m, 256, 128, 128, 192, 32, 96, 64)
	g.Inception4a = newInception(m, 480, 192, 96, 208, 16, 48, 64)
	g.Inception4b = newInception(m, 512, 160, 112, 224, 24, 64, 64)
	g.Inception4c = newInception(m, 512, 128, 128, 256, 24, 64, 64)
	g.Inception4d = newInception(m, 512, 112, 144, 288, 32, 64, 64)
	g.Inception4e = newInception(m, 528, 256, 160, 320, 32, 128, 128)
	g.Inception5a = newInception(m, 832, 256, 160, 320, 32, 128, 128)
	g.Inception5b = newInception(m, 832, 384, 192, 384, 48, 128, 128)
	if cfg.Auxiliary {
		g.Aux1 = newAuxiliaryHead(m, 512, cfg.classes())
		g.Aux2 = newAuxiliaryHead(m, 528, cfg.classes())
	}
	g.Dropout = m.dropout(0.2)
	g.Fc = m.linear(1024, cfg.classes(), truncated)
	return g
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *GoogLeNet) Forward(x *autograd.Value) *autograd.Value {
	scores, _, _ := m.forward(x, false)
	return scores
}

// ForwardAll maps images [n channels h w] to scores [n classes], and to those of
// the two auxiliary heads, whose losses the paper adds with a weight of 0.3.
func (m *GoogLeNet) ForwardAll(x *autograd.Value) (scores, aux1, aux2 *autograd.Value) {
	return m.forward(x, true)
}

func (m *GoogLeNet) forward(x *autograd.Value, heads bool) (scores, aux1, aux2 *autograd.Value) {
	x = m.Conv1.Forward(x)
	if !m.small {
		x = halve(x, 3)
		x = halve(m.Conv3.Forward(m.Conv2.Forward(x)), 3)
	}
	x = m.Inception3b.Forward(m.Inception3a.Forward(x))
	x = m.Inception4a.Forward(halve(x, 3))
	if heads {
		aux1 = m.Aux1.Forward(x)
	}
	x = m.Inception4d.Forward(m.Inception4c.Forward(m.Inception4b.Forward(x)))
	if heads {
		aux2 = m.Aux2.Forward(x)
	}
	x = halve(m.Inception4e.Forward(x), 2)
	x = m.Inception5b.Forward(m.Inception5a.Forward(x))
	return m.Fc.Forward(m.Dropout.Forward(op.GlobalAvgPool(x))), aux1, aux2
}

// halve pools with stride 2, the windows at the end reaching out of the image.
func halve(x *autograd.Value, kernel int) *autograd.Value {
	return op.MaxPool2D(x, op.Pool2DConfig{Kernel: kernel, Stride: 2, Ceil: true})
}

// convBN is a convolution, normalised and rectified.
type convBN struct {
	Conv *nn.Conv2D
	Bn   *nn.BatchNorm2D
}

func newConvBN(m *maker, in, out, kernel, stride int) *convBN {
	conv := m.conv(in, out, kernel, op.Conv2DConfig{Stride: stride, Padding: kernel / 2}, nn.NoBias, truncated)
	return &convBN{conv, m.norm(out, nn.Eps(0.001))}
}

// Forward maps [n in h w] to [n out h/stride w/stride].
func (c *convBN) Forward(x *autograd.Value) *autograd.Value {
	return op.ReLU(c.Bn.Forward(c.Conv.Forward(x)))
}

// inception puts what four branches make of its input one after the other along the
// channels.
type inception struct {
	Branch1                   *convBN
	Branch2, Branch3, Branch4 nn.Sequential
}

func newInception(m *maker, in, out1, in2, out2, in3, out3, out4 int) *inception {
	pool := nn.MaxPool2D{Config: op.Pool2DConfig{Kernel: 3, Stride: 1, Padding: 1, Ceil: true}}
	return &inception{
		Branch1: newConvBN(m, in, out1, 1, 1),
		Branch2: nn.Sequential{newConvBN(m, in, in2, 1, 1), newConvBN(m, in2, out2, 3, 1)},
		Branch3: nn.Sequential{newConvBN(m, in, in3, 1, 1), newConvBN(m, in3, out3, 3, 1)},
		Branch4: nn.Sequential{pool, newConvBN(m, in, out4, 1, 1)},
	}
}

// Forward maps [n in h w] to [n out1+out2+out3+out4 h w].
func (b *inception) Forward(x *autograd.Value) *autograd.Value {
	return op.Concat(1, b.Branch1.Forward(x), b.Branch2.Forward(x), b.Branch3.Forward(x), b.Branch4.Forward(x))
}

// auxiliaryHead is a classifier of what a network has in its middle.
type auxiliaryHead struct {
	Conv     *convBN
	Fc1, Fc2 *nn.Linear
	Dropout  *nn.Dropout
}

func newAuxiliaryHead(m *maker, in, classes int) *auxiliaryHead {
	return &auxiliaryHead{
		Conv:    newConvBN(m, in, 128, 1, 1),
		Fc1:     m.linear(2048, 1024, truncated),
		Dropout: m.dropout(0.7),
		Fc2:     m.linear(1024, classes, truncated),
	}
}

// Forward maps [n in h w] to scores [n classes].
func (a *auxiliaryHead) Forward(x *autograd.Value) *autograd.Value {
	x = a.Conv.Forward(op.AdaptiveAvgPool2D(x, 4, 4))
	x = op.ReLU(a.Fc1.Forward(op.Flatten(x)))
	return a.Fc2.Forward(a.Dropout.Forward(x))
}
