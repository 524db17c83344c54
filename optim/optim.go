// Package optim has optimisers: they work out new parameters from gradients, in
// terms of operations, so that a training step can be recorded whole.
package optim

import (
	"errors"
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Optimizer changes the parameters that it was made for.
type Optimizer interface {
	// Parameters returns the variables that Step trains, in the order in which it
	// takes their gradients.
	Parameters() []nn.Named

	// Step assigns new values to the parameters, given the gradient of each.
	Step(grads []*autograd.Value)

	// State returns the variables that Step reads and assigns besides the
	// parameters, with their names: what a checkpoint needs to go on.
	State() []nn.Named

	// LearningRate returns the variable, a float64 without axes, that holds the
	// learning rate: a schedule assigns it.
	LearningRate() *autograd.Value
}

// base is what all optimisers have.
type base struct {
	params []nn.Named
	lr     *autograd.Value
}

// wantParameters returns an error for a model whose parameters were not found.
func wantParameters(params []nn.Named) error {
	if len(params) == 0 {
		return errors.New("no parameters: want at least one, in exported fields of the model")
	}
	return nil
}

func newBase(params []nn.Named, lr float64) base {
	return base{params, scalar("lr", lr)}
}

// Parameters returns the variables that are trained.
func (b *base) Parameters() []nn.Named { return b.params }

// LearningRate returns the variable that holds the learning rate.
func (b *base) LearningRate() *autograd.Value { return b.lr }

// check panics unless there is a gradient for each parameter: one that is
// missing must not pass in silence.
func (b *base) check(grads []*autograd.Value) {
	if len(grads) != len(b.params) {
		tensor.Fail("optim.Step", nil, "want %d gradients, not %d", len(b.params), len(grads))
	}
	for i, p := range b.params {
		if grads[i] == nil || !grads[i].Spec().Equal(p.Value.Spec()) {
			tensor.Fail("optim.Step", []tensor.Spec{p.Value.Spec()}, "want a gradient of %q of the same type and shape", p.Name)
		}
	}
}

// scalar returns a float64 variable without axes. Such numbers are worked out
// in float64 whatever the type of the parameters, as PyTorch does.
func scalar(name string, v float64) *autograd.Value {
	return autograd.Buffer(name, tensor.Scalar(v))
}

// buffers returns a variable of zeros for each parameter.
func buffers(params []nn.Named, name string) []nn.Named {
	var out []nn.Named
	for _, p := range params {
		full := p.Name + "." + name
		s := p.Value.Spec()
		out = append(out, nn.Named{Name: full, Value: autograd.Buffer(full, tensor.New(s.DType, s.Shape...))})
	}
	return out
}

// decay adds the gradient of an L2 penalty to a gradient.
func decay(g, w *autograd.Value, weightDecay float64) *autograd.Value {
	if weightDecay == 0 {
		return g
	}
	return op.Add(g, op.Scale(w, weightDecay))
}

// inRange returns an error unless lo <= v < hi.
func inRange(name string, v, lo, hi float64) error {
	if !(v >= lo && v < hi) || math.IsInf(v, 0) {
		if math.IsInf(hi, 1) {
			return fmt.Errorf("%s is %v: want a finite number of at least %v", name, v, lo)
		}
		return fmt.Errorf("%s is %v: want at least %v and less than %v", name, v, lo, hi)
	}
	return nil
}
