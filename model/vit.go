package model

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// ViT is a vision transformer of Dosovitskiy et al., "An Image is Worth 16x16
// Words", 2020: a sequence of the patches of an image, behind a token that stands
// for the class. It takes square images of one size.
type ViT struct {
	ClsToken   *autograd.Value // [1 1 width]
	PosEmbed   *autograd.Value // [1 1+patches width]
	PatchEmbed struct{ Proj *nn.Conv2D }
	Blocks     nn.List[*transformerBlock]
	Norm       *nn.LayerNorm
	Head       *nn.Linear
}

// ViTConfig is the configuration of a ViT: by default ViT-Tiny of Touvron et al.,
// "Training Data-Efficient Image Transformers", 2020.
type ViTConfig struct {
	ImageConfig     // Small: patches of 4×4
	Size        int // rows and columns of an image; 0 means 224
	Patch       int // rows and columns of a patch; 0 means 16
	Width       int // of a token; 0 means 192
	Layers      int // 0 means 12
	Heads       int // 0 means 3
}

// NewViT returns a network with parameters drawn from a seed as timm does: 5,717,416
// unless the configuration says otherwise.
func NewViT(cfg ViTConfig, seed uint64) *ViT { return newViT(cfg, &maker{seed: seed}) }

func newViT(cfg ViTConfig, m *maker) *ViT {
	patch := 16
	if cfg.Small {
		patch = 4
	}
	size, width := cmp.Or(cfg.Size, 224), cmp.Or(cfg.Width, 192)
	patch = cmp.Or(cfg.Patch, patch)
	heads := cmp.Or(cfg.Heads, 3)
	if size%patch != 0 || width%heads != 0 {
		tensor.Fail("model.NewViT", nil, "want a size %d that patches of %d divide, and a width %d that %d heads divide", size, patch, width, heads)
	}
	normal := nn.TruncatedNormal(0, 0.02, -2, 2)
	v := &ViT{
		ClsToken: m.parameter(nn.Normal(0, 1e-6), 1, 1, width),
		PosEmbed: m.parameter(normal, 1, 1+(size/patch)*(size/patch), width),
	}
	v.PatchEmbed.Proj = m.conv(cfg.channels(), width, patch, op.Conv2DConfig{Stride: patch})
	for range cmp.Or(cfg.Layers, 12) {
		v.Blocks = append(v.Blocks, newTransformerBlock(transformerConfig{
			width: width, heads: heads, eps: 1e-6, weight: normal, out: normal,
		}, m))
	}
	v.Norm = m.layerNorm(width, 1e-6)
	v.Head = m.linear(width, cfg.classes(), nn.InitWeight(normal), nn.InitBias(nn.Constant(0)))
	return v
}

// Forward maps images [n channels size size] to scores [n classes].
func (m *ViT) Forward(x *autograd.Value) *autograd.Value {
	x = m.PatchEmbed.Proj.Forward(x)
	n, width := x.Shape()[0], x.Shape()[1]
	x = op.Transpose(op.Reshape(x, n, width, -1), 1, 2) // [n patches width]
	x = op.Add(op.Concat(1, op.BroadcastTo(m.ClsToken, n, 1, width), x), m.PosEmbed)
	for _, b := range m.Blocks {
		x = b.Forward(x)
	}
	class := op.Slice(x, op.Range{Axis: 1, Stop: 1})
	return m.Head.Forward(m.Norm.Forward(op.Reshape(class, n, width)))
}
