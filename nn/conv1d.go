package nn

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
)

// Conv1D is a convolution layer over rows.
type Conv1D struct {
	Weight *autograd.Value // [out in/groups kernel]
	Bias   *autograd.Value // [out], or nil
	Config op.Conv1DConfig
}

// NewConv1D returns a layer whose weights and bias are drawn uniformly from
// ±1/√(in/groups·kernel), PyTorch's default.
func NewConv1D(in, out, kernel int, cfg op.Conv1DConfig, r *random.Stream, opts ...Option) *Conv1D {
	seen := in / cmp.Or(cfg.Groups, 1) // channels that a filter sees
	fan := withinFan(seen * kernel)
	o := newOptions(fan, fan, opts)
	return &Conv1D{Weight: o.draw(o.weight, r, out, seen, kernel), Bias: o.draw(o.bias, r, out), Config: cfg}
}

// Forward maps [n in w] to [n out w'].
func (c *Conv1D) Forward(x *autograd.Value) *autograd.Value {
	return op.Conv1D(x, c.Weight, c.Bias, c.Config)
}
