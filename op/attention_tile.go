package op

import (
	"math"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// A tile is some queries of one head, with their scores for all keys, that stay in
// the second cache. Its size does not show in the result.
const (
	tileElements = 1 << 16
	tileUnit     = 14 // rows of a matrix product's sliver
	mostUnits    = 6
)

// attending is an attention on its way.
type attending[T kernel.Float] struct {
	attention
	attentionSizes
	pool    *productScratch[T]
	q, k, v headed[T]
	mask    mask[T]
	key     []int64
	rows    int // of a tile
}

// headed is a tensor with heads, as it lies.
type headed[T kernel.Float] struct {
	data             []T
	batch, head, row int // how far apart neighbours lie
}

// from returns what begins with a row of a head.
func (h headed[T]) from(batch, head, row int) []T {
	at := batch*h.batch + head*h.head + row*h.row
	return h.data[min(at, len(h.data)):]
}

// headed returns a tensor of so many heads, rows and columns.
func (o attention) headed(heads, rows, columns int) (batch, head, row int) {
	if o.Rows {
		return rows * heads * columns, columns, heads * columns
	}
	return rows * heads * columns, rows * columns, columns
}

// mask is what is added to scores, or says which ones count.
type mask[T kernel.Float] struct {
	add   []T
	allow []bool
	steps []int // along [b h t s]
}

// apply masks the scores of a query from one key on.
func (m mask[T]) apply(scores []T, batch, head, row, from int) {
	if m.steps == nil {
		return
	}
	step := m.steps[3]
	at := batch*m.steps[0] + head*m.steps[1] + row*m.steps[2] + from*step
	switch {
	case m.allow != nil:
		for j := range scores {
			if !m.allow[at+j*step] {
				scores[j] = T(math.Inf(-1))
			}
		}
	case step == 1:
		kernel.Add(scores, scores, m.add[at:][:len(scores)])
	default:
		for j := range scores {
			scores[j] += m.add[at]
		}
	}
}

// newAttending takes q, k and v from the begin of in, and mask and key from extras.
func newAttending[T kernel.Float](pool *productScratch[T], o attention, in, extras []*tensor.Tensor) *attending[T] {
	n, _ := o.sizes([]tensor.Spec{in[0].Spec(), in[1].Spec(), in[2].Spec()})
	a := &attending[T]{attention: o, attentionSizes: n, pool: pool}
	a.q = a.headedOf(in[0], n.h, n.t, n.d)
	a.k = a.headedOf(in[1], n.g, n.s, n.d)
	a.v = a.headedOf(in[2], n.g, n.s, n.e)
	if o.Masked && n.s > 0 {
		a.mask.steps = rowMajor(extras[0].Shape(), []int{n.b, n.h, n.t, n.s})
		if extras[0].DType() == tensor.Bool {
			a.mask.allow = tensor.Data[bool](extras[0])
		} else {
			a.mask.add = tensor.Data[T](extras[0])
		}
	}
	if o.Dropout != 0 {
		a.key = tensor.Data[int64](extras[len(extras)-1])
	}
	a.rows = tileUnit * max(1, min(tileElements/(tileUnit*max(1, n.s)), mostUnits))
	return a
}

func (a *attending[T]) headedOf(t *tensor.Tensor, heads, rows, columns int) headed[T] {
	batch, head, row := a.headed(heads, rows, columns)
	return headed[T]{tensor.Data[T](t), batch, head, row}
}

// tiles returns how many tiles a head has.
func (a *attending[T]) tiles() int { return (a.t + a.rows - 1) / a.rows }

// attendingTile is queries [i0, i1) of a head, and keys [j0, j1).
type attendingTile struct{ batch, head, i0, i1, j0, j1 int }

func (t attendingTile) queries() int { return t.i1 - t.i0 }
func (t attendingTile) keys() int    { return t.j1 - t.j0 }

// tile returns a tile by its number, with the keys up to the last that its queries
// look at.
func (a *attending[T]) tile(batch, head, number int) attendingTile {
	t := attendingTile{batch: batch, head: head, i0: number * a.rows, j1: a.s}
	t.i1 = min(t.i0+a.rows, a.t)
	if a.Causal {
		t.j1 = min(t.i1, a.s)
	}
	return t
}

// group returns the head of keys and values that serves a tile.
func (a *attending[T]) group(t attendingTile) int { return t.head / (a.h / a.g) }

// looks returns at how many keys of a tile query i looks, from its first on.
func (a *attending[T]) looks(t attendingTile, i int) int {
	if a.Causal {
		return max(0, min(t.keys(), i+1-t.j0))
	}
	return t.keys()
}

// scale stores scale·q of a tile's queries, one after the other.
func (a *attending[T]) scale(t attendingTile, scaled []T) {
	for i := t.i0; i < t.i1; i++ {
		kernel.MulScalar(scaled[(i-t.i0)*a.d:][:a.d], a.q.from(t.batch, t.head, i)[:a.d], T(a.Scale))
	}
}

// scores stores (scale·q)·kᵀ + mask of a tile.
func (a *attending[T]) scores(t attendingTile, dst, scaled, work []T) {
	keys := t.keys()
	kernel.Gemm(false, true, t.queries(), keys, a.d, dst, keys, scaled, a.d, a.k.from(t.batch, a.group(t), t.j0), a.k.row, false, work)
	for i := t.i0; i < t.i1; i++ {
		a.mask.apply(dst[(i-t.i0)*keys:][:a.looks(t, i)], t.batch, t.head, i, t.j0)
	}
}

// kept stores by what the weights of query i are multiplied, for as many keys as
// dst has: 0 for one that is dropped. Which ones are depends on their places in
// [b h t s].
func (a *attending[T]) kept(t attendingTile, i int, dst []T) {
	for j := range dst {
		dst[j] = 1
	}
	first := ((t.batch*a.h+t.head)*a.t+i)*a.s + t.j0
	kernel.Dropout(dst, dst, a.Dropout, uint64(a.key[0]), uint64(a.key[1]), first)
}

// prepare returns a function that computes output and log Σ exp.
func (a *attending[T]) prepare(out []*tensor.Tensor) func() {
	y, lse := a.headedOf(out[0], a.h, a.t, a.e), tensor.Data[T](out[1])
	tiles := a.tiles()
	return parallel.NewLoop(a.b*a.h*tiles, 1, func(lo, hi int) {
		work, scratch := a.pool.work.Get(kernel.GemmScratch), a.pool.packed.Get(a.rows*(a.s+a.d)+a.s)
		defer a.pool.work.Put(work)
		defer a.pool.packed.Put(scratch)
		for n := lo; n < hi; n++ {
			head := n / tiles
			a.attend(a.tile(head/a.h, head%a.h, n%tiles), y, lse[head*a.t:], *scratch, *work)
		}
	}).Run
}

// attend computes the outputs of a tile.
func (a *attending[T]) attend(t attendingTile, y headed[T], lse, scratch, work []T) {
	keys := t.keys()
	p, scaled, kept := scratch[:a.rows*a.s], scratch[a.rows*a.s:][:a.rows*a.d], scratch[a.rows*(a.s+a.d):]
	a.scale(t, scaled)
	a.scores(t, p, scaled, work)
	for i := t.i0; i < t.i1; i++ {
		row, looks := p[(i-t.i0)*keys:][:keys], a.looks(t, i)
		lse[i] = kernel.SoftmaxRow(row[:looks], row[:looks])
		clear(row[looks:])
		if a.Dropout != 0 {
			a.kept(t, i, kept[:looks])
			kernel.Mul(row[:looks], row[:looks], kept[:looks])
		}
	}
	kernel.Gemm(false, false, t.queries(), a.e, keys, y.from(t.batch, t.head, t.i0), y.row, p, keys,
		a.v.from(t.batch, a.group(t), 0), a.v.row, false, work)
}
