package nn

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// MultiHeadConfig says how the heads of a MultiHeadAttention look at a sequence.
type MultiHeadConfig struct {
	Heads    int
	KeyHeads int              // of keys and values, each of which serves Heads/KeyHeads heads; 0: Heads
	Causal   bool             // no place looks at later ones
	Rotary   *op.RotaryConfig // turns queries and keys by their positions; nil: does not
	Dropout  float64          // of weights, in training
}

// MultiHeadAttention lets the places of a sequence look at each other, or at those of
// another: see op.Attention. It has PyTorch's parameters.
type MultiHeadAttention struct {
	InProjWeight *autograd.Value // [(heads + 2 key heads)·size width]: of queries, keys and values
	InProjBias   *autograd.Value // or nil
	OutProj      *Linear
	Drop         *Dropout // nil where no weight is dropped
	Config       MultiHeadConfig
}

// NewMultiHeadAttention returns a layer for sequences of a width that the heads
// share. As in PyTorch, the weights are drawn by XavierUniform, those of the output
// from ±1/√width, and the biases are 0.
func NewMultiHeadAttention(width int, cfg MultiHeadConfig, r *random.Stream, opts ...Option) *MultiHeadAttention {
	cfg.KeyHeads = cmp.Or(cfg.KeyHeads, cfg.Heads)
	if cfg.Heads < 1 || cfg.KeyHeads < 1 || width%cfg.Heads != 0 || cfg.Heads%cfg.KeyHeads != 0 {
		tensor.Fail("nn.NewMultiHeadAttention", nil, "want a width, %d, that is a multiple of the heads, %d, and those of keys, %d", width, cfg.Heads, cfg.KeyHeads)
	}
	o := newOptions(XavierUniform(GainLinear), Constant(0), opts)
	rows := width + 2*cfg.KeyHeads*(width/cfg.Heads)
	m := &MultiHeadAttention{
		InProjWeight: o.draw(o.weight, r, rows, width),
		InProjBias:   o.draw(o.bias, r, rows),
		OutProj:      &Linear{Weight: o.draw(withinFan(width), r, width, width), Bias: o.draw(o.bias, r, width)},
		Config:       cfg,
	}
	if cfg.Dropout != 0 {
		m.Drop = NewDropout(cfg.Dropout, r)
	}
	return m
}

// Forward maps [b t width] to the same.
func (m *MultiHeadAttention) Forward(x *autograd.Value) *autograd.Value { return m.Attend(x, x, nil) }

// Attend lets the places of x [b t width] look at those of a memory [b s width], as
// far as a mask of op.AttentionConfig allows, if it is not nil.
func (m *MultiHeadAttention) Attend(x, memory, mask *autograd.Value) *autograd.Value {
	q, k, v := m.project(x, memory)
	cfg := op.AttentionConfig{Causal: m.Config.Causal, Mask: mask, Rows: true}
	if r := m.Config.Rotary; r != nil {
		turn := *r
		turn.Rows = true
		q, k = op.Rotary(q, turn), op.Rotary(k, turn)
	}
	if m.Drop != nil && m.Drop.training {
		cfg.Dropout, cfg.Key = m.Drop.P, m.Drop.nextKey()
	}
	y := op.Attention(q, k, v, cfg)
	b, t := y.Shape()[0], y.Shape()[1]
	return m.OutProj.Forward(op.Reshape(y, b, t, y.Shape()[2]*y.Shape()[3]))
}

// project returns queries [b t heads size], keys and values [b s keyheads size].
func (m *MultiHeadAttention) project(x, memory *autograd.Value) (q, k, v *autograd.Value) {
	size := m.InProjWeight.Shape()[1] / m.Config.Heads
	queries, keys := m.Config.Heads*size, m.Config.KeyHeads*size
	heads := func(x *autograd.Value) *autograd.Value {
		if len(x.Shape()) != 3 {
			tensor.Fail("nn.MultiHeadAttention", []tensor.Spec{x.Spec()}, "want a sequence [b t width]")
		}
		return op.Reshape(x, x.Shape()[0], x.Shape()[1], x.Shape()[2]/size, size)
	}
	if x == memory {
		all := op.Split(op.Linear(x, m.InProjWeight, m.InProjBias), -1, queries, keys, keys)
		return heads(all[0]), heads(all[1]), heads(all[2])
	}
	w, bias := op.Split(m.InProjWeight, 0, queries, 2*keys), make([]*autograd.Value, 2)
	if m.InProjBias != nil {
		bias = op.Split(m.InProjBias, 0, queries, 2*keys)
	}
	both := op.Split(op.Linear(memory, w[1], bias[1]), -1, keys, keys)
	return heads(op.Linear(x, w[0], bias[0])), heads(both[0]), heads(both[1])
}
