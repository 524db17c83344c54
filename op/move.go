package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// move copies elements from where they lie to where they are to lie: loops over a
// shape, in which the first operand is what is written and the second what is read.
// The two innermost loops are copied a box at a time.
type move struct {
	to, from  int // where the first element goes and lies
	outer     []axis
	next, row axis
	high      int // of a box, along next
	wide      int // of a box, along row
	boxes     int
}

// tile is how high and wide a box is that turns rows into columns, so that both
// stay in the first cache.
const tile = 64

// newMove returns a move over a shape, with the steps of what is written and of
// what is read along its axes.
func newMove(shape, to, from []int) *move {
	axes := append(joinAxes(shape, [][]int{to, from}), noAxis, noAxis)
	m := &move{row: axes[0], boxes: 1}
	next := 1
	if m.row.steps[0] == 1 && m.row.steps[1] > 1 {
		next = max(next, slices.IndexFunc(axes, func(a axis) bool { return a.size > 1 && a.steps[0] > 1 && a.steps[1] == 1 }))
	}
	m.next = axes[next]
	m.outer = slices.Delete(axes[1:], next-1, next)
	m.wide, m.high = min(m.row.size, grain), min(m.next.size, 1+grain/max(1, m.row.size))
	if m.turns() {
		m.wide, m.high = min(m.wide, tile), min(m.next.size, tile)
	}
	m.wide, m.high = max(m.wide, 1), max(m.high, 1)
	for _, a := range m.outer {
		m.boxes *= a.size
	}
	m.boxes *= pieces(m.next.size, m.high) * pieces(m.row.size, m.wide)
	return m
}

func pieces(n, piece int) int { return (n + piece - 1) / piece }

// turns reports whether what lies in rows is written in columns.
func (m *move) turns() bool {
	return m.row.steps[0] == 1 && m.row.steps[1] > 1 && m.next.steps[0] > 1 && m.next.steps[1] == 1
}

// runMove copies some of the boxes.
func runMove[T any](m *move, dst, src []T, lo, hi int) {
	for box := lo; box < hi; box++ {
		rest, to, from := box, m.to, m.from
		within := func(a axis, piece int) int {
			n := pieces(a.size, piece)
			at := rest % n * piece
			rest /= n
			to, from = to+at*a.steps[0], from+at*a.steps[1]
			return min(piece, a.size-at)
		}
		wide, high := within(m.row, m.wide), within(m.next, m.high)
		for _, a := range m.outer {
			within(a, 1)
		}
		copyBox(m, dst, src, to, from, high, wide)
	}
}

func copyBox[T any](m *move, dst, src []T, to, from, high, wide int) {
	if m.turns() {
		kernel.Transpose(dst[to:], m.next.steps[0], src[from:], m.row.steps[1], wide, high)
		return
	}
	for range high {
		copyRow(dst, src, to, from, wide, m.row.steps[0], m.row.steps[1])
		to, from = to+m.next.steps[0], from+m.next.steps[1]
	}
}

func copyRow[T any](dst, src []T, to, from, n, toStep, fromStep int) {
	if toStep == 1 && fromStep == 1 {
		copy(dst[to:to+n], src[from:])
		return
	}
	for range n {
		dst[to] = src[from]
		to, from = to+toStep, from+fromStep
	}
}

// prepareMove shares out a move of whole tensors.
func prepareMove(m *move, to, from *tensor.Tensor) func() {
	return moving(to.DType(),
		func() func() { return moveLoop[uint8](m, to, from) },
		func() func() { return moveLoop[uint32](m, to, from) },
		func() func() { return moveLoop[uint64](m, to, from) })
}

func moveLoop[T tensor.Word](m *move, to, from *tensor.Tensor) func() {
	dst, src := tensor.Bits[T](to), tensor.Bits[T](from)
	return parallel.NewLoop(m.boxes, 1+grain/(m.high*m.wide), func(lo, hi int) { runMove(m, dst, src, lo, hi) }).Run
}

// moving is prepare for what only moves elements, of any type: it takes one, four
// or eight bytes for one.
func moving(d tensor.DType, f1, f4, f8 func() func()) func() {
	switch d.Size() {
	case 1:
		return f1()
	case 4:
		return f4()
	}
	return f8()
}

// blockMove is a move from an input of a block to an output.
type blockMove struct {
	in, out int
	*move
}

// newBlockMove returns a move over the examples' axes of a shape and the lanes,
// with the steps of blocks of two layouts.
func newBlockMove(shape, to, from []int, lanes int) *move {
	return newMove(append(slices.Clone(shape[1:]), lanes), to, from)
}

// stepsOf returns how far apart the elements of a block lie along the axes of an
// example, and from lane to lane.
func stepsOf(s tensor.Spec, b kernel.Block) []int { return blockSteps(s, s, b) }

// movesKernel does moves of a block, one after the other.
func movesKernel(d tensor.DType, moves ...blockMove) BlockKernel {
	return typedBlock(d, 0,
		func(c *BlockCall) { runBlockMoves[float32](moves, c) },
		func(c *BlockCall) { runBlockMoves[float64](moves, c) })
}

func runBlockMoves[T kernel.Float](moves []blockMove, c *BlockCall) {
	for _, m := range moves {
		runMove(m.move, tensor.Data[T](c.Out[m.out]), tensor.Data[T](c.In[m.in]), 0, m.boxes)
	}
}

// inOrder runs functions one after the other.
func inOrder(runs []func()) func() {
	return func() {
		for _, run := range runs {
			run()
		}
	}
}
