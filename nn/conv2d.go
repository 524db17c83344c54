package nn

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
)

// Conv2D is a convolution layer with square kernels.
type Conv2D struct {
	Weight *autograd.Value // [out in/groups kernel kernel]; see Pack
	Bias   *autograd.Value // [out], or nil
	Config op.Conv2DConfig

	kernel [2]int // of packed weights, whose shape does not say
}

// NewConv2D returns a layer whose weights and bias are drawn uniformly from
// ±1/√(in/groups·kernel²), PyTorch's default.
func NewConv2D(in, out, kernel int, cfg op.Conv2DConfig, r *random.Stream, opts ...Option) *Conv2D {
	seen := in / cmp.Or(cfg.Groups, 1) // channels that a filter sees
	fan := withinFan(seen * kernel * kernel)
	o := newOptions(fan, fan, opts)
	return &Conv2D{
		Weight: o.draw(o.weight, r, out, seen, kernel, kernel),
		Bias:   o.draw(o.bias, r, out),
		Config: cfg,
	}
}

// Forward maps [n in h w] to [n out h' w'].
func (c *Conv2D) Forward(x *autograd.Value) *autograd.Value {
	if c.Weight.DType().IsPacked() {
		return op.Conv2DPacked(x, c.Weight, c.Bias, c.kernel[0], c.kernel[1], c.Config)
	}
	return op.Conv2D(x, c.Weight, c.Bias, c.Config)
}
