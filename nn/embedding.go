package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Embedding has a row of numbers for each of some words.
type Embedding struct {
	Weight *autograd.Value // [words width]
}

// NewEmbedding returns a layer whose rows are drawn from the standard normal
// distribution, PyTorch's default.
func NewEmbedding(words, width int, r *random.Stream, opts ...Option) *Embedding {
	o := newOptions(Normal(0, 1), nil, opts)
	return &Embedding{Weight: o.draw(o.weight, r, words, width)}
}

// Forward maps int64 numbers of words […] to their rows [… width].
func (e *Embedding) Forward(words *autograd.Value) *autograd.Value {
	return op.IndexSelect(e.Weight, 0, words)
}

// PositionalEmbedding adds a learned row to each place of a sequence.
type PositionalEmbedding struct {
	Weight *autograd.Value // [places width]
}

// NewPositionalEmbedding returns a layer for sequences of up to so many places, whose
// rows are drawn as those of an Embedding.
func NewPositionalEmbedding(places, width int, r *random.Stream, opts ...Option) *PositionalEmbedding {
	return &PositionalEmbedding{NewEmbedding(places, width, r, opts...).Weight}
}

// Forward maps [… t width] to the same.
func (p *PositionalEmbedding) Forward(x *autograd.Value) *autograd.Value {
	shape, most := x.Shape(), p.Weight.Shape()[0]
	if len(shape) < 2 || shape[len(shape)-2] > most {
		tensor.Fail("nn.PositionalEmbedding", []tensor.Spec{x.Spec()}, "want a sequence [… t width] of at most %d places", most)
	}
	return op.Add(x, op.Slice(p.Weight, op.Range{Axis: 0, Stop: shape[len(shape)-2]}))
}
