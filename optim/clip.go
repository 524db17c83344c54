package optim

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// ClipValue returns gradients whose elements are cut off at -limit and limit.
func ClipValue(grads []*autograd.Value, limit float64) []*autograd.Value {
	wantLimit("optim.ClipValue", limit)
	clipped := make([]*autograd.Value, len(grads))
	for i, g := range grads {
		clipped[i] = op.Clip(g, -limit, limit)
	}
	return clipped
}

// ClipNorm returns gradients that are scaled down together where their norm, over
// the elements of all of them, is above a limit, and that norm, a float64 (Pascanu
// et al., "On the difficulty of training recurrent neural networks", 2013):
//
//	n = √Σg²;  g = g·min(1, limit/(n + 1e-6))
func ClipNorm(grads []*autograd.Value, limit float64) (clipped []*autograd.Value, norm *autograd.Value) {
	wantLimit("optim.ClipNorm", limit)
	norm = Norm(grads)
	scale := op.Minimum(constant(1), op.Div(constant(limit), op.Add(norm, constant(1e-6))))
	clipped = make([]*autograd.Value, len(grads))
	for i, g := range grads {
		clipped[i] = op.Mul(g, op.Cast(scale, g.DType()))
	}
	return clipped, norm
}

// Norm returns √Σx² over the elements of all values, as a float64.
func Norm(values []*autograd.Value) *autograd.Value {
	sum := constant(0)
	for _, v := range values {
		sum = op.Add(sum, squares(v))
	}
	return op.Sqrt(sum)
}

func wantLimit(function string, limit float64) {
	if !(limit > 0) {
		tensor.Fail(function, nil, "want a limit above 0, not %v", limit)
	}
}
