package op

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// AttentionConfig says how queries look at keys.
type AttentionConfig struct {
	Causal  bool            // query i looks at keys 0 to i alone
	Scale   float64         // of the scores; 0: 1/√d
	Mask    *autograd.Value // broadcasts to [b h t s]: bool, true where a query may look, or floats to add to the scores; nil: none
	Dropout float64         // the probability that a weight is dropped
	Key     *autograd.Value // int64 [2] of a seed and a counter, for Dropout
	Rows    bool            // heads lie within rows: [b t h d] in place of [b h t d]
}

// Attention returns softmax(scale · q·kᵀ + mask)·v for queries q [b h t d], keys k
// [b g s d] and values v [b g s e], of shape [b h t e]: Vaswani et al., "Attention
// Is All You Need", 2017. Each of the g heads of keys serves h/g neighbouring heads
// of queries (Ainslie et al., "GQA", 2023). A query that may look at no key gives 0.
//
// It goes through some queries at a time, as Dao et al., "FlashAttention", 2022:
// what is kept for the gradient is the output and a number for each query, so
// memory grows with the length and not with its square. Only a gradient of the
// gradient, and that of a mask, take a whole [b h t s].
func Attention(q, k, v *autograd.Value, cfg AttentionConfig) *autograd.Value {
	in := []*autograd.Value{q, k, v}
	o := attention{Causal: cfg.Causal, Scale: cfg.Scale, Masked: cfg.Mask != nil, Dropout: cfg.Dropout, Rows: cfg.Rows}
	if shape := q.Shape(); o.Scale == 0 && len(shape) > 0 {
		o.Scale = 1 / math.Sqrt(float64(max(1, shape[len(shape)-1])))
	}
	if o.Masked {
		in = append(in, cfg.Mask)
	}
	if o.Dropout != 0 {
		in = append(in, cfg.Key)
	}
	return autograd.Apply1(o, in...)
}

// attention has a second output: log Σ exp of the scores of each query, [b h t], or
// 0 where it looks at no key.
type attention struct {
	Causal  bool
	Scale   float64
	Masked  bool // after q, k and v comes a mask
	Dropout float64
	Rows    bool
}

func (attention) Name() string { return "attention" }

// inputs returns how many inputs there are, after others.
func (o attention) inputs(others int) int {
	if o.Masked {
		others++
	}
	if o.Dropout != 0 {
		others++
	}
	return others
}

func (o attention) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, o.inputs(3)); err != nil {
		return nil, err
	}
	n, err := o.sizes(in)
	if err != nil {
		return nil, err
	}
	if err := o.checkExtras(in[3:], n, in[0].DType); err != nil {
		return nil, err
	}
	d := in[0].DType
	return []tensor.Spec{tensor.NewSpec(d, o.shape(n.b, n.h, n.t, n.e)...), tensor.NewSpec(d, n.b, n.h, n.t)}, nil
}

// attentionSizes are those of queries [b h t d], keys [b g s d] and values [b g s e].
type attentionSizes struct{ b, h, g, t, s, d, e int }

// shape returns the shape of a tensor with so many heads.
func (o attention) shape(b, h, t, d int) []int {
	if o.Rows {
		return []int{b, t, h, d}
	}
	return []int{b, h, t, d}
}

// sizes returns those of queries, keys and values.
func (o attention) sizes(in []tensor.Spec) (n attentionSizes, err error) {
	if err := wantFloats(in[:3], 3); err != nil {
		return n, err
	}
	axes := "[batch heads length size]"
	if o.Rows {
		axes = "[batch length heads size]"
	}
	if err := wantRank(in[:3], 4, axes); err != nil {
		return n, err
	}
	q, k, v := in[0].Shape, in[1].Shape, in[2].Shape
	heads, length := 1, 2
	if o.Rows {
		heads, length = 2, 1
	}
	n = attentionSizes{b: q[0], h: q[heads], g: k[heads], t: q[length], s: k[length], d: q[3], e: v[3]}
	switch {
	case !slices.Equal(k, o.shape(n.b, n.g, n.s, n.d)):
		return n, fmt.Errorf("want keys of batch %d and size %d", n.b, n.d)
	case !slices.Equal(v, o.shape(n.b, n.g, n.s, n.e)):
		return n, errors.New("want a value for each key")
	case n.g == 0 || n.h%n.g != 0:
		return n, fmt.Errorf("want heads of queries, %d, that are a multiple of those of keys, %d", n.h, n.g)
	}
	return n, nil
}

