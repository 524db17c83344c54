package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// poolScatter puts each element of y at a tap of its window in an image of
// Height x Width, adding where several go to one place: the gradient of maximum
// pooling. Taps are those of maxPool2D; one that is none, or lies in the padding, takes nothing.
type poolScatter struct {
	pool2D
	Height, Width int
}

func (poolScatter) Name() string { return "pool_scatter" }

func (o poolScatter) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantImagesAndTaps(in); err != nil {
		return nil, err
	}
	y, tap := in[0].Shape, in[1].Shape
	x := []int{y[0], y[1], o.Height, o.Width}
	pooled, err := o.pooled(x)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(y, pooled) || !slices.Equal(tap, pooled) {
		return nil, fmt.Errorf("want pooled images %v and as many taps", pooled)
	}
	return one(in[0].DType, x...), nil
}

// wantImagesAndTaps checks for float images and int32 taps, each [n c h w].
func wantImagesAndTaps(in []tensor.Spec) error {
	if err := wantInputs(in, 2); err != nil {
		return err
	}
	if !in[0].DType.IsFloat() || in[1].DType != tensor.Int32 {
		return fmt.Errorf("want float images and int32 taps")
	}
	return wantRank(in, 4, "[n c h w]")
}

func (o poolScatter) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { scatterForward[float32](o, in, out[0]) },
		func() { scatterForward[float64](o, in, out[0]) })
}

func scatterForward[T kernel.Float](o poolScatter, in []*tensor.Tensor, out *tensor.Tensor) {
	x, y, tap := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int32](in[1])
	o.eachPlanes(out.Shape(), func(s kernel.PoolShape, planes int, to, from span) {
		kernel.PoolScatter(s, planes, x[to.lo:to.hi], y[from.lo:from.hi], tap[from.lo:from.hi])
	})
}

func (o poolScatter) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(poolGather{o.pool2D}, grad[0], call.In[1]), nil}
}

func taps(n int, shape ...int) Arg {
	a := Index(n, shape...)
	a.Spec.DType = tensor.Int32
	return a
}

var _ = register(Entry{
	Name: "pool_scatter", Kind: Pooling, Formula: "y added to its tap of each window", Shapes: "[n c h′ w′], taps → [n c h w]",
	Linear: [][]int{{0}},
	Reference: func(o Operation, in []Array) []Array {
		p := o.(poolScatter)
		return spreadOverWindows(p.pool2D, p.Height, p.Width, in[0].Shape(), func(window []int, tap, _ int) float64 {
			if in[1].At(window...) != float64(tap) {
				return 0
			}
			return in[0].At(window...)
		})
	},
	Cases: []Case{
		{poolScatter{windows(Pool2DConfig{Kernel: 2}), 4, 5}, []Arg{In(2, 3, 2, 2), taps(5, 2, 3, 2, 2)}},
		{poolScatter{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1}), 3, 5}, []Arg{In(2, 1, 2, 3), taps(9, 2, 1, 2, 3)}},
		{poolScatter{windows(Pool2DConfig{Kernel: 1, Stride: 2}), 3, 1}, []Arg{In(1, 1, 2, 1), taps(1, 1, 1, 2, 1)}},
		{poolScatter{windows(Pool2DConfig{Kernel: 2}), 4, 4}, []Arg{In(0, 1, 2, 2), taps(4, 0, 1, 2, 2)}},
		{poolScatter{windows(oblong), 5, 6}, []Arg{In(2, 1, 3, 4), taps(7, 2, 1, 3, 4)}},
		{poolScatter{pool2D{BinsH: 3, BinsW: 2}, 5, 3}, []Arg{In(2, 2, 3, 2), taps(5, 2, 2, 3, 2)}},
	},
})
