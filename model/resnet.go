package model

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// ResNet is a network of He, Zhang, Ren and Sun, "Deep Residual Learning for Image
// Recognition", 2015. It takes images of any size.
type ResNet struct {
	Conv1                          *nn.Conv2D
	Bn1                            *nn.BatchNorm2D
	Layer1, Layer2, Layer3, Layer4 nn.Sequential
	Fc                             *nn.Linear
	small                          bool
}

// ResNetConfig is the configuration of a ResNet.
type ResNetConfig struct {
	ImageConfig     // Small: a first convolution of 3×3 in place of 7×7 with stride 2 and a pooling
	Layers      int // 18, 34 or 50
}

// NewResNet returns a network with parameters drawn from a seed as torchvision does:
// 11,689,512 of 18 layers, 21,797,672 of 34, 25,557,032 of 50, unless the
// configuration says otherwise.
func NewResNet(cfg ResNetConfig, seed uint64) *ResNet { return newResNet(cfg, &maker{seed: seed}) }

func newResNet(cfg ResNetConfig, m *maker) *ResNet {
	blocks, ok := map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}}[cfg.Layers]
	if !ok {
		tensor.Fail("model.NewResNet", nil, "want 18, 34 or 50 layers, not %d", cfg.Layers)
	}
	kernel, stride := 7, 2
	if cfg.Small {
		kernel, stride = 3, 1
	}
	r := &ResNet{
		Conv1: m.convHe(cfg.channels(), 64, kernel, stride, 1),
		Bn1:   m.norm(64),
		small: cfg.Small,
	}
	channels := 64
	for i, layer := range []*nn.Sequential{&r.Layer1, &r.Layer2, &r.Layer3, &r.Layer4} {
		for k := range blocks[i] {
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			if out := 64 << i; cfg.Layers < 50 {
				*layer, channels = append(*layer, newBasicBlock(m, channels, out, stride)), out
			} else {
				m.layers += uint64(min(2+i+k, 3)) // those of a basic block, which was once made here in vain: a seed gives what it gave
				*layer, channels = append(*layer, newBottleneck(m, channels, out, stride)), 4*out
			}
		}
	}
	r.Fc = m.linear(channels, cfg.classes())
	return r
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *ResNet) Forward(x *autograd.Value) *autograd.Value {
	x = op.ReLU(m.Bn1.Forward(m.Conv1.Forward(x)))
	if !m.small {
		x = op.MaxPool2D(x, op.Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1})
	}
	for _, layer := range []nn.Sequential{m.Layer1, m.Layer2, m.Layer3, m.Layer4} {
		x = layer.Forward(x)
	}
	return m.Fc.Forward(op.GlobalAvgPool(x))
}

// basicBlock adds two convolutions of 3×3 to its input.
type basicBlock struct {
	Conv1      *nn.Conv2D
	Bn1        *nn.BatchNorm2D
	Conv2      *nn.Conv2D
	Bn2        *nn.BatchNorm2D
	Downsample nn.Module // brings the input to the shape of the output; nil where it has that
}

func newBasicBlock(m *maker, in, out, stride int) nn.Module {
	return &basicBlock{
		Conv1: m.convHe(in, out, 3, stride, 1), Bn1: m.norm(out),
		Conv2: m.convHe(out, out, 3, 1, 1), Bn2: m.norm(out),
		Downsample: projection(m, in, out, stride),
	}
}

// Forward maps [n in h w] to [n out h/stride w/stride].
func (b *basicBlock) Forward(x *autograd.Value) *autograd.Value {
	y := op.ReLU(b.Bn1.Forward(b.Conv1.Forward(x)))
	y = b.Bn2.Forward(b.Conv2.Forward(y))
	return op.ReLU(op.Add(y, shortcut(b.Downsample, x)))
}

// bottleneck adds convolutions of 1×1, 3×3 and 1×1 to its input, the stride in the
// second, as torchvision has it.
type bottleneck struct {
	Conv1      *nn.Conv2D
	Bn1        *nn.BatchNorm2D
	Conv2      *nn.Conv2D
	Bn2        *nn.BatchNorm2D
	Conv3      *nn.Conv2D
	Bn3        *nn.BatchNorm2D
	Downsample nn.Module
}

