// Package optim has optimisers: they work out new parameters from gradients, in
// terms of operations, so that a training step can be recorded whole. With them
// come what goes into a step before (clipping of gradients) and after it
// (averages of weights), and schedules of learning rates.
package optim

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
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

	// Rates returns what a schedule may change, for each group of parameters.
	Rates() []Rates
}

// Rates are variables, float64 without axes, that an optimiser reads in each
// step.
type Rates struct {
	LR       *autograd.Value
	Momentum *autograd.Value // β1 in optimisers of Adam's kind; nil in those that have none
}

// LearningRate returns the present learning rate of an optimiser, or of its first
// group of parameters.
func LearningRate(o Optimizer) float64 { return o.Rates()[0].LR.Tensor().Item() }

// SetLearningRate changes an optimiser's learning rate for its next steps, those
// of recorded programs too.
func SetLearningRate(o Optimizer, lr float64) {
	for _, r := range o.Rates() {
		set(r.LR, lr)
	}
}

func set(number *autograd.Value, v float64) { autograd.Overwrite(number, tensor.Scalar(v)) }

// SetTraining switches between the parameters that are trained (true, as at
// first) and those to evaluate with, where the two differ: in an Average, and in
// schedule-free optimisers. All others are left as they are.
func SetTraining(o any, training bool) {
	if s, ok := o.(interface{ SetTraining(bool) }); ok {
		s.SetTraining(training)
	}
}
