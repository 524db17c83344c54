package op

import (
	"errors"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type largestMagnitude struct{ rounding }

// LargestMagnitude returns the largest |x| of each example along axis 0 that is finite, 0
// where there is none: what scales of few bits are chosen by. There
// is no derivative.
func LargestMagnitude(x *autograd.Value) *autograd.Value {
	return autograd.Apply1(largestMagnitude{}, x)
}

func (largestMagnitude) Name() string { return "largest_magnitude" }

func (largestMagnitude) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 {
		return nil, errors.New("want at least one axis")
	}
	return one(in[0].DType, in[0].Shape[0]), nil
}

func (largestMagnitude) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() {
			largestOfRows(tensor.Data[float32](out[0]), tensor.Data[float32](in[0]), kernel.LargestFinite)
		},
		func() { largestOfRows(tensor.Data[float64](out[0]), tensor.Data[float64](in[0]), largestFinite64) })
}

func largestOfRows[T kernel.Float](dst, x []T, largest func(x []T) T) {
	if len(dst) == 0 {
		return
	}
	n := len(x) / len(dst)
	parallel.For(len(dst), 1+grain/max(1, n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			dst[r] = largest(x[r*n : (r+1)*n])
		}
	})
}

func largestFinite64(x []float64) (largest float64) {
	for _, v := range x {
		if v = math.Abs(v); v <= math.MaxFloat64 {
			largest = max(largest, v)
		}
	}
	return largest
}

// Block goes through the examples of a block side by side.
func (largestMagnitude) Block(in, _ []tensor.Spec, ready []bool) *Block {
	if !ready[0] || in[0].DType != tensor.Float32 {
		return nil
	}
	return &Block{Split: []bool{true}, Prepare: func(from, _ []kernel.Block) BlockKernel {
		return BlockKernel{Run: func(c *BlockCall) {
			largestOfLanes(tensor.Data[float32](c.Out[0]), from[0], tensor.Data[float32](c.In[0]))
		}}
	}}
}

var _ = register(Entry{
	Name: "largest_magnitude", Kind: Quantisation, Formula: "the largest finite |x| of an example, or 0", Call: "LargestMagnitude(x)",
	Shapes: "[n …] → [n]",
	Reference: PerElement(func(_ largestMagnitude, in []Array, index []int) (largest float64) {
		n := tensor.Elements(in[0].Shape()[1:])
		for _, v := range in[0].Data[index[0]*n : (index[0]+1)*n] {
			largest = max(largest, math.Abs(v))
		}
		return largest
	}),
	Cases: []Case{
		{largestMagnitude{}, []Arg{In(3, 5)}},
		{largestMagnitude{}, []Arg{In(2, 3, 4, 5)}},
		{largestMagnitude{}, []Arg{In(7)}},
		{largestMagnitude{}, []Arg{In(1, 1)}},
		{largestMagnitude{}, []Arg{In(3, 0)}},
		{largestMagnitude{}, []Arg{In(0, 3)}},
	},
})
