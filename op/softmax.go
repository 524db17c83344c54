package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type softmax struct{}

// Softmax returns exp(x) / Σ exp(x) along the last axis, worked out from
// x - max(x) so that nothing overflows.
func Softmax(x *autograd.Value) *autograd.Value { return autograd.Apply1(softmax{}, x) }

// SoftmaxAlong is Softmax along any axis. A negative one counts from the end.
func SoftmaxAlong(x *autograd.Value, axis int) *autograd.Value { return Apply1(softmaxAlong{axis}, x) }

func (softmax) Name() string { return "softmax" }

func (softmax) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if len(in) == 1 && in[0].Rank() == 0 {
		return nil, errNoAxis
	}
	return sameAsInput(in)
}

func (o softmax) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (softmax) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareRows(kernel.Softmax[float32], out[0], in[0]) },
		func() func() { return prepareRows(kernel.Softmax[float64], out[0], in[0]) })
}

// prepareRows shares out the rows along the last axis to a kernel where each element
// costs an exponential.
func prepareRows[T kernel.Float](f func(y, x []T, rows, n int), out, in *tensor.Tensor) func() {
	y, x := tensor.Data[T](out), tensor.Data[T](in)
	rows, n := splitLast(in.Shape())
	return parallel.NewLoop(rows, expGrain/max(1, n), func(lo, hi int) {
		f(y[lo*n:hi*n], x[lo*n:hi*n], hi-lo, n)
	}).Run
}

// Block works along the last axis of each example.
func (softmax) Block(in, _ []tensor.Spec, _ []bool) *Block {
	if in[0].Rank() < 2 {
		return nil
	}
	return lanesOfRows(in[0], kernel.SoftmaxLanes[float32], kernel.SoftmaxLanes[float64])
}

// lanesOfRows is a Block of a kernel that takes n vectors of lanes to as many,
// for each row along the last axis of an example.
func lanesOfRows(x tensor.Spec, f32 func(lanes int, y, x []float32, n int), f64 func(lanes int, y, x []float64, n int)) *Block {
	rows, n := splitLast(x.Shape[1:])
	return &Block{Split: []bool{true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(x.DType, 0,
			func(c *BlockCall) { eachRowOfLanes(f32, rows, n, c) },
			func(c *BlockCall) { eachRowOfLanes(f64, rows, n, c) })
	}}
}

func eachRowOfLanes[T kernel.Float](f func(lanes int, y, x []T, n int), rows, n int, c *BlockCall) {
	y, x, size := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), n*c.Lanes
	for r := range rows {
		f(c.Lanes, y[r*size:(r+1)*size], x[r*size:(r+1)*size], n)
	}
}

func (softmax) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	y, g := call.Out[0], grad[0]
	return []*autograd.Value{Mul(y, Sub(g, SumKeep(Mul(g, y), -1)))}
}

var _ = register(Entry{
	Name: "softmax", Kind: Activation, Formula: "exp(x) / Σ exp(x) along the last axis", Call: "Softmax(x)", Shapes: "[… n] → [… n]",
	Reference: PerElement(func(_ softmax, in []Array, index []int) float64 {
		return math.Exp(in[0].At(index...) - logTotal(in[0].row(index)))
	}),
	Cases: softmaxCases(softmax{}),
})

func softmaxCases(o Operation) []Case {
	return []Case{
		{o, []Arg{In(5)}},
		{o, []Arg{In(3, 20)}},
		{o, []Arg{In(2, 3, 1)}},
		{o, []Arg{In(0, 3)}},
		{o, []Arg{In(2, 0)}},
	}
}

type softmaxAlong struct{ Axis int }

func (softmaxAlong) Name() string { return "softmax_along" }

func (o softmaxAlong) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{alongAxis(o.Name(), in[0], o.Axis, Softmax)}
}

// alongAxis applies a function of the last axis along another.
func alongAxis(name string, x *autograd.Value, axis int, f func(x *autograd.Value) *autograd.Value) *autograd.Value {
	rank := len(x.Shape())
	at, err := resolveAxis(axis, rank)
	if err != nil {
		tensor.Fail(name, nil, "%v", err)
	}
	if at == rank-1 {
		return f(x)
	}
	order := make([]int, rank) // the two axes change places
	for i := range order {
		order[i] = i
	}
	order[at], order[rank-1] = rank-1, at
	return Permute(f(Permute(x, order...)), order...)
}

var _ = register(Entry{
	Name: "softmax_along", Kind: Activation, Formula: "exp(x) / Σ exp(x) along an axis", Call: "SoftmaxAlong(x, axis)", Shapes: "any → the same",
	Reference: PerElement(func(o softmaxAlong, in []Array, index []int) float64 {
		return math.Exp(in[0].At(index...) - logTotal(in[0].along(o.Axis, index)))
	}),
	Cases: alongCases(func(axis int) Operation { return softmaxAlong{axis} }),
})

func alongCases(of func(axis int) Operation) []Case {
	return []Case{
		{of(0), []Arg{In(5)}},
		{of(0), []Arg{In(5, 3)}},
		{of(1), []Arg{In(2, 3, 5)}},
		{of(-3), []Arg{In(2, 3, 1)}},
		{of(-1), []Arg{In(3, 7)}},
		{of(1), []Arg{In(2, 3, 2, 3)}},
		{of(1), []Arg{In(0, 3, 2)}},
		{of(0), []Arg{In(0, 3)}},
	}
}
