package op

import (
	"cmp"
	"fmt"
	"math"

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

// shape returns the windows on images of height h and width w.
func (c Pool2DConfig) shape(h, w int) kernel.PoolShape {
	stride := cmp.Or(c.Stride, c.Kernel)
	return kernel.PoolShape{
		Height: h, Width: w, KernelH: c.Kernel, KernelW: c.Kernel,
		StrideH: stride, StrideW: stride, PadH: c.Padding, PadW: c.Padding,
	}
}

// pooled returns the shape of the pooled images [n c h w].
func (c Pool2DConfig) pooled(x []int) ([]int, error) {
	if c.Kernel < 1 || c.Stride < 0 || c.Padding < 0 || c.Padding > c.Kernel/2 {
		return nil, fmt.Errorf("want a kernel of at least 1, and padding of at most half of it, not %+v", c)
	}
	if size := min(x[2], x[3]); size < 1 || size+2*c.Padding < c.Kernel {
		return nil, fmt.Errorf("want images of at least %d×%d with padding", c.Kernel, c.Kernel)
	}
	s := c.shape(x[2], x[3])
	return []int{x[0], x[1], s.OutH(), s.OutW()}, nil
}

// eachPlanes calls do with the windows on x, of shape [n c h w], and with ranges
// of planes: of how many, and where they lie in x and in what is pooled.
func (c Pool2DConfig) eachPlanes(x []int, do func(s kernel.PoolShape, planes int, x, y span)) {
	s := c.shape(x[2], x[3])
	size, pooled := x[2]*x[3], s.OutH()*s.OutW()
	parallel.For(x[0]*x[1], 1+grain/(1+size), func(lo, hi int) {
		do(s, hi-lo, span{lo * size, hi * size}, span{lo * pooled, hi * pooled})
	})
}

// span is elements lo to hi-1.
type span struct{ lo, hi int }

type maxPool2D struct{ Pool2DConfig }

// MaxPool2D returns the maximum of each window of x, of shape [n c h w]. Padding
// never wins; the first of several equal elements passes the gradient on.
func MaxPool2D(x *autograd.Value, cfg Pool2DConfig) *autograd.Value {
	return autograd.Apply1(maxPool2D{cfg}, x)
}

func (maxPool2D) Name() string { return "max_pool2d" }

// Infer gives two outputs: the maxima, and which tap of its window each is: tap
// ky*Kernel+kx.
func (o maxPool2D) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	out, err := o.inferPool(in)
	if err != nil {
		return nil, err
	}
	return append(out, tensor.NewSpec(tensor.Int32, out[0].Shape...)), nil
}

// inferPool infers the pooled images.
func (c Pool2DConfig) inferPool(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 4, "[n c h w]"); err != nil {
		return nil, err
	}
	out, err := c.pooled(in[0].Shape)
	if err != nil {
		return nil, err
	}
	return one(in[0].DType, out...), nil
}

func (o maxPool2D) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { maxPoolForward[float32](o, in[0], out) },
		func() { maxPoolForward[float64](o, in[0], out) })
}

func maxPoolForward[T kernel.Float](o maxPool2D, in *tensor.Tensor, out []*tensor.Tensor) {
	y, tap, x := tensor.Data[T](out[0]), tensor.Data[int32](out[1]), tensor.Data[T](in)
	o.eachPlanes(in.Shape(), func(s kernel.PoolShape, planes int, from, to span) {
		kernel.MaxPool(s, planes, y[to.lo:to.hi], tap[to.lo:to.hi], x[from.lo:from.hi])
	})
}

func (o maxPool2D) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	return []*autograd.Value{autograd.Apply1(poolScatter{o.Pool2DConfig, x[2], x[3]}, grad[0], call.Out[1])}
}

var _ = register(Entry{
	Name: "max_pool2d", Kind: Pooling, Formula: "max x over each window", Call: "MaxPool2D(x, cfg)", Shapes: "[n c h w] → [n c h′ w′], taps",
	Kinks: "that of the first of equals",
	Reference: PerElement(func(o maxPool2D, in []Array, index []int) float64 {
		best := math.Inf(-1)
		o.eachTap(in[0].Shape(), index, func(_ int, at []int) { best = math.Max(best, in[0].At(at...)) })
		return best
	}),
	Cases: []Case{
		{maxPool2D{Pool2DConfig{Kernel: 3, Stride: 2}}, []Arg{In(3, 1, 7, 9).Distinct()}},
		{maxPool2D{Pool2DConfig{Kernel: 2}}, []Arg{In(2, 3, 6, 4).Distinct()}},
		{maxPool2D{Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1}}, []Arg{In(2, 2, 5, 7).Distinct()}},
		{maxPool2D{Pool2DConfig{Kernel: 3, Stride: 1}}, []Arg{In(1, 2, 4, 5).Distinct()}},
		{maxPool2D{Pool2DConfig{Kernel: 2}}, []Arg{In(0, 2, 4, 4).Distinct()}},
	},
})
