package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// activation is a smooth function of one input whose gradient takes one pass as
// well: an operation of its own, activationGrad.
type activation struct {
	name         string
	value, slope Kernels
	bend         func(x *autograd.Value) *autograd.Value // the second derivative
}

// newActivation registers an activation and its gradient: slope multiplies the
// upstream gradient, its second input, by the derivative; reference is the
// derivative, and bend the second one.
func newActivation(e Entry, value, slope Kernels, reference func(x float64) float64, bend func(x *autograd.Value) *autograd.Value) *activation {
	a := &activation{e.Name, value, slope, bend}
	e.Kind = Activation
	e.Cases = append(e.Cases, unaryCases(a, anywhere)...)
	register(e)
	register(Entry{
		Name: e.Name + "_grad", Kind: Activation, Formula: "the derivative of " + e.Name + " at x, times g", Linear: [][]int{{1}},
		Reference: OfTwo(func(x, g float64) float64 { return reference(x) * g }),
		Cases:     broadcastCases(activationGrad{a}, anywhere),
	})
	return a
}

func (a *activation) of(x *autograd.Value) *autograd.Value { return autograd.Apply1(a, x) }

func (a *activation) Name() string { return a.name }

// String keeps the addresses out of messages.
func (a *activation) String() string { return a.name }

func (a *activation) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return sameAsInput(in) }

func (a *activation) Kernels() Kernels { return a.value }

func (a *activation) Forward(in, out []*tensor.Tensor) { ForwardPointwise(a, in, out) }

func (a *activation) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(activationGrad{a}, call.In[0], grad[0])}
}

// activationGrad is the gradient of an activation of x, under an upstream gradient
// g.
type activationGrad struct{ of *activation }

func (a activationGrad) Name() string { return a.of.name + "_grad" }

// String keeps the addresses out of messages.
func (a activationGrad) String() string { return a.Name() }

func (activationGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return broadcasts(in) }

func (a activationGrad) Kernels() Kernels { return a.of.slope }

func (a activationGrad) Forward(in, out []*tensor.Tensor) { ForwardPointwise(a, in, out) }

func (a activationGrad) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, g := call.In[0], call.In[1]
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		down[0] = Unbroadcast(Mul(Mul(grad[0], g), a.of.bend(x)), x.Shape())
	}
	if call.Needs[1] {
		down[1] = Unbroadcast(autograd.Apply1(a, x, grad[0]), g.Shape())
	}
	return down
}
