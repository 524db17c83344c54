package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// function is a pointwise operation of one input that has no attributes.
type function struct {
	name string
	f32  func(dst, x []float32)
	f64  func(dst, x []float64)
	down func(x, y, grad *autograd.Value) *autograd.Value // the gradient of x
}

// newFunction registers a function by its name, with the usual shapes as its
// cases. down gives the gradient of the input x from that of the output y.
func newFunction(e Entry, f32 func(dst, x []float32), f64 func(dst, x []float64), domain func(Arg) Arg, down func(x, y, grad *autograd.Value) *autograd.Value) *function {
	f := &function{e.Name, f32, f64, down}
	e.Cases = append(e.Cases, unaryCases(f, domain)...)
	register(e)
	return f
}

// each makes kernels of a function of one number.
func each[T kernel.Float](f func(x T) T) func(dst, x []T) {
	return func(dst, x []T) {
		for i, v := range x {
			dst[i] = f(v)
		}
	}
}

func (f *function) Name() string { return f.name }

// String keeps the address out of messages.
func (f *function) String() string { return f.name }

func (f *function) of(x *autograd.Value) *autograd.Value { return autograd.Apply1(f, x) }

func (f *function) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (f *function) Kernels() Kernels { return unary(f.f32, f.f64) }

func (f *function) Forward(in, out []*tensor.Tensor) { ForwardPointwise(f, in, out) }

func (f *function) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{f.down(call.In[0], call.Out[0], grad[0])}
}

// step is a function that is constant between its jumps: gradients stop there.
type step struct {
	autograd.Constant
	*function
}

// newStep registers a step function by its name, with the usual shapes as its
// cases.
func newStep(e Entry, f32 func(dst, x []float32), f64 func(dst, x []float64), domain func(Arg) Arg) step {
	s := step{function: &function{name: e.Name, f32: f32, f64: f64}}
	e.Cases = append(e.Cases, unaryCases(s, domain)...)
	register(e)
	return s
}

func (s step) of(x *autograd.Value) *autograd.Value { return autograd.Apply1(s, x) }

func (s step) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return s.Constant.Backward(call, grad)
}

// function2 is a pointwise operation of two inputs that has no attributes.
type function2 struct {
	name         string
	kernels      Kernels
	downA, downB func(a, b, y, grad *autograd.Value) *autograd.Value // the gradients of the inputs
}

// newFunction2 registers a function of two inputs by its name, with the usual
// shapes as its cases. downA and downB give the gradients of the inputs a and b from
// that of the output y, before they are summed over what was repeated.
func newFunction2(e Entry, k Kernels, domainA, domainB func(Arg) Arg, downA, downB func(a, b, y, grad *autograd.Value) *autograd.Value) *function2 {
	f := &function2{e.Name, k, downA, downB}
	e.Cases = append(e.Cases, domainCases(f, domainA, domainB)...)
	register(e)
	return f
}

func (f *function2) Name() string { return f.name }

// String keeps the addresses out of messages.
func (f *function2) String() string { return f.name }

func (f *function2) of(a, b *autograd.Value) *autograd.Value { return autograd.Apply1(f, a, b) }

func (f *function2) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (f *function2) Kernels() Kernels { return f.kernels }

func (f *function2) Forward(in, out []*tensor.Tensor) { ForwardPointwise(f, in, out) }

func (f *function2) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b, y := call.In[0], call.In[1], call.Out[0]
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		down[0] = Unbroadcast(f.downA(a, b, y, grad[0]), a.Shape())
	}
	if call.Needs[1] {
		down[1] = Unbroadcast(f.downB(a, b, y, grad[0]), b.Shape())
	}
	return down
}
