package nn

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// LayerNorm normalises over the last axes of its input: see op.LayerNorm.
type LayerNorm struct {
	Weight *autograd.Value // of Shape, or nil
	Bias   *autograd.Value // of Shape, or nil
	Shape  []int           // of the axes
	Eps    float64
}

// NewLayerNorm returns a layer over a last axis of size n, with a weight of 1, a
// bias of 0 and an eps of 1e-5. No draws are made: InitWeight takes Constant.
func NewLayerNorm(n int, opts ...Option) *LayerNorm { return NewLayerNormOver([]int{n}, opts...) }

// NewLayerNormOver is NewLayerNorm over several last axes.
func NewLayerNormOver(shape []int, opts ...Option) *LayerNorm {
	o := newOptions(Constant(1), Constant(0), opts)
	return &LayerNorm{Weight: o.draw(o.weight, nil, shape...), Bias: o.draw(o.bias, nil, shape...), Shape: slices.Clone(shape), Eps: o.eps}
}

// Forward maps [… Shape...] to the same.
func (l *LayerNorm) Forward(x *autograd.Value) *autograd.Value {
	shape := x.Shape()
	if first := len(shape) - len(l.Shape); first < 0 || !slices.Equal(shape[first:], l.Shape) {
		tensor.Fail("nn.LayerNorm", []tensor.Spec{x.Spec()}, "want last axes %v", l.Shape)
	}
	weight, bias := l.Weight, l.Bias
	if bias != nil {
		weight, bias = affine(weight, bias)
	}
	if weight != nil || len(l.Shape) == 1 {
		return op.LayerNorm(x, weight, bias, l.Eps)
	}
	rows := append(slices.Clone(shape[:len(shape)-len(l.Shape)]), tensor.Elements(l.Shape))
	return op.Reshape(op.LayerNorm(op.Reshape(x, rows...), nil, nil, l.Eps), shape...)
}

// RMSNorm normalises the root mean square of the last axis of its input: see
// op.RMSNorm.
type RMSNorm struct {
	Weight *autograd.Value // [n], or nil
	Eps    float64
}

// NewRMSNorm returns a layer over a last axis of size n, with a weight of 1 and an
// eps of 1e-5.
func NewRMSNorm(n int, opts ...Option) *RMSNorm {
	o := newOptions(Constant(1), nil, opts)
	return &RMSNorm{Weight: o.draw(o.weight, nil, n), Eps: o.eps}
}

// Forward maps [… n] to the same.
func (l *RMSNorm) Forward(x *autograd.Value) *autograd.Value { return op.RMSNorm(x, l.Weight, l.Eps) }
