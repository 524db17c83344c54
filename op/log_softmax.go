package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type logSoftmax struct{}

// LogSoftmax returns x - ln Σ exp(x) along the last axis, worked out from
// x - max(x) so that nothing overflows.
func LogSoftmax(x *autograd.Value) *autograd.Value { return autograd.Apply1(logSoftmax{}, x) }

// LogSoftmaxAlong is LogSoftmax along any axis. A negative one counts from the end.
func LogSoftmaxAlong(x *autograd.Value, axis int) *autograd.Value {
	return Apply1(logSoftmaxAlong{axis}, x)
}

func (logSoftmax) Name() string { return "log_softmax" }

func (logSoftmax) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return softmax{}.Infer(in) }

func (o logSoftmax) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (logSoftmax) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareRows(kernel.LogSoftmax[float32], out[0], in[0]) },
		func() func() { return prepareRows(kernel.LogSoftmax[float64], out[0], in[0]) })
}

// Block works along the last axis of each example.
func (logSoftmax) Block(in, _ []tensor.Spec, _ []bool) *Block {
	if in[0].Rank() < 2 {
		return nil
	}
	return lanesOfRows(in[0], kernel.LogSoftmaxLanes[float32], kernel.LogSoftmaxLanes[float64])
}

func (logSoftmax) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	y, g := call.Out[0], grad[0]
	return []*autograd.Value{Sub(g, Mul(Exp(y), SumKeep(g, -1)))}
}

type logSoftmaxAlong struct{ Axis int }

func (logSoftmaxAlong) Name() string { return "log_softmax_along" }

func (o logSoftmaxAlong) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{alongAxis(o.Name(), in[0], o.Axis, LogSoftmax)}
}

var _ = register(Entry{
	Name: "log_softmax", Kind: Activation, Formula: "x - ln Σ exp(x) along the last axis", Call: "LogSoftmax(x)", Shapes: "[… n] → [… n]",
	Reference: PerElement(func(_ logSoftmax, in []Array, index []int) float64 {
		return in[0].At(index...) - logTotal(in[0].row(index))
	}),
	Cases: softmaxCases(logSoftmax{}),
})

var _ = register(Entry{
	Name: "log_softmax_along", Kind: Activation, Formula: "x - ln Σ exp(x) along an axis", Call: "LogSoftmaxAlong(x, axis)", Shapes: "any → the same",
	Reference: PerElement(func(o logSoftmaxAlong, in []Array, index []int) float64 {
		return in[0].At(index...) - logTotal(in[0].along(o.Axis, index))
	}),
	Cases: alongCases(func(axis int) Operation { return logSoftmaxAlong{axis} }),
})
