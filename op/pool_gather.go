package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// poolGather takes the element at a tap of each window of x: the gradient of
// poolScatter. A tap that is none, or lies in the padding, gives 0.
type poolGather struct{ pool2D }

func (poolGather) Name() string { return "pool_gather" }

func (o poolGather) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantImagesAndTaps(in); err != nil {
		return nil, err
	}
	pooled, err := o.pooled(in[0].Shape)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(in[1].Shape, pooled) {
		return nil, fmt.Errorf("want taps %v", pooled)
	}
	return one(in[0].DType, pooled...), nil
}

func (o poolGather) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { gatherForward[float32](o, in, out[0]) },
		func() { gatherForward[float64](o, in, out[0]) })
}

func gatherForward[T kernel.Float](o poolGather, in []*tensor.Tensor, out *tensor.Tensor) {
	y, x, tap := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int32](in[1])
	o.eachPlanes(in[0].Shape(), func(s kernel.PoolShape, planes int, from, to span) {
		kernel.PoolGather(s, planes, y[to.lo:to.hi], x[from.lo:from.hi], tap[to.lo:to.hi])
	})
}

func (o poolGather) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	return []*autograd.Value{autograd.Apply1(poolScatter{o.pool2D, x[2], x[3]}, grad[0], call.In[1]), nil}
}

var _ = register(Entry{
	Name: "pool_gather", Kind: Pooling, Formula: "x at its tap of each window", Shapes: "[n c h w], taps → [n c h′ w′]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o poolGather, in []Array, index []int) (v float64) {
		eachPoolTap(o.pool2D, in[0].Shape()[2], in[0].Shape()[3], index[2], index[3], func(tap, y, x, _ int) {
			if in[1].At(index...) == float64(tap) {
				v = in[0].At(index[0], index[1], y, x)
			}
		})
		return v
	}),
	Cases: []Case{
		{poolGather{windows(Pool2DConfig{Kernel: 2})}, []Arg{In(2, 3, 4, 5), taps(5, 2, 3, 2, 2)}},
		{poolGather{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1})}, []Arg{In(2, 1, 3, 5), taps(9, 2, 1, 2, 3)}},
		{poolGather{windows(Pool2DConfig{Kernel: 1, Stride: 2})}, []Arg{In(1, 1, 3, 1), taps(1, 1, 1, 2, 1)}},
		{poolGather{windows(Pool2DConfig{Kernel: 2})}, []Arg{In(0, 1, 4, 4), taps(4, 0, 1, 2, 2)}},
		{poolGather{windows(oblong)}, []Arg{In(2, 1, 5, 6), taps(7, 2, 1, 3, 4)}},
		{poolGather{pool2D{BinsH: 3, BinsW: 2}}, []Arg{In(2, 2, 5, 3), taps(5, 2, 2, 3, 2)}},
	},
})
