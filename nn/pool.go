package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

// MaxPool2D is a layer of maximum pooling.
type MaxPool2D struct{ Config op.Pool2DConfig }

// Forward maps [n c h w] to [n c h' w'].
func (p MaxPool2D) Forward(x *autograd.Value) *autograd.Value { return op.MaxPool2D(x, p.Config) }

// AvgPool2D is a layer of average pooling, with padding counted as zeros.
type AvgPool2D struct{ Config op.Pool2DConfig }

// Forward maps [n c h w] to [n c h' w'].
func (p AvgPool2D) Forward(x *autograd.Value) *autograd.Value { return op.AvgPool2D(x, p.Config) }
