package op

import (
	"cmp"
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Pool2DConfig is the window of a pooling over images.
type Pool2DConfig struct {
	Kernel  int // rows and columns of the window
	Stride  int // between windows; 0 means Kernel
	Padding int // on each side, at most Kernel/2
}

type maxPool2D struct{ Pool2DConfig }

// MaxPool2D returns the maximum of each window of x, of shape [n c h w]. Padding
// never wins; the first of several equal elements passes the gradient on.
func MaxPool2D(x *autograd.Value, cfg Pool2DConfig) *autograd.Value {
	return autograd.Apply1(maxPool2D{cfg}, x)
}

func (maxPool2D) Name() string { return "max_pool2d" }

func (o maxPool2D) shape(h, w int) kernel.PoolShape {
	stride := cmp.Or(o.Stride, o.Kernel)
	return kernel.PoolShape{
		Height: h, Width: w, KernelH: o.Kernel, KernelW: o.Kernel,
		StrideH: stride, StrideW: stride, PadH: o.Padding, PadW: o.Padding,
	}
}

// Infer gives two outputs: the maxima, and where in its plane each was found.
func (o maxPool2D) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 4, "[n c h w]"); err != nil {
		return nil, err
	}
	if o.Kernel < 1 || o.Stride < 0 || o.Padding < 0 || o.Padding > o.Kernel/2 {
		return nil, fmt.Errorf("want a kernel of at least 1, and padding of at most half of it, not %+v", o.Pool2DConfig)
	}
	x := in[0].Shape
	if size := min(x[2], x[3]); size < 1 || size+2*o.Padding < o.Kernel {
		return nil, fmt.Errorf("want images of at least %d×%d with padding", o.Kernel, o.Kernel)
	}
	s := o.shape(x[2], x[3])
	out := []int{x[0], x[1], s.OutH(), s.OutW()}
	return []tensor.Spec{tensor.NewSpec(in[0].DType, out...), tensor.NewSpec(tensor.Int32, out...)}, nil
}

func (o maxPool2D) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { maxPoolForward[float32](o, in[0], out) },
		func() { maxPoolForward[float64](o, in[0], out) })
}

func maxPoolForward[T kernel.Float](o maxPool2D, in *tensor.Tensor, out []*tensor.Tensor) {
	y, index, x := tensor.Data[T](out[0]), tensor.Data[int32](out[1]), tensor.Data[T](in)
	planes, size := planesOf(in.Shape())
	_, outSize := planesOf(out[0].Shape())
	s := o.shape(in.Shape()[2], in.Shape()[3])
	parallel.For(planes, 1+grain/(1+size), func(lo, hi int) {
		kernel.MaxPool(s, hi-lo, y[lo*outSize:hi*outSize], index[lo*outSize:hi*outSize], x[lo*size:hi*size])
	})
}

// planesOf returns the number of planes of [n c h w] and the elements of each.
func planesOf(shape []int) (planes, size int) { return shape[0] * shape[1], shape[2] * shape[3] }

func (maxPool2D) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	return []*autograd.Value{autograd.Apply1(poolScatter{x[2], x[3]}, grad[0], call.Out[1])}
}

var _ = register(Entry{
	Name: "max_pool2d", Kind: Pooling, Formula: "max x over each window",
	Cases: []Case{
		{maxPool2D{Pool2DConfig{Kernel: 2}}, []Arg{In(2, 3, 6, 4).Distinct()}},
		{maxPool2D{Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1}}, []Arg{In(2, 2, 5, 7).Distinct()}},
		{maxPool2D{Pool2DConfig{Kernel: 3, Stride: 1}}, []Arg{In(1, 2, 4, 5).Distinct()}},
		{maxPool2D{Pool2DConfig{Kernel: 2}}, []Arg{In(0, 2, 4, 4).Distinct()}},
	},
})
