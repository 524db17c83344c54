package op

import (
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// points is a Loop between any types of elements: it sets each element of dst from
// those of the inputs at the same place.
type points[D, A, B tensor.Element] func(dst []D, a []A, b, c []B)

// elementLoop is points of any types.
type elementLoop interface {
	prepare(in []*tensor.Tensor, out *tensor.Tensor) func() // over all processors
	block(n *nest) BlockKernel                              // of the elements of a block
}

func (f points[D, A, B]) prepare(in []*tensor.Tensor, out *tensor.Tensor) func() {
	shape := out.Shape()
	steps := [][]int{rowMajor(shape, shape)}
	for _, x := range in {
		steps = append(steps, rowMajor(x.Shape(), shape))
	}
	n, dst, src := newNest(shape, steps), tensor.Data[D](out), sourcesOf[A, B](in)
	return parallel.NewLoop(n.pieces(), 1+grain/n.piece, func(lo, hi int) { f.run(n, dst, src, lo, hi) }).Run
}

func (f points[D, A, B]) block(n *nest) BlockKernel {
	return BlockKernel{Run: func(c *BlockCall) {
		f.run(n, tensor.Data[D](c.Out[0]), sourcesOf[A, B](c.In), 0, n.pieces())
	}}
}

func sourcesOf[A, B tensor.Element](in []*tensor.Tensor) (s sources[A, B]) {
	s.a = tensor.Data[A](in[0])
	if len(in) > 1 {
		s.b = tensor.Data[B](in[1])
	}
	if len(in) > 2 {
		s.c = tensor.Data[B](in[2])
	}
	return s
}

// rowMajor returns how far apart the elements of a row-major tensor of a shape
// lie along each axis of the shape that it is broadcast to: 0 where it repeats.
func rowMajor(shape, to []int) []int {
	steps := make([]int, len(to))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		axis := i + len(to) - len(shape)
		if shape[i] == to[axis] {
			steps[axis] = step
		}
		step *= shape[i]
	}
	return steps
}

// nest is loops over the axes of a shape for several operands, the output first:
// the innermost is a row, along which each of them goes on by one element or
// stays where it is.
type nest struct {
	first [1 + maxInputs]int // where each operand begins
	outer []axis
	row   axis
	rows  int
	piece int // of a row that is done at a time

	repeats bool // an operand stays where it is along a row
}

// axis is one loop, and how far each operand goes in it.
type axis struct {
	size  int
	steps [1 + maxInputs]int
}

// spread is how far an operand that stays where it is along a row is repeated at
// a time, so that one loop serves every way of broadcasting.
const spread = 256

// newNest returns loops over a shape, with steps along its axes for each operand.
func newNest(shape []int, steps [][]int) *nest {
	n := &nest{rows: 1, row: noAxis}
	axes := joinAxes(shape, steps)
	if len(axes) > 0 && axes[0].isRow() {
		n.row, axes = axes[0], axes[1:]
	}
	n.outer = axes
	for _, a := range axes {
		n.rows *= a.size
	}
	n.piece = max(1, min(n.row.size, grain))
	for i := range steps {
		if n.row.steps[i] == 0 {
			n.piece, n.repeats = min(n.piece, spread), true
		}
	}
	return n
}

// noAxis is the loop over one element.
var noAxis = axis{size: 1, steps: [1 + maxInputs]int{1, 1, 1, 1}}

// joinAxes returns the loops over a shape, the innermost first. Axes that all
// operands pass through as if they were one are joined.
func joinAxes(shape []int, steps [][]int) []axis {
	var axes []axis
	for i := len(shape) - 1; i >= 0; i-- {
		a := axis{size: shape[i]}
		for operand, s := range steps {
			a.steps[operand] = s[i]
		}
		switch last := len(axes) - 1; {
		case a.size == 1:
		case last >= 0 && axes[last].continues(a):
			axes[last].size *= a.size
		default:
			axes = append(axes, a)
		}
	}
	return axes
}

// continues reports whether going along the next axis outwards is going on along
// this one.
func (a axis) continues(next axis) bool {
	for i, s := range next.steps {
		if s != a.steps[i]*a.size {
			return false
		}
	}
	return true
}

// isRow reports whether a loop can be handed to a kernel.
func (a axis) isRow() bool {
	for i, s := range a.steps {
		if s != 1 && (s != 0 || i == 0) {
			return false
		}
	}
	return true
}

// size returns how many elements all rows have.
func (n *nest) size() int { return n.rows * n.row.size }

// at returns where an element of each operand lies, counted along the rows.
func (n *nest) at(element int) [1 + maxInputs]int {
	at := n.offsets(element / n.row.size)
	for i, step := range n.row.steps {
		at[i] += element % n.row.size * step
	}
	return at
}

// pieces returns how many pieces all rows have.
func (n *nest) pieces() int { return n.rows * n.piecesOfRow() }

func (n *nest) piecesOfRow() int { return (n.row.size + n.piece - 1) / n.piece }

// sources are up to three inputs of a loop; those that it does not have are nil.
type sources[A, B any] struct {
	a    []A
	b, c []B
}

// run runs the loop on some of the pieces.
func (f points[D, A, B]) run(n *nest, dst []D, src sources[A, B], lo, hi int) {
	var repeated sources[A, B]
	if n.repeats {
		a, b := scratchOf[A]().Get(spread), scratchOf[B]().Get(2*spread)
		defer scratchOf[A]().Put(a)
		defer scratchOf[B]().Put(b)
		repeated = sources[A, B]{*a, (*b)[:spread], (*b)[spread:]}
	}
	perRow := n.piecesOfRow()
	for p := lo; p < hi; p++ {
		from := p % perRow * n.piece
		to := min(from+n.piece, n.row.size)
		at := n.offsets(p / perRow)
		f(dst[at[0]+from:at[0]+to],
			rowOf(src.a, at[1], from, to, n.row.steps[1], repeated.a),
			rowOf(src.b, at[2], from, to, n.row.steps[2], repeated.b),
			rowOf(src.c, at[3], from, to, n.row.steps[3], repeated.c))
	}
}

// rowOf returns a piece of an operand's row, which begins at an element.
func rowOf[T any](s []T, at, from, to, step int, repeated []T) []T {
	switch {
	case s == nil:
		return nil
	case step == 1:
		return s[at+from : at+to]
	}
	repeated = repeated[:to-from]
	for i := range repeated {
		repeated[i] = s[at]
	}
	return repeated
}

// offsets returns where a row of each operand begins.
func (n *nest) offsets(row int) [1 + maxInputs]int {
	at := n.first
	for _, a := range n.outer {
		k := row % a.size
		row /= a.size
		for i, s := range a.steps {
			at[i] += k * s
		}
	}
	return at
}
