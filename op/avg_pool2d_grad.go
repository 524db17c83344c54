package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// avgPool2DGrad adds each element of g, times one over how many elements count, to every one of its
// window in an image of Height x Width: the gradient of average pooling.
type avgPool2DGrad struct {
	pool2D
	Height, Width int
}

func (avgPool2DGrad) Name() string { return "avg_pool2d_grad" }

func (o avgPool2DGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 4, "[n c h w]"); err != nil {
		return nil, err
	}
	x := []int{in[0].Shape[0], in[0].Shape[1], o.Height, o.Width}
	pooled, err := o.pooled(x)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(in[0].Shape, pooled) {
		return nil, fmt.Errorf("want pooled images %v", pooled)
	}
	return one(in[0].DType, x...), nil
}

func (o avgPool2DGrad) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { avgPoolGradForward[float32](o, in[0], out[0]) },
		func() { avgPoolGradForward[float64](o, in[0], out[0]) })
}

func avgPoolGradForward[T kernel.Float](o avgPool2DGrad, in, out *tensor.Tensor) {
	dx, g := tensor.Data[T](out), tensor.Data[T](in)
	o.eachPlanes(out.Shape(), func(s kernel.PoolShape, planes int, to, from span) {
		kernel.AvgPoolGrad(s, planes, dx[to.lo:to.hi], g[from.lo:from.hi])
	})
}

func (o avgPool2DGrad) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(avgPool2D{o.pool2D}, grad[0])}
}

var _ = register(Entry{
	Name: "avg_pool2d_grad", Kind: Pooling, Formula: "g / n added over each window", Shapes: "[n c h′ w′] → [n c h w]",
	Linear: [][]int{{0}},
	Reference: func(o Operation, in []Array) []Array {
		p := o.(avgPool2DGrad)
		return spreadOverWindows(p.pool2D, p.Height, p.Width, in[0].Shape(), func(window []int, _, counted int) float64 {
			return in[0].At(window...) / float64(counted)
		})
	},
	Cases: []Case{
		{avgPool2DGrad{windows(Pool2DConfig{Kernel: 2}), 6, 5}, []Arg{In(2, 3, 3, 2)}},
		{avgPool2DGrad{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1}), 5, 7}, []Arg{In(2, 2, 3, 4)}},
		{avgPool2DGrad{windows(Pool2DConfig{Kernel: 3, Stride: 1}), 4, 5}, []Arg{In(1, 2, 2, 3)}},
		{avgPool2DGrad{windows(Pool2DConfig{Kernel: 2}), 4, 4}, []Arg{In(0, 2, 2, 2)}},
		{avgPool2DGrad{windows(oblong), 5, 6}, []Arg{In(2, 1, 3, 4)}},
		{avgPool2DGrad{pool2D{BinsH: 3, BinsW: 2}, 5, 3}, []Arg{In(2, 2, 3, 2)}},
	},
})
