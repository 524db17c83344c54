package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type softmax struct{}

// Softmax returns exp(x) / Σ exp(x) along the last axis, worked out from
// x - max(x) so that nothing overflows.
func Softmax(x *autograd.Value) *autograd.Value { return autograd.Apply1(softmax{}, x) }

func (softmax) Name() string { return "softmax" }

func (softmax) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if len(in) == 1 && in[0].Rank() == 0 {
		return nil, errNoAxis
	}
	return sameAsInput(in)
}

func (softmax) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { softmaxForward[float32](out[0], in[0]) },
		func() { softmaxForward[float64](out[0], in[0]) })
}

func softmaxForward[T kernel.Float](out, in *tensor.Tensor) {
	y, x := tensor.Data[T](out), tensor.Data[T](in)
	rows, n := splitLast(in.Shape())
	parallel.For(rows, expGrain/max(1, n), func(lo, hi int) {
		kernel.Softmax(y[lo*n:hi*n], x[lo*n:hi*n], hi-lo, n)
	})
}

func (softmax) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	y, g := call.Out[0], grad[0]
	return []*autograd.Value{Mul(y, Sub(g, SumKeep(Mul(g, y), -1)))}
}

var _ = register(Entry{
	Name: "softmax", Kind: Activation, Formula: "exp(x) / Σ exp(x) along the last axis",
	Cases: []Case{
		{softmax{}, []Arg{In(5)}},
		{softmax{}, []Arg{In(3, 20)}},
		{softmax{}, []Arg{In(2, 3, 1)}},
		{softmax{}, []Arg{In(0, 3)}},
		{softmax{}, []Arg{In(2, 0)}},
	},
})
