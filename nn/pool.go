package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

// MaxPool2D is a layer of maximum pooling.
type MaxPool2D struct{ Config op.Pool2DConfig }

// Forward maps [n c h w] to [n c h' w'].
func (p MaxPool2D) Forward(x *autograd.Value) *autograd.Value { return op.MaxPool2D(x, p.Config) }

// AvgPool2D is a layer of average pooling.
type AvgPool2D struct{ Config op.Pool2DConfig }

// Forward maps [n c h w] to [n c h' w'].
func (p AvgPool2D) Forward(x *autograd.Value) *autograd.Value { return op.AvgPool2D(x, p.Config) }

// MaxPool1D is a layer of maximum pooling over rows.
type MaxPool1D struct{ Config op.Pool1DConfig }

// Forward maps [n c w] to [n c w'].
func (p MaxPool1D) Forward(x *autograd.Value) *autograd.Value { return op.MaxPool1D(x, p.Config) }

// AvgPool1D is a layer of average pooling over rows.
type AvgPool1D struct{ Config op.Pool1DConfig }

// Forward maps [n c w] to [n c w'].
func (p AvgPool1D) Forward(x *autograd.Value) *autograd.Value { return op.AvgPool1D(x, p.Config) }

// AdaptiveMaxPool2D is a layer of maximum pooling to a size.
type AdaptiveMaxPool2D struct{ Height, Width int }

// Forward maps [n c h w] to [n c Height Width].
func (p AdaptiveMaxPool2D) Forward(x *autograd.Value) *autograd.Value {
	return op.AdaptiveMaxPool2D(x, p.Height, p.Width)
}

// AdaptiveAvgPool2D is a layer of average pooling to a size.
type AdaptiveAvgPool2D struct{ Height, Width int }

// Forward maps [n c h w] to [n c Height Width].
func (p AdaptiveAvgPool2D) Forward(x *autograd.Value) *autograd.Value {
	return op.AdaptiveAvgPool2D(x, p.Height, p.Width)
}

// AdaptiveMaxPool1D is a layer of maximum pooling of rows to a size.
type AdaptiveMaxPool1D struct{ Width int }

// Forward maps [n c w] to [n c Width].
func (p AdaptiveMaxPool1D) Forward(x *autograd.Value) *autograd.Value {
	return op.AdaptiveMaxPool1D(x, p.Width)
}

// AdaptiveAvgPool1D is a layer of average pooling of rows to a size.
type AdaptiveAvgPool1D struct{ Width int }

// Forward maps [n c w] to [n c Width].
func (p AdaptiveAvgPool1D) Forward(x *autograd.Value) *autograd.Value {
	return op.AdaptiveAvgPool1D(x, p.Width)
}

// GlobalMaxPool is a layer that leaves the maximum of each channel.
type GlobalMaxPool struct{}

// Forward maps [n c w] or [n c h w] to [n c].
func (GlobalMaxPool) Forward(x *autograd.Value) *autograd.Value { return op.GlobalMaxPool(x) }

// GlobalAvgPool is a layer that leaves the mean of each channel.
type GlobalAvgPool struct{}

// Forward maps [n c w] or [n c h w] to [n c].
func (GlobalAvgPool) Forward(x *autograd.Value) *autograd.Value { return op.GlobalAvgPool(x) }
