package op

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// poolScatter puts each element of a plane of y where index says in a plane of
// Height x Width, adding where several go to one place: the gradient of
// maximum pooling.
type poolScatter struct{ Height, Width int }

func (poolScatter) Name() string { return "pool_scatter" }

func (o poolScatter) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantPlanesAndIndex(in, false); err != nil {
		return nil, err
	}
	return one(in[0].DType, in[0].Shape[0], in[0].Shape[1], o.Height, o.Width), nil
}

// wantPlanesAndIndex checks for planes [n c h w] and an int32 index of as many
// planes, of the same size too unless any size is allowed.
func wantPlanesAndIndex(in []tensor.Spec, anySize bool) error {
	if err := wantInputs(in, 2); err != nil {
		return err
	}
	if err := wantRank(in, 4, "[n c h w]"); err != nil {
		return err
	}
	x, index := in[0].Shape, in[1].Shape
	same := x[0] == index[0] && x[1] == index[1] && (anySize || x[2] == index[2] && x[3] == index[3])
	if !in[0].DType.IsFloat() || in[1].DType != tensor.Int32 || !same {
		return fmt.Errorf("want float planes and an int32 index for each")
	}
	return nil
}

func (poolScatter) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { scatterForward[float32](in, out[0]) },
		func() { scatterForward[float64](in, out[0]) })
}

func scatterForward[T kernel.Float](in []*tensor.Tensor, out *tensor.Tensor) {
	dx, dy, index := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int32](in[1])
	planes, size := planesOf(out.Shape())
	_, outSize := planesOf(in[0].Shape())
	parallel.For(planes, 1+grain/(1+size), func(lo, hi int) {
		kernel.PoolScatter(hi-lo, size, outSize, dx[lo*size:hi*size], dy[lo*outSize:hi*outSize], index[lo*outSize:hi*outSize])
	})
}

func (poolScatter) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(poolGather{}, grad[0], call.In[1]), nil}
}

func planeIndex(n int, shape ...int) Arg {
	a := Index(n, shape...)
	a.Spec.DType = tensor.Int32
	return a
}

var _ = register(Entry{
	Name: "pool_scatter", Kind: Pooling, Formula: "y added into planes at index",
	Cases: []Case{
		{poolScatter{4, 5}, []Arg{In(2, 3, 2, 2), planeIndex(20, 2, 3, 2, 2)}},
		{poolScatter{3, 1}, []Arg{In(1, 1, 2, 2), planeIndex(3, 1, 1, 2, 2)}},
		{poolScatter{4, 4}, []Arg{In(0, 1, 2, 2), planeIndex(16, 0, 1, 2, 2)}},
	},
})
