package op_test

import (
	"fmt"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Channels that are convolved by themselves have the bits that each has alone.
func TestDepthwiseConvolutionsChannelByChannel(t *testing.T) {
	const channels = 40
	for _, c := range []struct {
		images, height, width, kernel int
		cfg                           op.Conv2DConfig
	}{
		{35, 4, 4, 3, op.Conv2DConfig{Padding: 1}},
		{17, 7, 9, 3, op.Conv2DConfig{Padding: 1, Stride: 2}},
		{3, 20, 34, 3, op.Conv2DConfig{}},
		{2, 9, 8, 5, op.Conv2DConfig{Padding: 2}},
	} {
		draw := func(i uint64, shape ...int) *tensor.Tensor {
			return gradcheck.Sample(op.In(shape...), random.New(i)).Convert(tensor.Float32)
		}
		x, w, b := draw(1, c.images, channels, c.height, c.width), draw(2, channels, 1, c.kernel, c.kernel), draw(3, channels)
		all := c.cfg
		all.Groups = channels
		y := op.Conv2D(autograd.Const(x), autograd.Const(w), autograd.Const(b), all)
		up := draw(4, y.Shape()...)
		got := convolved(all, x, w, b, up)
		for i := range channels {
			want := convolved(c.cfg, x.Slice(1, i, i+1), w.Slice(0, i, i+1), b.Slice(0, i, i+1), up.Slice(1, i, i+1))
			for k, axis := range []int{1, 1, 0} {
				part := got[k].Slice(axis, i, i+1).Contiguous()
				wantSameBits(t, fmt.Sprintf("%+v: channel %d of result %d", c, i, k), tensor.Data[float32](part), tensor.Data[float32](want[k]))
			}
		}
	}
}

// convolved returns a convolution, and the gradients of its images and weights.
func convolved(cfg op.Conv2DConfig, x, w, b, up *tensor.Tensor) []*tensor.Tensor {
	in := []*autograd.Value{autograd.Variable("x", x), autograd.Variable("w", w)}
	y := op.Conv2D(in[0], in[1], autograd.Const(b), cfg)
	grads := autograd.Backward([]*autograd.Value{y}, []*autograd.Value{autograd.Const(up)}, in, false)
	return []*tensor.Tensor{y.Tensor(), grads[0].Tensor(), grads[1].Tensor()}
}
