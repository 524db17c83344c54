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
				x := gradcheck.Sample(a, random.New(uint64(i), uint64(k)))
				if x.DType().IsFloat() {
					x = x.Convert(tensor.Float32)
				}
				in = append(in, autograd.Const(x))
			}
			result := func(manyBlocks int) []float32 {
				defer op.SetManyBlocks(manyBlocks)()
				return tensor.Data[float32](op.Apply(c.Op, in...)[0].Tensor())
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

// Images so large that a convolution goes down them by bands have the bits that
// they have alone.
func TestConvolutionsByBands(t *testing.T) {
	const images = 17
	sample := func(i uint64, shape ...int) *tensor.Tensor {
		return gradcheck.Sample(op.In(shape...), random.New(i)).Convert(tensor.Float32)
	}
	convolve := func(x, w *tensor.Tensor) []float32 {
		return tensor.Data[float32](op.Conv2D(autograd.Const(x), autograd.Const(w), nil, op.Conv2DConfig{}).Tensor())
	}
	wide, w := sample(1, images, 400, 17, 60), sample(2, 2, 400, 2, 1)
	last := tensor.FromSlice(tensor.Data[float32](wide)[(images-1)*400*17*60:], 1, 400, 17, 60)
	y := convolve(wide, w)
	wantSameBits(t, "forward", y[(images-1)*2*16*60:], convolve(last, w))

	back := sample(3, 400, 2, 2, 1)
	gradient := func(g *tensor.Tensor) []float32 {
		n := g.Shape()[0]
		x := autograd.Variable("x", tensor.New(tensor.Float32, n, 2, 18, 60))
		y := op.Conv2D(x, autograd.Const(back), nil, op.Conv2DConfig{})
		dx := autograd.Backward([]*autograd.Value{y}, []*autograd.Value{autograd.Const(g)}, []*autograd.Value{x}, false)
		return tensor.Data[float32](dx[0].Tensor())
	}
	dx := gradient(wide)
	wantSameBits(t, "gradient", dx[(images-1)*2*18*60:], gradient(last))
}
