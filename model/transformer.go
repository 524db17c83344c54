package model

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// transformerConfig is what the blocks of a transformer have in common.
type transformerConfig struct {
	width, heads int
	causal       bool
	dropout      float64
	eps          float64 // of normalisations
	weight       nn.Initializer
	out          nn.Initializer // of what is added to the input
}

// transformerBlock adds to its input, [n t width], what attention makes of it, and
// then what two dense layers make of each place: normalised first, as Radford et
// al., "Language Models are Unsupervised Multitask Learners", 2019, have it.
type transformerBlock struct {
	Norm1 *nn.LayerNorm
	Attn  *selfAttention
	Norm2 *nn.LayerNorm
	Mlp   *mlp
}

func newTransformerBlock(cfg transformerConfig, m *maker) *transformerBlock {
	return &transformerBlock{
		Norm1: m.layerNorm(cfg.width, cfg.eps),
		Attn:  newSelfAttention(cfg, m),
		Norm2: m.layerNorm(cfg.width, cfg.eps),
		Mlp:   newMLP(cfg, m),
	}
}

// Forward maps [n t width] to the same shape.
func (b *transformerBlock) Forward(x *autograd.Value) *autograd.Value {
	x = op.Add(x, b.Attn.Forward(b.Norm1.Forward(x)))
	return op.Add(x, b.Mlp.Forward(b.Norm2.Forward(x)))
}

// selfAttention has queries, keys and values in one matrix.
type selfAttention struct {
	Qkv     *nn.Linear
	Proj    *nn.Linear
	Dropout *nn.Dropout
	heads   int
	causal  bool
}

func newSelfAttention(cfg transformerConfig, m *maker) *selfAttention {
	return &selfAttention{
		Qkv:     m.linear(cfg.width, 3*cfg.width, nn.InitWeight(cfg.weight), nn.InitBias(nn.Constant(0))),
		Proj:    m.linear(cfg.width, cfg.width, nn.InitWeight(cfg.out), nn.InitBias(nn.Constant(0))),
		Dropout: m.dropout(cfg.dropout),
		heads:   cfg.heads, causal: cfg.causal,
	}
}

// Forward maps [n t width] to the same shape.
func (a *selfAttention) Forward(x *autograd.Value) *autograd.Value {
	n, t, width := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	parts := op.Chunk(a.Qkv.Forward(x), -1, 3)
	for i, p := range parts {
		parts[i] = op.Reshape(p, n, t, a.heads, width/a.heads)
	}
	y := op.Attention(parts[0], parts[1], parts[2], op.AttentionConfig{Causal: a.causal, Rows: true})
	return a.Dropout.Forward(a.Proj.Forward(op.Reshape(y, n, t, width)))
}

// mlp is two dense layers at each place, of four times the width between them.
type mlp struct {
	Fc1, Fc2 *nn.Linear
	Dropout  *nn.Dropout
}

func newMLP(cfg transformerConfig, m *maker) *mlp {
	return &mlp{
		Fc1:     m.linear(cfg.width, 4*cfg.width, nn.InitWeight(cfg.weight), nn.InitBias(nn.Constant(0))),
		Fc2:     m.linear(4*cfg.width, cfg.width, nn.InitWeight(cfg.out), nn.InitBias(nn.Constant(0))),
		Dropout: m.dropout(cfg.dropout),
	}
}

// Forward maps [… width] to the same shape.
func (m *mlp) Forward(x *autograd.Value) *autograd.Value {
	return m.Dropout.Forward(m.Fc2.Forward(gelu(m.Fc1.Forward(x))))
}
