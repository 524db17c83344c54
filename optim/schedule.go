package optim

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Schedule gives what to multiply the learning rate by when a share of a run,
// from 0 to below 1, is done.
type Schedule func(done float64) float64

// Constant keeps the learning rate.
func Constant(float64) float64 { return 1 }

// Linear lets the learning rate fall to 0 along a straight line.
func Linear(done float64) float64 { return 1 - done }

// SetLearningRate changes an optimiser's learning rate for its next steps, those
// of recorded programs too.
func SetLearningRate(o Optimizer, lr float64) {
	autograd.Overwrite(o.LearningRate(), tensor.Scalar(lr))
}
