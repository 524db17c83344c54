package nn

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

// Activations without attributes are layers by Func: nn.Func(op.GELU).

// PReLU is a leaky ReLU whose slopes are learned: see op.PReLU.
type PReLU struct {
	Weight *autograd.Value // [1], or one for each channel
}

// NewPReLU returns a layer with n slopes, 1 or as many as there are channels, of
// 0.25.
func NewPReLU(n int, opts ...Option) *PReLU {
	o := newOptions(Constant(0.25), nil, opts)
	return &PReLU{Weight: o.draw(o.weight, nil, n)}
}

// Forward maps values, of [n c …] where there are slopes for channels, to as many.
func (p *PReLU) Forward(x *autograd.Value) *autograd.Value { return op.PReLU(x, p.Weight) }

// LeakyReLU is a layer of op.LeakyReLU.
type LeakyReLU struct{ Slope float64 } // 0 means 0.01

// Forward maps values to as many.
func (l LeakyReLU) Forward(x *autograd.Value) *autograd.Value {
	return op.LeakyReLU(x, cmp.Or(l.Slope, 0.01))
}

// ELU is a layer of op.ELU.
type ELU struct{ Alpha float64 } // 0 means 1

// Forward maps values to as many.
func (e ELU) Forward(x *autograd.Value) *autograd.Value { return op.ELU(x, cmp.Or(e.Alpha, 1)) }

// CELU is a layer of op.CELU.
type CELU struct{ Alpha float64 } // 0 means 1

// Forward maps values to as many.
func (c CELU) Forward(x *autograd.Value) *autograd.Value { return op.CELU(x, cmp.Or(c.Alpha, 1)) }

// Softplus is a layer of op.Softplus.
type Softplus struct{ Config op.SoftplusConfig }

// Forward maps values to as many.
func (s Softplus) Forward(x *autograd.Value) *autograd.Value { return op.Softplus(x, s.Config) }

// GLU is a layer of op.GLU along the last axis.
type GLU struct{}

// Forward maps [… 2n] to [… n].
func (GLU) Forward(x *autograd.Value) *autograd.Value { return op.GLU(x, -1) }

// SwiGLU is a layer of op.SwiGLU along the last axis.
type SwiGLU struct{}

// Forward maps [… 2n] to [… n].
func (SwiGLU) Forward(x *autograd.Value) *autograd.Value { return op.SwiGLU(x, -1) }
