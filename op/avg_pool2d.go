package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type avgPool2D struct{ pool2D }

// AvgPool2D returns the average of each window of x, of shape [n c h w]: its
// elements are added row by row, from 0, and their sum multiplied by one over how
// many count, those of the padding too unless cfg excludes them, as in PyTorch.
func AvgPool2D(x *autograd.Value, cfg Pool2DConfig) *autograd.Value {
	return autograd.Apply1(avgPool2D{windows(cfg)}, x)
}

func (avgPool2D) Name() string { return "avg_pool2d" }

func (o avgPool2D) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return o.inferPool(in) }

func (o avgPool2D) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { avgPoolForward[float32](o, in[0], out[0]) },
		func() { avgPoolForward[float64](o, in[0], out[0]) })
}

func avgPoolForward[T kernel.Float](o avgPool2D, in, out *tensor.Tensor) {
	y, x := tensor.Data[T](out), tensor.Data[T](in)
	o.eachPlanes(in.Shape(), func(s kernel.PoolShape, planes int, from, to span) {
		kernel.AvgPool(s, planes, y[to.lo:to.hi], x[from.lo:from.hi])
	})
}

func (o avgPool2D) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	return []*autograd.Value{autograd.Apply1(avgPool2DGrad{o.pool2D, x[2], x[3]}, grad[0])}
}

var _ = register(Entry{
	Name: "avg_pool2d", Kind: Pooling, Formula: "Σ x / n over each window", Call: "AvgPool2D(x, cfg)", Shapes: "[n c h w] → [n c h′ w′]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o avgPool2D, in []Array, index []int) (mean float64) {
		eachPoolTap(o.pool2D, in[0].Shape()[2], in[0].Shape()[3], index[2], index[3], func(_, y, x, counted int) {
			mean += in[0].At(index[0], index[1], y, x) / float64(counted)
		})
		return mean
	}),
	Cases: []Case{
		{avgPool2D{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1})}, []Arg{In(3, 1, 7, 9)}},
		{avgPool2D{windows(Pool2DConfig{Kernel: 2})}, []Arg{In(2, 3, 6, 4)}},
		{avgPool2D{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1})}, []Arg{In(2, 2, 5, 7)}},
		{avgPool2D{windows(Pool2DConfig{Kernel: 3, Stride: 1})}, []Arg{In(1, 2, 4, 5)}},
		{avgPool2D{windows(Pool2DConfig{Kernel: 2})}, []Arg{In(0, 2, 4, 4)}},
		{avgPool2D{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1, Ceil: true})}, []Arg{In(1, 2, 4, 6)}},
		{avgPool2D{windows(oblong)}, []Arg{In(2, 1, 5, 6)}},
		{avgPool2D{pool2D{BinsH: 3, BinsW: 2}}, []Arg{In(2, 2, 5, 3)}},
	},
})
