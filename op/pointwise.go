package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Pointwise is an operation that works out each element of its output from the
// elements of its inputs at the same place, under NumPy's broadcasting. All are
// of one float type. Such an operation runs in any layout, and on any part of a
// tensor.
type Pointwise interface {
	autograd.Op
	Kernels() Kernels
}

// Kernels are the loops of a pointwise operation, one for each float type.
type Kernels struct {
	F32 Loop[float32]
	F64 Loop[float64]
}

// Loop sets each element of dst from those of up to three inputs of the same
// length, of which dst may be one. Those that the operation does not have are nil.
type Loop[T kernel.Float] func(dst, a, b, c []T)

// maxInputs is how many inputs a Loop takes.
const maxInputs = 3

// unary makes loops of kernels with one input.
func unary(f32 func(dst, x []float32), f64 func(dst, x []float64)) Kernels {
	return Kernels{
		func(dst, a, _, _ []float32) { f32(dst, a) },
		func(dst, a, _, _ []float64) { f64(dst, a) },
	}
}

// binary makes loops of kernels with two inputs.
func binary(f32 func(dst, a, b []float32), f64 func(dst, a, b []float64)) Kernels {
	return Kernels{
		func(dst, a, b, _ []float32) { f32(dst, a, b) },
		func(dst, a, b, _ []float64) { f64(dst, a, b) },
	}
}

// InferPointwise is Infer of a pointwise operation of n inputs.
func InferPointwise(in []tensor.Spec, n int) ([]tensor.Spec, error) {
	if err := wantFloats(in, n); err != nil {
		return nil, err
	}
	shape := in[0].Shape
	for _, s := range in[1:] {
		var err error
		if shape, err = tensor.Broadcast(shape, s.Shape); err != nil {
			return nil, err
		}
	}
	return one(in[0].DType, shape...), nil
}

// ForwardPointwise is Forward of a pointwise operation.
func ForwardPointwise(o Pointwise, in, out []*tensor.Tensor) { forwardPointwise(o, in, out) }

// forwardPointwise is Forward of a pointwise operation.
func forwardPointwise(o Pointwise, in, out []*tensor.Tensor) { preparePointwise(o, in, out)() }

// preparePointwise is Prepare of a pointwise operation: the loop for the type of
// the tensors, over all processors.
func preparePointwise(o Pointwise, in, out []*tensor.Tensor) func() {
	k := o.Kernels()
	return prepare(out[0].DType(),
		func() func() { return preparePoints(&scratch32, k.F32, in, out[0]) },
		func() func() { return preparePoints(&scratch64, k.F64, in, out[0]) })
}

func preparePoints[T kernel.Float](pool *parallel.Scratch[T], f Loop[T], in []*tensor.Tensor, out *tensor.Tensor) func() {
	var src [maxInputs][]T
	shape := out.Shape()
	steps := [][]int{rowMajor(shape, shape)}
	for i, x := range in {
		src[i] = tensor.Data[T](x)
		steps = append(steps, rowMajor(x.Shape(), shape))
	}
	n, dst := newNest(shape, steps), tensor.Data[T](out)
	return parallel.NewLoop(n.pieces(), 1+grain/n.piece, func(lo, hi int) {
		scratch := pool.Get(maxInputs * spread)
		defer pool.Put(scratch)
		runNest(n, f, dst, src, lo, hi, *scratch)
	}).Run
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
			n.piece = min(n.piece, spread)
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

// runNest runs a loop on some of the pieces. scratch has maxInputs*spread elements.
func runNest[T kernel.Float](n *nest, f Loop[T], dst []T, src [maxInputs][]T, lo, hi int, scratch []T) {
	perRow := n.piecesOfRow()
	for p := lo; p < hi; p++ {
		from := p % perRow * n.piece
		to := min(from+n.piece, n.row.size)
		at := n.offsets(p / perRow)
		var in [maxInputs][]T
		for i, s := range src {
			if s != nil {
				in[i] = rowOf(s[at[1+i]:], from, to, n.row.steps[1+i], scratch[i*spread:(i+1)*spread])
			}
		}
		f(dst[at[0]+from:at[0]+to], in[0], in[1], in[2])
	}
}

// rowOf returns a piece of an operand's row.
func rowOf[T kernel.Float](row []T, from, to, step int, repeated []T) []T {
	if step == 1 {
		return row[from:to]
	}
	s := repeated[:to-from]
	for i := range s {
		s[i] = row[0]
	}
	return s
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
