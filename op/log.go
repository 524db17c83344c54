package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type log struct{}

// Log returns the natural logarithm of x.
func Log(x *autograd.Value) *autograd.Value { return autograd.Apply1(log{}, x) }

func (log) Name() string { return "log" }

func (log) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (log) Kernels() Kernels { return unary(kernel.Log[float32], kernel.Log[float64]) }

func (o log) Forward(in, out []*tensor.Tensor) { forwardPointwise(o, in, out) }

func (log) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Div(grad[0], call.In[0])}
}

var _ = register(Entry{
	Name: "log", Kind: Elementwise, Formula: "ln x",
	Cases: unaryCases(log{}, func(a Arg) Arg { return a.From(0.2, 3) }),
})
