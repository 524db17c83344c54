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
	Attn  *nn.MultiHeadAttention
	Drop  *nn.Dropout // of what attention adds
	Norm2 *nn.LayerNorm
	Mlp   *mlp
}

func newTransformerBlock(cfg transformerConfig, m *maker) *transformerBlock {
	heads := nn.MultiHeadConfig{Heads: cfg.heads, Causal: cfg.causal, Dropout: cfg.dropout}
	b := &transformerBlock{
		Norm1: m.layerNorm(cfg.width, cfg.eps),
		Attn:  nn.NewMultiHeadAttention(cfg.width, heads, m.stream(), m.options([]nn.Option{nn.InitWeight(cfg.weight)})...),
		Drop:  m.dropout(cfg.dropout),
		Norm2: m.layerNorm(cfg.width, cfg.eps),
		Mlp:   newMLP(cfg, m),
	}
	b.Attn.OutProj = m.linear(cfg.width, cfg.width, nn.InitWeight(cfg.out), nn.InitBias(nn.Constant(0)))
	return b
}

// Forward maps [n t width] to the same shape.
func (b *transformerBlock) Forward(x *autograd.Value) *autograd.Value {
	x = op.Add(x, b.Drop.Forward(b.Attn.Forward(b.Norm1.Forward(x))))
	return op.Add(x, b.Mlp.Forward(b.Norm2.Forward(x)))
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
	return m.Dropout.Forward(m.Fc2.Forward(op.GELU(m.Fc1.Forward(x))))
}
