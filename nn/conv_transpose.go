package nn

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
)

// ConvTranspose2D is a layer of transposed convolution with square kernels.
type ConvTranspose2D struct {
	Weight *autograd.Value // [in out/groups kernel kernel]
	Bias   *autograd.Value // [out], or nil
	Config op.ConvTranspose2DConfig
}

// NewConvTranspose2D returns a layer whose weights and bias are drawn uniformly from
// ±1/√(out/groups·kernel²), PyTorch's default.
func NewConvTranspose2D(in, out, kernel int, cfg op.ConvTranspose2DConfig, r *random.Stream, opts ...Option) *ConvTranspose2D {
	made := out / cmp.Or(cfg.Groups, 1) // channels that a filter makes
	fan := withinFan(made * kernel * kernel)
	o := newOptions(fan, fan, opts)
	return &ConvTranspose2D{
		Weight: o.draw(o.weight, r, in, made, kernel, kernel),
		Bias:   o.draw(o.bias, r, out),
		Config: cfg,
	}
}

// Forward maps [n in h w] to [n out h' w'].
func (c *ConvTranspose2D) Forward(x *autograd.Value) *autograd.Value {
	return op.ConvTranspose2D(x, c.Weight, c.Bias, c.Config)
}

// ConvTranspose1D is a layer of transposed convolution over rows.
type ConvTranspose1D struct {
	Weight *autograd.Value // [in out/groups kernel]
	Bias   *autograd.Value // [out], or nil
	Config op.ConvTranspose1DConfig
}

// NewConvTranspose1D returns a layer whose weights and bias are drawn uniformly from
// ±1/√(out/groups·kernel), PyTorch's default.
func NewConvTranspose1D(in, out, kernel int, cfg op.ConvTranspose1DConfig, r *random.Stream, opts ...Option) *ConvTranspose1D {
	made := out / cmp.Or(cfg.Groups, 1)
	fan := withinFan(made * kernel)
	o := newOptions(fan, fan, opts)
	return &ConvTranspose1D{Weight: o.draw(o.weight, r, in, made, kernel), Bias: o.draw(o.bias, r, out), Config: cfg}
}

// Forward maps [n in w] to [n out w'].
func (c *ConvTranspose1D) Forward(x *autograd.Value) *autograd.Value {
	return op.ConvTranspose1D(x, c.Weight, c.Bias, c.Config)
}
