package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
)

// Linear is a fully connected layer: x·wᵀ + b.
type Linear struct {
	Weight *autograd.Value // [out in]; see Pack
	Bias   *autograd.Value // [out], or nil
}

// NewLinear returns a layer whose weights and bias are drawn uniformly from ±1/√in,
// PyTorch's default.
func NewLinear(in, out int, r *random.Stream, opts ...Option) *Linear {
	o := newOptions(withinFan(in), withinFan(in), opts)
	return &Linear{Weight: o.draw(o.weight, r, out, in), Bias: o.draw(o.bias, r, out)}
}

// Forward maps [n in] to [n out].
func (l *Linear) Forward(x *autograd.Value) *autograd.Value { return op.Linear(x, l.Weight, l.Bias) }
