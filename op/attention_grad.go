package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// attentionGrad returns the gradients of q, k and v from q, k, v, the gradient of
// the output, log Σ exp of the scores [b h t], and delta [b h t], and then mask and
// key as attention has them. With p = exp(score - log Σ exp) and the kept weights z
// of dropout,
//
//	ds = p ∘ (grad·vᵀ ∘ z - delta)
//	dq = scale · ds·k    dk = dsᵀ·(scale·q)    dv = (p ∘ z)ᵀ·grad
type attentionGrad struct{ attention }

func (attentionGrad) Name() string { return "attention_grad" }

func (o attentionGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, o.inputs(6)); err != nil {
		return nil, err
	}
	out, err := o.attention.Infer(slices.Concat(in[:3], in[6:]))
	if err != nil {
		return nil, err
	}
	for i, want := range []tensor.Spec{out[0], out[1], out[1]} {
		if !in[3+i].Equal(want) {
			return nil, fmt.Errorf("want input %d to be %v", 3+i, want)
		}
	}
	return slices.Clone(in[:3]), nil
}

func (o attentionGrad) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the heads of keys or, where they are few, first tiles of queries
// and then tiles of keys, whose scores are then worked out twice.
func (o attentionGrad) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return newDescending(&products32, o.attention, in, out).prepare() },
		func() func() { return newDescending(&products64, o.attention, in, out).prepare() })
}

// descending is a gradient of attention on its way.
type descending[T kernel.Float] struct {
	*attending[T]
	grad       headed[T]
	lse, delta []T
	dq, dk, dv headed[T]
}

func newDescending[T kernel.Float](pool *productScratch[T], o attention, in, out []*tensor.Tensor) *descending[T] {
	a := newAttending(pool, o, in, in[6:])
	return &descending[T]{
		attending: a, grad: a.headedOf(in[3], a.h, a.t, a.e),
		lse: tensor.Data[T](in[4]), delta: tensor.Data[T](in[5]),
		dq: a.headedOf(out[0], a.h, a.t, a.d), dk: a.headedOf(out[1], a.g, a.s, a.d), dv: a.headedOf(out[2], a.g, a.s, a.e),
	}
}

// keysOfTile is how many keys are shared out at a time where heads are few.
const keysOfTile = 128

func (a *descending[T]) prepare() func() {
	heads, tiles := a.b*a.g, a.tiles()
	if heads >= partsWhole || tiles*(a.s+keysOfTile-1)/keysOfTile < 4 {
		return a.loop(heads, func(n int, s *descent[T]) {
			s.forKeys(n/a.g, n%a.g, 0, a.s, true)
		})
	}
	queries := a.loop(a.b*a.h*tiles, func(n int, s *descent[T]) {
		head := n / tiles
		t := a.tile(head/a.h, head%a.h, n%tiles)
		s.weigh(t)
		s.toQueries(t)
	})
	pieces := (a.s + keysOfTile - 1) / keysOfTile
	keys := a.loop(heads*pieces, func(n int, s *descent[T]) {
		head, from := n/pieces, n%pieces*keysOfTile
		s.forKeys(head/a.g, head%a.g, from, min(from+keysOfTile, a.s), false)
	})
	return func() {
		queries()
		keys()
	}
}

// loop returns a loop whose body has scratch.
func (a *descending[T]) loop(n int, body func(n int, s *descent[T])) func() {
	return parallel.NewLoop(n, 1, func(lo, hi int) {
		work, scratch := a.pool.work.Get(kernel.GemmScratch), a.pool.packed.Get(a.rows*(2*a.s+a.d)+a.s)
		defer a.pool.work.Put(work)
		defer a.pool.packed.Put(scratch)
		s := newDescent(a, *scratch, *work)
		for i := lo; i < hi; i++ {
			body(i, &s)
		}
	}).Run
}

// descent is what one goroutine needs for its tiles.
type descent[T kernel.Float] struct {
	*descending[T]
	scaled []T // scale·q
	p, ds  []T // the weights after dropout, and the gradient of the scores
	kept   []T
	work   []T
}

func newDescent[T kernel.Float](a *descending[T], scratch, work []T) descent[T] {
	scores, scaled := a.rows*a.s, a.rows*a.d
	return descent[T]{a, scratch[2*scores:][:scaled], scratch[:scores], scratch[scores:][:scores], scratch[2*scores+scaled:], work}
}

// forKeys computes the gradients of some keys and values, adding up the queries
// of all heads that they serve; and those of the queries, if all keys are there.
func (s *descent[T]) forKeys(batch, group, j0, j1 int, queries bool) {
	s.clear(s.dk, batch, group, j0, j1, s.d)
	s.clear(s.dv, batch, group, j0, j1, s.e)
	serves := s.h / s.g
	for head := group * serves; head < (group+1)*serves; head++ {
		for number := range s.tiles() {
			t := s.tile(batch, head, number)
			t.j0, t.j1 = j0, min(t.j1, j1)
			if t.keys() <= 0 && !queries {
				continue
			}
			s.weigh(t)
			if queries {
				s.toQueries(t)
			}
			s.toKeys(t)
		}
	}
}