func newBottleneck(m *maker, in, width, stride int) nn.Module {
	return &bottleneck{
		Conv1: m.convHe(in, width, 1, 1, 1), Bn1: m.norm(width),
		Conv2: m.convHe(width, width, 3, stride, 1), Bn2: m.norm(width),
		Conv3: m.convHe(width, 4*width, 1, 1, 1), Bn3: m.norm(4 * width),
		Downsample: projection(m, in, 4*width, stride),
	}
}

// Forward maps [n in h w] to [n 4·width h/stride w/stride].
func (b *bottleneck) Forward(x *autograd.Value) *autograd.Value {
	y := op.ReLU(b.Bn1.Forward(b.Conv1.Forward(x)))
	y = op.ReLU(b.Bn2.Forward(b.Conv2.Forward(y)))
	y = b.Bn3.Forward(b.Conv3.Forward(y))
	return op.ReLU(op.Add(y, shortcut(b.Downsample, x)))
}

// projection returns a convolution of 1×1 from one shape to another, or nil where
// they are the same.
func projection(m *maker, in, out, stride int) nn.Module {
	if in == out && stride == 1 {
		return nil
	}
	return nn.Sequential{m.convHe(in, out, 1, stride, 1), m.norm(out)}
}

func shortcut(by nn.Module, x *autograd.Value) *autograd.Value {
	if by == nil {
		return x
	}
	return by.Forward(x)
}

// ResNetCIFAR is the network of the same paper for CIFAR's small images, with
// shortcuts that have no parameters (option A): every other place, and zeros for
// the channels that are new. It takes images of any size.
type ResNetCIFAR struct {
	Conv1                  *nn.Conv2D
	Bn1                    *nn.BatchNorm2D
	Layer1, Layer2, Layer3 nn.Sequential
	Fc                     *nn.Linear
}

// ResNetCIFARConfig is the configuration of a ResNetCIFAR.
type ResNetCIFARConfig struct {
	ImageConfig     // Small changes nothing
	Layers      int // 6n+2; 0 means 20
}

// NewResNetCIFAR returns a network with parameters drawn from a seed: 269,722 of 20
// layers for 10 classes of colour images.
func NewResNetCIFAR(cfg ResNetCIFARConfig, seed uint64) *ResNetCIFAR {
	return newResNetCIFAR(cfg, &maker{seed: seed})
}

func newResNetCIFAR(cfg ResNetCIFARConfig, m *maker) *ResNetCIFAR {
	layers := cmp.Or(cfg.Layers, 20)
	if layers < 8 || layers%6 != 2 {
		tensor.Fail("model.NewResNetCIFAR", nil, "want 6n+2 layers, not %d", layers)
	}
	r := &ResNetCIFAR{Conv1: m.convHe(cfg.channels(), 16, 3, 1, 1), Bn1: m.norm(16)}
	channels := 16
	for i, layer := range []*nn.Sequential{&r.Layer1, &r.Layer2, &r.Layer3} {
		for range layers / 6 {
			out := 16 << i
			block := &basicBlock{
				Conv1: m.convHe(channels, out, 3, out/channels, 1), Bn1: m.norm(out),
				Conv2: m.convHe(out, out, 3, 1, 1), Bn2: m.norm(out),
			}
			if out != channels {
				block.Downsample = nn.Func(everyOther)
			}
			*layer, channels = append(*layer, block), out
		}
	}
	r.Fc = m.linear(channels, cfg.classes())
	return r
}

// Forward maps images [n channels h w] to scores [n classes].
func (m *ResNetCIFAR) Forward(x *autograd.Value) *autograd.Value {
	x = op.ReLU(m.Bn1.Forward(m.Conv1.Forward(x)))
	for _, layer := range []nn.Sequential{m.Layer1, m.Layer2, m.Layer3} {
		x = layer.Forward(x)
	}
	return m.Fc.Forward(op.GlobalAvgPool(x))
}

// everyOther takes every other row and column of [n c h w], and adds as many channels
// of zeros.
func everyOther(x *autograd.Value) *autograd.Value {
	x = op.Slice(x, op.Range{Axis: 2, Stop: op.End, Step: 2}, op.Range{Axis: 3, Stop: op.End, Step: 2})
	c := x.Shape()[1]
	return op.Pad(x, op.PadConfig{Before: []int{c / 2, 0, 0}, After: []int{c / 2, 0, 0}})
}
