package optim

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

func ones(x *autograd.Value) *autograd.Value { return op.Scalar(x.DType(), 1) }

// greater returns 1 where a > b, else 0.
func greater(a, b *autograd.Value) *autograd.Value { return op.Gate(op.Sub(a, b), ones(a)) }

// choose returns a where the condition is 1, and b where it is 0.
func choose(condition, a, b *autograd.Value) *autograd.Value {
	return op.Add(op.Gate(condition, a), op.Gate(op.Sub(ones(condition), condition), b))
}

func maximum(a, b *autograd.Value) *autograd.Value { return choose(greater(a, b), a, b) }

func minimum(a, b *autograd.Value) *autograd.Value { return choose(greater(a, b), b, a) }

func abs(x *autograd.Value) *autograd.Value { return op.Add(op.ReLU(x), op.ReLU(op.Neg(x))) }

func sign(x *autograd.Value) *autograd.Value {
	return op.Sub(op.Gate(x, ones(x)), op.Gate(op.Neg(x), ones(x)))
}

// clip returns x, or the nearer end where it is outside of -limit to limit; NaN
// stays.
func clip(x *autograd.Value, limit float64) *autograd.Value {
	lo, hi := op.Scalar(x.DType(), -limit), op.Scalar(x.DType(), limit)
	return minimum(maximum(lo, x), hi)
}
