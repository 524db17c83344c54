package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

// Upsample2D is a layer that brings images to another size.
type Upsample2D struct{ Config op.Upsample2DConfig }

// Forward maps [n c h w] to [n c h' w'].
func (u Upsample2D) Forward(x *autograd.Value) *autograd.Value { return op.Upsample2D(x, u.Config) }

// Upsample1D is a layer that brings rows to another size.
type Upsample1D struct{ Config op.Upsample1DConfig }

// Forward maps [n c w] to [n c w'].
func (u Upsample1D) Forward(x *autograd.Value) *autograd.Value { return op.Upsample1D(x, u.Config) }
