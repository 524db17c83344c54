package op_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

func wantSameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// Whether a batch is shared out by the block or by parts of blocks does not show.
func TestConvolutionsByBlocksAndByParts(t *testing.T) {
	for _, e := range op.Table() {
		if e.Kind != op.Convolution {
			continue
		}
		for i, c := range e.Cases {
			var in []*autograd.Value
			for k, a := range c.In {
				in = append(in, autograd.Const(gradcheck.Sample(a, random.New(uint64(i), uint64(k))).Convert(tensor.Float32)))
			}
			result := func(manyBlocks int) []float32 {
				defer op.SetManyBlocks(manyBlocks)()
				return tensor.Data[float32](autograd.Apply(c.Op, in...)[0].Tensor())
			}
			wantSameBits(t, fmt.Sprintf("%s, case %d", e.Name, i), result(1), result(100))
		}
	}
}

// An image convolved alone, 16 lanes along its width, has the bits that it has in a batch.
func TestConvolutionOfFewImages(t *testing.T) {
	const images = 20
	sample := func(i uint64, shape ...int) *tensor.Tensor {
		return gradcheck.Sample(op.In(shape...), random.New(i)).Convert(tensor.Float32)
	}
	for _, cfg := range []op.Conv2DConfig{{}, {Padding: 1}, {Padding: 2, Groups: 2}, {Stride: 2}} {
		groups := max(1, cfg.Groups)
		all := sample(1, images, 4, 12, 13)
		w, b := autograd.Const(sample(2, 6, 4/groups, 3, 3)), autograd.Const(sample(3, 6))
		want := tensor.Data[float32](op.Conv2D(autograd.Const(all), w, b, cfg).Tensor())
		x := tensor.Data[float32](all)
		for _, n := range []int{1, 2, 5} {
			some := tensor.FromSlice(x[:n*4*12*13], n, 4, 12, 13)
			y := tensor.Data[float32](op.Conv2D(autograd.Const(some), w, b, cfg).Tensor())
			wantSameBits(t, fmt.Sprintf("%+v of %d images", cfg, n), y, want[:n*len(want)/images])
		}
	}
}
