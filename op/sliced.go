package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Sliced is an operation any slice of whose output can be worked out on its own,
// from whole inputs. A recorded program hands each slice, while it is in the
// cache, to what works on its elements next, such as an optimiser's update.
type Sliced interface {
	autograd.Op
	Slice(in, out []tensor.Spec) Slicing
}

// Slicing is how an operation works out elements [lo, hi) of its output. Both are
// multiples of Unit, or the end.
type Slicing struct {
	Unit    int // elements
	Best    int // how many elements are best done at a time: a multiple of Unit
	Scratch int // elements that the functions need
	F32     func(dst []float32, in []*tensor.Tensor, lo, hi int, scratch []float32)
	F64     func(dst []float64, in []*tensor.Tensor, lo, hi int, scratch []float64)
}

// sliceRows is how many rows of a matrix product a slice has: those of one tile.
const sliceRows = 14

// Slice works out rows of the weights.
func (linearWeight) Slice(_, out []tensor.Spec) Slicing {
	row := max(1, out[0].Shape[1])
	return Slicing{
		Unit: row, Best: sliceRows * row, Scratch: kernel.GemmScratch,
		F32: sliceLinearWeight[float32], F64: sliceLinearWeight[float64],
	}
}

func sliceLinearWeight[T kernel.Float](dst []T, in []*tensor.Tensor, lo, hi int, scratch []T) {
	x, g := tensor.Data[T](in[0]), tensor.Data[T](in[1])
	n, ins, outs := in[0].Shape()[0], in[0].Shape()[1], in[1].Shape()[1]
	if ins == 0 {
		return
	}
	first, end := lo/ins, hi/ins
	if len(in) == 3 {
		copy(dst, tensor.Data[T](in[2])[lo:hi])
	}
	if n > 0 {
		g = g[first:]
	}
	kernel.LinearWeight(end-first, ins, n, dst, ins, g, outs, x, ins, len(in) == 3, scratch)
}
