package nn

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

// GroupNorm normalises groups of channels of each example: see op.GroupNorm.
type GroupNorm struct {
	Weight, Bias *autograd.Value // [c], or nil
	Groups       int
	Eps          float64
}

// NewGroupNorm returns a layer for c channels, with a weight of 1, a bias of 0 and
// an eps of 1e-5.
func NewGroupNorm(groups, c int, opts ...Option) *GroupNorm {
	o := newOptions(Constant(1), Constant(0), opts)
	return &GroupNorm{Weight: o.draw(o.weight, nil, c), Bias: o.draw(o.bias, nil, c), Groups: groups, Eps: o.eps}
}

// Forward maps [n c …] to the same.
func (g *GroupNorm) Forward(x *autograd.Value) *autograd.Value {
	weight, bias := affine(g.Weight, g.Bias)
	return op.GroupNorm(x, g.Groups, weight, bias, g.Eps)
}

// InstanceNorm normalises each channel of each example: see op.InstanceNorm.
type InstanceNorm struct {
	Weight, Bias *autograd.Value // [c], or nil
	Eps          float64
}

// NewInstanceNorm returns a layer for c channels with an eps of 1e-5. As in PyTorch
// it has no weight and no bias, unless InitWeight and InitBias say what they are.
func NewInstanceNorm(c int, opts ...Option) *InstanceNorm {
	o := newOptions(nil, nil, opts)
	return &InstanceNorm{Weight: o.draw(o.weight, nil, c), Bias: o.draw(o.bias, nil, c), Eps: o.eps}
}

// Forward maps [n c …] to the same.
func (i *InstanceNorm) Forward(x *autograd.Value) *autograd.Value {
	weight, bias := affine(i.Weight, i.Bias)
	return op.InstanceNorm(x, weight, bias, i.Eps)
}

// affine returns a weight and a bias, or neither. One that is missing beside the other leaves all as it is.
func affine(weight, bias *autograd.Value) (gain, shift *autograd.Value) {
	either := cmp.Or(weight, bias)
	if either == nil {
		return nil, nil
	}
	d, shape := either.DType(), either.Shape()
	return orFull(weight, 1, d, shape...), orFull(bias, 0, d, shape...)
}

// LocalResponseNorm normalises by what channels nearby have: see
// op.LocalResponseNorm.
type LocalResponseNorm struct{ Config op.LocalResponseNormConfig }

// Forward maps [n c …] to the same.
func (l LocalResponseNorm) Forward(x *autograd.Value) *autograd.Value {
	return op.LocalResponseNorm(x, l.Config)
}
