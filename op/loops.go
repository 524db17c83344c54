package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// grain is how many elements a goroutine takes at a time where each costs about
// a nanosecond: below it a second goroutine costs more than it saves.
var grain = 16384

// forward calls the function for the type of the tensors: every kernel is
// generic, and this is where a dtype picks its instance.
func forward(d tensor.DType, f32, f64 func()) {
	if d == tensor.Float64 {
		f64()
		return
	}
	f32()
}

// mapUnary runs the elementwise kernel for out's type over all processors.
func mapUnary(out, in *tensor.Tensor, f32 func(dst, x []float32), f64 func(dst, x []float64)) {
	forward(out.DType(), func() { unaryLoop(out, in, f32) }, func() { unaryLoop(out, in, f64) })
}

func unaryLoop[T kernel.Float](out, in *tensor.Tensor, f func(dst, x []T)) {
	dst, x := tensor.Data[T](out), tensor.Data[T](in)
	parallel.For(len(dst), grain, func(lo, hi int) { f(dst[lo:hi], x[lo:hi]) })
}

// mapBinary runs the elementwise kernel for out's type on two inputs that
// broadcast to out's shape.
func mapBinary(out, a, b *tensor.Tensor, f32 func(dst, a, b []float32), f64 func(dst, a, b []float64)) {
	forward(out.DType(), func() { binaryLoop(out, a, b, f32) }, func() { binaryLoop(out, a, b, f64) })
}

func binaryLoop[T kernel.Float](out, a, b *tensor.Tensor, f func(dst, a, b []T)) {
	dst, x, y := tensor.Data[T](out), tensor.Data[T](a), tensor.Data[T](b)
	shape, xs, ys := collapse(out.Shape(), a.Shape(), b.Shape())
	last := len(shape) - 1
	n, xStep, yStep := shape[last], xs[last], ys[last]
	if last == 0 && xStep == 1 && yStep == 1 {
		parallel.For(n, grain, func(lo, hi int) { f(dst[lo:hi], x[lo:hi], y[lo:hi]) })
		return
	}
	pieces := (n + fill - 1) / fill // of a row
	rows := tensor.Elements(shape[:last])
	parallel.For(rows*pieces, 1+grain/max(1, min(n, fill)), func(lo, hi int) {
		var xFill, yFill [fill]T
		for p := lo; p < hi; p++ {
			row, from := p/pieces, p%pieces*fill
			to := min(from+fill, n)
			i, j := offsets(row, shape[:last], xs, ys)
			f(dst[row*n+from:row*n+to],
				operand(x[i:], from, to, xStep, &xFill),
				operand(y[j:], from, to, yStep, &yFill))
		}
	})
}

// fill is how far an operand that is the same along a row is spread at a time,
// so that one kernel serves every way of broadcasting.
const fill = 256

func operand[T kernel.Float](row []T, lo, hi, step int, spread *[fill]T) []T {
	if step == 1 {
		return row[lo:hi]
	}
	s := spread[:hi-lo]
	for i := range s {
		s[i] = row[0]
	}
	return s
}

// collapse joins neighbouring axes along which both operands behave alike, and
// returns the joined shape with each operand's strides, 0 where it repeats.
func collapse(shape, a, b []int) (joined, as, bs []int) {
	aStep, bStep := 1, 1 // of the axis at hand, were it not broadcast
	for i := 1; i <= len(shape); i++ {
		size := shape[len(shape)-i]
		sa, sb := 0, 0
		if i <= len(a) && a[len(a)-i] == size {
			sa = aStep
			aStep *= size
		}
		if i <= len(b) && b[len(b)-i] == size {
			sb = bStep
			bStep *= size
		}
		if size == 1 {
			continue
		}
		top := len(joined) - 1
		if top >= 0 && sa == as[top]*joined[top] && sb == bs[top]*joined[top] {
			joined[top] *= size
			continue
		}
		joined, as, bs = append(joined, size), append(as, sa), append(bs, sb)
	}
	if len(joined) == 0 {
		return []int{1}, []int{1}, []int{1}
	}
	slices.Reverse(joined)
	slices.Reverse(as)
	slices.Reverse(bs)
	return joined, as, bs
}

// offsets returns where row r of the outer axes begins in two operands.
func offsets(r int, outer, as, bs []int) (i, j int) {
	for axis := len(outer) - 1; axis >= 0; axis-- {
		at := r % outer[axis]
		r /= outer[axis]
		i += at * as[axis]
		j += at * bs[axis]
	}
	return i, j
}

// Temporary values of kernels.
var (
	scratch32 parallel.Scratch[float32]
	scratch64 parallel.Scratch[float64]
)

// expGrain is grain where each element costs an exponential.
var expGrain = 8192
