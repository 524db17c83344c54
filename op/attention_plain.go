package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// plainAttention is the gradient of attention in operations on whole matrices of
// scores, [b g r t s] for r = h/g heads of queries to one of keys: what gradients of
// that gradient are made of.
type plainAttention struct {
	attention
	attentionSizes
	q, k, v, grad *autograd.Value // [b g r t d], [b g 1 s d], [b g 1 s e], [b g r t e]
	p             *autograd.Value // the weights
	kept          *autograd.Value // by which they are multiplied in dropout; nil: none
	slope         *autograd.Value // grad·vᵀ ∘ kept - delta
	mask          tensor.Spec
}

// newPlainAttention takes the inputs of attention_grad.
func newPlainAttention(o attention, in []*autograd.Value) *plainAttention {
	n, _ := o.sizes(specsOf(in[:3]))
	a := &plainAttention{attention: o, attentionSizes: n}
	a.q, a.grad = a.ofQueries(in[0]), a.ofQueries(in[3])
	a.k, a.v = a.ofKeys(in[1]), a.ofKeys(in[2])
	scores := matMulT(Scale(a.q, o.Scale), a.k, false, true)
	looks := a.causal(scores.DType())
	if o.Masked {
		mask := in[6]
		a.mask = mask.Spec()
		if mask.DType() == tensor.Bool {
			looks = Mul(looks, a.ofScores(Cast(mask, scores.DType())))
		} else {
			scores = Add(scores, a.ofScores(mask))
		}
	}
	a.p = Gate(BroadcastTo(looks, scores.Shape()...), Exp(Sub(scores, a.ofRows(in[4]))))
	a.slope = matMulT(a.grad, a.v, false, true)
	if o.Dropout != 0 {
		ones := autograd.Const(tensor.Full(scores.DType(), 1, scores.Shape()...))
		a.kept = Dropout(ones, in[len(in)-1], o.Dropout)
	}
	a.slope = Sub(a.keep(a.slope), a.ofRows(in[5]))
	return a
}

// keep multiplies by what dropout multiplies weights by.
func (a *plainAttention) keep(x *autograd.Value) *autograd.Value {
	if a.kept == nil {
		return x
	}
	return Mul(x, a.kept)
}

// causal returns 1 where a query may look at a key as far as Causal says, else 0.
func (a *plainAttention) causal(d tensor.DType) *autograd.Value {
	looks := tensor.Full(d, 1, a.t, a.s)
	for i := 0; a.Causal && i < a.t; i++ {
		if i+1 < a.s {
			row := looks.Slice(0, i, i+1).Slice(1, i+1, a.s)
			row.CopyFrom(tensor.New(d, row.Shape()...))
		}
	}
	return autograd.Const(looks)
}

// headsFirst makes [b h t d] of a tensor with heads, or turns that back.
func (a *plainAttention) headsFirst(x *autograd.Value) *autograd.Value {
	if a.Rows {
		return Permute(x, 0, 2, 1, 3)
	}
	return x
}

func (a *plainAttention) ofQueries(x *autograd.Value) *autograd.Value {
	return Reshape(a.headsFirst(x), a.b, a.g, a.h/a.g, a.t, x.Shape()[3])
}

func (a *plainAttention) ofKeys(x *autograd.Value) *autograd.Value {
	return Reshape(a.headsFirst(x), a.b, a.g, 1, a.s, x.Shape()[3])
}

func (a *plainAttention) ofRows(x *autograd.Value) *autograd.Value {
	return Reshape(x, a.b, a.g, a.h/a.g, a.t, 1)
}

func (a *plainAttention) ofScores(mask *autograd.Value) *autograd.Value {
	return Reshape(BroadcastTo(mask, a.b, a.h, a.t, a.s), a.b, a.g, a.h/a.g, a.t, a.s)
}

// toQueries turns [b g r t d] back.
func (a *plainAttention) toQueries(x *autograd.Value) *autograd.Value {
	return a.headsFirst(Reshape(x, a.b, a.h, a.t, x.Shape()[4]))
}

// toKeys turns [b g r s d] back, with the sum over the heads that a key serves.
func (a *plainAttention) toKeys(x *autograd.Value) *autograd.Value {
	return a.headsFirst(Sum(x, 2))
}

// toRows turns [b g r t s] into the sums of rows, [b h t].
func (a *plainAttention) toRows(x *autograd.Value) *autograd.Value {
	return Reshape(Sum(x, -1), a.b, a.h, a.t)
}

func (a *plainAttention) toMask(x *autograd.Value) *autograd.Value {
	return Unbroadcast(Reshape(x, a.b, a.h, a.t, a.s), a.mask.Shape)
}

// maskGradient returns the gradient of a mask of floats.
func (a *plainAttention) maskGradient() *autograd.Value { return a.toMask(Mul(a.p, a.slope)) }

// second returns the gradients of attention_grad's inputs, where up are those of
// dq, dk and dv. Write u for them, W = scale · (uq·kᵀ + q·ukᵀ) for the gradient of
// ds, and T = p ∘ (W ∘ slope + grad·uvᵀ ∘ z) for that of the scores; then
//
//	q: scale · (T·k + ds·uk)      k: scale · (Tᵀ·q + dsᵀ·uq)      v: (W ∘ p ∘ z)ᵀ·grad
//	grad: (p ∘ z)·uv + (W ∘ p ∘ z)·v      log Σ exp: -Σ T      delta: -Σ W ∘ p
func (a *plainAttention) second(call *autograd.Call, up []*autograd.Value) []*autograd.Value {
	for i, u := range up {
		if u == nil {
			up[i] = Zeros(call.Out[i].DType(), call.Out[i].Shape()...)
		}
	}
	uq, uk, uv := a.ofQueries(up[0]), a.ofKeys(up[1]), a.ofKeys(up[2])
	ds := Mul(a.p, a.slope)
	w := Scale(Add(matMulT(uq, a.k, false, true), matMulT(a.q, uk, false, true)), a.Scale)
	wp := Mul(w, a.p)
	wpz := a.keep(wp)
	t := Mul(a.p, Add(Mul(w, a.slope), a.keep(matMulT(a.grad, uv, false, true))))

	down := make([]*autograd.Value, len(call.In))
	down[0] = a.toQueries(Scale(Add(matMulT(t, a.k, false, false), matMulT(ds, uk, false, false)), a.Scale))
	down[1] = a.toKeys(Scale(Add(matMulT(t, a.q, true, false), matMulT(ds, uq, true, false)), a.Scale))
	down[2] = a.toKeys(matMulT(wpz, a.grad, true, false))
	down[3] = a.toQueries(Add(matMulT(a.keep(a.p), uv, false, false), matMulT(wpz, a.v, false, false)))
	down[4] = Neg(a.toRows(t))
	down[5] = Neg(a.toRows(wp))
	if a.Masked && call.Needs[6] {
		down[6] = a.toMask(t)
	}
	return down
}
