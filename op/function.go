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

func (f *function) Forward(in, out []*tensor.Tensor) { forwardPointwise(f, in, out) }

func (f *function) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{f.down(call.In[0], call.Out[0], grad[0])}
}

// step is a function that is constant between its jumps: gradients stop there.
type step struct {
	autograd.Constant
	name string
	f32  func(dst, x []float32)
	f64  func(dst, x []float64)
}

// newStep registers a step function by its name, with the usual shapes as its
// cases.
func newStep(e Entry, f32 func(dst, x []float32), f64 func(dst, x []float64), domain func(Arg) Arg) *step {
	s := &step{name: e.Name, f32: f32, f64: f64}
	e.Cases = append(e.Cases, unaryCases(s, domain)...)
	register(e)
	return s
}

func (s *step) Name() string { return s.name }

// String keeps the address out of messages.
func (s *step) String() string { return s.name }

func (s *step) of(x *autograd.Value) *autograd.Value { return autograd.Apply1(s, x) }

func (s *step) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (s *step) Kernels() Kernels { return unary(s.f32, s.f64) }

func (s *step) Forward(in, out []*tensor.Tensor) { forwardPointwise(s, in, out) }