// checkExtras checks mask and key.
func (o attention) checkExtras(extras []tensor.Spec, n attentionSizes, d tensor.DType) error {
	if !(o.Dropout >= 0 && o.Dropout < 1) {
		return fmt.Errorf("want a probability of at least 0 and below 1, not %v", o.Dropout)
	}
	if o.Masked {
		mask, scores := extras[0], []int{n.b, n.h, n.t, n.s}
		if both, err := tensor.Broadcast(mask.Shape, scores); err != nil || !slices.Equal(both, scores) {
			return fmt.Errorf("want a mask that broadcasts to %v", scores)
		}
		if mask.DType != tensor.Bool && mask.DType != d {
			return fmt.Errorf("want a mask of bool or %v", d)
		}
	}
	if o.Dropout != 0 && !extras[len(extras)-1].Equal(tensor.NewSpec(tensor.Int64, 2)) {
		return errors.New("want an int64[2] key")
	}
	return nil
}

func (o attention) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out queries of a head at a time.
func (o attention) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return newAttending(&products32, o, in, in[3:]).prepare(out) },
		func() func() { return newAttending(&products64, o, in, in[3:]).prepare(out) })
}

// Backward hands attention_grad what is the same for all keys of a query: the
// scores' gradient is p ∘ (grad·vᵀ - delta), and that of log Σ exp is p.
func (o attention) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	y, lse := call.Out[0], call.Out[1]
	g := grad[0]
	if g == nil {
		g = Zeros(y.DType(), y.Shape()...)
	}
	delta := Sum(Mul(g, y), -1)
	if o.Rows {
		delta = Permute(delta, 0, 2, 1)
	}
	if grad[1] != nil {
		delta = Sub(delta, grad[1])
	}
	in := slices.Concat(call.In[:3], []*autograd.Value{g, lse, delta}, call.In[3:])
	down := make([]*autograd.Value, len(call.In))
	if call.Needs[0] || call.Needs[1] || call.Needs[2] {
		copy(down, autograd.Apply(attentionGrad{o}, in...))
	}
	if o.Masked && call.Needs[3] {
		down[3] = newPlainAttention(o, in).maskGradient()
	}
	return down
}

var _ = register(Entry{
	Name: "attention", Kind: Sequence, Formula: "softmax(scale · q·kᵀ + mask) · v", Call: "Attention(q, k, v, cfg)",
	Shapes: "[b h t d], [b g s d], [b g s e] → [b h t e]", Bound: 4e-6,
	Reference: attentionReference,
	Whole:     "goes through tiles of queries",
	Cases: []Case{
		{attention{Scale: 0.5}, []Arg{In(1, 1, 3, 4), In(1, 1, 5, 4), In(1, 1, 5, 3)}},
		{attention{Scale: 0.5, Causal: true}, []Arg{In(2, 2, 3, 2), In(2, 1, 3, 2), In(2, 1, 3, 1)}},
		{attention{Scale: 0.3, Masked: true}, []Arg{In(1, 3, 2, 2), In(1, 3, 5, 2), In(1, 3, 5, 2), In(2, 5)}},
		{attention{Scale: 0.3, Masked: true, Causal: true, Rows: true}, []Arg{In(1, 3, 4, 2), In(1, 4, 2, 2), In(1, 4, 2, 3), In(1, 4, 1, 1)}},
		{attention{Scale: 0.7, Masked: true, Dropout: 0.3}, []Arg{In(2, 2, 3, 2), In(2, 2, 3, 2), In(2, 2, 3, 1), allowed(2, 1, 3, 3), Index(1000, 2)}},
		{attention{Scale: 0.7, Dropout: 0.5, Rows: true}, []Arg{In(1, 3, 2, 2), In(1, 5, 1, 2), In(1, 5, 1, 2), Index(1000, 2)}},
		{attention{Scale: 1, Causal: true}, []Arg{In(1, 1, 1, 1), In(1, 1, 1, 1), In(1, 1, 1, 1)}},
		{attention{Scale: 1, Causal: true}, []Arg{In(1, 2, 5, 3), In(1, 2, 3, 3), In(1, 2, 3, 1)}},
		{attention{Scale: 1}, []Arg{In(0, 2, 2, 3), In(0, 1, 3, 3), In(0, 1, 3, 2)}},
		{attention{Scale: 1}, []Arg{In(1, 1, 2, 2), In(1, 1, 0, 2), In(1, 1, 0, 2)}},
		{attention{Scale: 0.1}, []Arg{In(1, 2, 90, 1), In(1, 1, 3, 1), In(1, 1, 3, 1)}},
	},
})

// allowed is a mask.
func allowed(shape ...int) Arg {
	return Arg{Spec: tensor.NewSpec(tensor.Bool, shape...), Hi: 2}
}