func (s *descent[T]) clear(x headed[T], batch, head, from, to, columns int) {
	for j := from; j < to; j++ {
		clear(x.from(batch, head, j)[:columns])
	}
}

// weigh works out weights and gradients of scores of a tile.
func (s *descent[T]) weigh(t attendingTile) {
	keys := t.keys()
	s.scale(t, s.scaled)
	s.scores(t, s.p, s.scaled, s.work)
	kernel.Gemm(false, true, t.queries(), keys, s.e, s.ds, keys, s.grad.from(t.batch, t.head, t.i0), s.grad.row,
		s.v.from(t.batch, s.group(t), t.j0), s.v.row, false, s.work)
	for i := t.i0; i < t.i1; i++ {
		at, looks := (i-t.i0)*keys, s.looks(t, i)
		p, ds, kept := s.p[at:][:looks], s.ds[at:][:looks], s.kept[:looks]
		query := (t.batch*s.h+t.head)*s.t + i
		kernel.ExpMinus(p, p, s.lse[query])
		if s.Dropout != 0 {
			s.attending.kept(t, i, kept)
			kernel.Mul(ds, ds, kept)
		}
		kernel.SubScalar(ds, ds, s.delta[query])
		kernel.Mul(ds, ds, p)
		if s.Dropout != 0 {
			kernel.Mul(p, p, kept)
		}
		clear(s.p[at:][looks:keys])
		clear(s.ds[at:][looks:keys])
	}
}

// toQueries stores the gradients of a tile's queries.
func (s *descent[T]) toQueries(t attendingTile) {
	keys := t.keys()
	kernel.Gemm(false, false, t.queries(), s.d, keys, s.dq.from(t.batch, t.head, t.i0), s.dq.row, s.ds, keys,
		s.k.from(t.batch, s.group(t), t.j0), s.k.row, false, s.work)
	for i := t.i0; i < t.i1; i++ {
		dq := s.dq.from(t.batch, t.head, i)[:s.d]
		kernel.MulScalar(dq, dq, T(s.Scale))
	}
}

// toKeys adds to the gradients of a tile's keys and values.
func (s *descent[T]) toKeys(t attendingTile) {
	keys, group := t.keys(), s.group(t)
	kernel.Gemm(true, false, keys, s.d, t.queries(), s.dk.from(t.batch, group, t.j0), s.dk.row, s.ds, keys, s.scaled, s.d, true, s.work)
	kernel.Gemm(true, false, keys, s.e, t.queries(), s.dv.from(t.batch, group, t.j0), s.dv.row, s.p, keys,
		s.grad.from(t.batch, t.head, t.i0), s.grad.row, true, s.work)
}

func (o attentionGrad) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return newPlainAttention(o.attention, call.In).second(call, grad)
}

var _ = register(Entry{
	Name: "attention_grad", Kind: Sequence, Formula: "the gradients of attention's q, k and v",
	Linear: [][]int{{3, 5}},
	Shapes: "q, k, v, [b h t e], [b h t], [b h t] → q, k, v", Bound: 1e-5,
	Reference: attentionGradReference,
	Whole:     "goes through tiles of queries",
	Cases: []Case{
		{attentionGrad{attention{Scale: 0.5}}, []Arg{In(1, 1, 3, 4), In(1, 1, 5, 4), In(1, 1, 5, 3), In(1, 1, 3, 3), In(1, 1, 3).From(2, 3), In(1, 1, 3)}},
		{attentionGrad{attention{Scale: 0.5, Causal: true}}, []Arg{In(1, 4, 3, 2), In(1, 2, 3, 2), In(1, 2, 3, 1), In(1, 4, 3, 1), In(1, 4, 3).From(2, 3), In(1, 4, 3)}},
		{attentionGrad{attention{Scale: 0.3, Masked: true, Rows: true}}, []Arg{In(1, 2, 3, 2), In(1, 5, 3, 2), In(1, 5, 3, 2), In(1, 2, 3, 2), In(1, 3, 2).From(2, 3), In(1, 3, 2), In(2, 5)}},
		{attentionGrad{attention{Scale: 0.7, Masked: true, Dropout: 0.3}}, []Arg{In(1, 2, 3, 2), In(1, 2, 3, 2), In(1, 2, 3, 1), In(1, 2, 3, 1), In(1, 2, 3).From(2, 3), In(1, 2, 3), allowed(3, 3), Index(1000, 2)}},
		{attentionGrad{attention{Scale: 1}}, []Arg{In(0, 2, 2, 3), In(0, 1, 3, 3), In(0, 1, 3, 2), In(0, 2, 2, 2), In(0, 2, 2), In(0, 2, 2)}},
		{attentionGrad{attention{Scale: 1}}, []Arg{In(1, 1, 2, 2), In(1, 1, 0, 2), In(1, 1, 0, 2), In(1, 1, 2, 2), In(1, 1, 2), In(1, 1, 2)}},
		{attentionGrad{attention{Scale: 0.1, Causal: true}}, []Arg{In(17, 1, 2, 1), In(17, 1, 2, 1), In(17, 1, 2, 1), In(17, 1, 2, 1), In(17, 1, 2).From(2, 3), In(17, 1, 2)}},
	},
})
