package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// poolGather takes, from each plane of x, the elements that index names: the
// gradient of poolScatter.
type poolGather struct{}

func (poolGather) Name() string { return "pool_gather" }

func (poolGather) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantPlanesAndIndex(in, true); err != nil {
		return nil, err
	}
	return one(in[0].DType, in[1].Shape...), nil
}

func (poolGather) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { gatherForward[float32](in, out[0]) },
		func() { gatherForward[float64](in, out[0]) })
}

func gatherForward[T kernel.Float](in []*tensor.Tensor, out *tensor.Tensor) {
	y, x, index := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int32](in[1])
	planes, size := planesOf(in[0].Shape())
	_, outSize := planesOf(out.Shape())
	parallel.For(planes, 1+grain/(1+outSize), func(lo, hi int) {
		kernel.PoolGather(hi-lo, size, outSize, y[lo*outSize:hi*outSize], x[lo*size:hi*size], index[lo*outSize:hi*outSize])
	})
}

func (poolGather) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	return []*autograd.Value{autograd.Apply1(poolScatter{x[2], x[3]}, grad[0], call.In[1]), nil}
}

var _ = register(Entry{
	Name: "pool_gather", Kind: Pooling, Formula: "x at index, in each plane",
	Cases: []Case{
		{poolGather{}, []Arg{In(2, 3, 4, 5), planeIndex(20, 2, 3, 2, 2)}},
		{poolGather{}, []Arg{In(1, 1, 3, 1), planeIndex(3, 1, 1, 2, 2)}},
		{poolGather{}, []Arg{In(0, 1, 2, 2), planeIndex(4, 0, 1, 2, 2)}},
	},
})
