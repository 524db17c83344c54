package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type maxPool2D struct{ pool2D }

// MaxPool2D returns the maximum of each window of x, of shape [n c h w]. Padding
// never wins; the first of several equal elements passes the gradient on.
func MaxPool2D(x *autograd.Value, cfg Pool2DConfig) *autograd.Value {
	return autograd.Apply1(maxPool2D{windows(cfg)}, x)
}

func (maxPool2D) Name() string { return "max_pool2d" }

// Infer gives two outputs: the maxima, and which tap of its window each is: tap
// ky*k+kx in windows, or bins, that have k columns.
func (o maxPool2D) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	out, err := o.inferPool(in)
	if err != nil {
		return nil, err
	}
	return append(out, tensor.NewSpec(tensor.Int32, out[0].Shape...)), nil
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
	return []*autograd.Value{autograd.Apply1(poolScatter{o.pool2D, x[2], x[3]}, grad[0], call.Out[1])}
}

var _ = register(Entry{
	Name: "max_pool2d", Kind: Pooling, Formula: "max x over each window", Call: "MaxPool2D(x, cfg)", Shapes: "[n c h w] → [n c h′ w′], taps",
	Kinks: "that of the first of equals",
	Reference: PerElement(func(o maxPool2D, in []Array, index []int) float64 {
		best := math.Inf(-1)
		eachPoolTap(o.pool2D, in[0].Shape()[2], in[0].Shape()[3], index[2], index[3], func(_, y, x, _ int) {
			best = max(best, in[0].At(index[0], index[1], y, x))
		})
		return best
	}),
	Cases: []Case{
		{maxPool2D{windows(Pool2DConfig{Kernel: 3, Stride: 2})}, []Arg{In(3, 1, 7, 9).Distinct()}},
		{maxPool2D{windows(Pool2DConfig{Kernel: 2})}, []Arg{In(2, 3, 6, 4).Distinct()}},
		{maxPool2D{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1})}, []Arg{In(2, 2, 5, 7).Distinct()}},
		{maxPool2D{windows(Pool2DConfig{Kernel: 3, Stride: 1})}, []Arg{In(1, 2, 4, 5).Distinct()}},
		{maxPool2D{windows(Pool2DConfig{Kernel: 2})}, []Arg{In(0, 2, 4, 4).Distinct()}},
		{maxPool2D{windows(oblong)}, []Arg{In(2, 1, 5, 6).Distinct()}},
		{maxPool2D{pool2D{BinsH: 3, BinsW: 2}}, []Arg{In(2, 2, 5, 3).Distinct()}},
	},
})
