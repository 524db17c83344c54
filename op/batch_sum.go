package op

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// BatchSum is an operation that may add up examples, which lie along axis 0 of its
// inputs, and that then can go on where another call of it left off: for a batch that
// comes in pieces. Where all pieces but the last are whole groups of 16 examples, the
// sum has the bits of that over the batch in one.
type BatchSum interface {
	autograd.Op

	// Running returns how the sum over such inputs goes on, or nil where it does not.
	Running(in []tensor.Spec) *RunningSum
}

// RunningSum is a sum that goes on from call to call.
type RunningSum struct {
	State tensor.Spec                                                       // of what is kept on the way
	Zero  float64                                                           // all elements of the state of no examples
	Add   func(state *autograd.Value, in []*autograd.Value) *autograd.Value // the state with more examples
	Total func(state *autograd.Value) *autograd.Value                       // the output of the operation
}

// negativeZero is what a sum begins from that is to have the bits of its first term: 0
// would change a term of -0.
var negativeZero = math.Copysign(0, -1)

// RunningAdd is the sum of values of a type and shape as they are: the state is the total.
func RunningAdd(s tensor.Spec) *RunningSum {
	return &RunningSum{
		State: s, Zero: negativeZero,
		Add:   func(state *autograd.Value, in []*autograd.Value) *autograd.Value { return Add(state, in[0]) },
		Total: func(state *autograd.Value) *autograd.Value { return state },
	}
}

// Starter is an operation whose last input may be what its sums begin from: for an
// element of the output it reads that element alone, so the output may be written over it.
type Starter interface {
	autograd.Op
	Starts(inputs int) bool
}

// StartOf returns the number of the input that the sums of an operation begin from, if one is.
func StartOf(o autograd.Op, inputs int) (number int, ok bool) {
	s, ok := o.(Starter)
	return inputs - 1, ok && s.Starts(inputs)
}

// Gradients of weights have two inputs, an input and a gradient, and may have a third: what
// the sum over the batch begins from.

// wantTerms checks the inputs of a gradient of weights, the first two of which have the same
// rank.
func wantTerms(in []tensor.Spec, rank int, axes string) error {
	if err := wantFloats(in, min(max(len(in), 2), 3)); err != nil {
		return err
	}
	return wantRank(in[:2], rank, axes)
}

// runningGradient is how a gradient of weights goes on: as the operation itself, with a start.
func runningGradient(o autograd.Op, in []tensor.Spec, zero float64) *RunningSum {
	if len(in) != 2 {
		return nil
	}
	out, err := o.Infer(in)
	if err != nil {
		return nil
	}
	return &RunningSum{
		State: out[0], Zero: zero,
		Add: func(state *autograd.Value, in []*autograd.Value) *autograd.Value {
			return autograd.Apply1(o, append(slices.Clone(in), state)...)
		},
		Total: func(state *autograd.Value) *autograd.Value { return state },
	}
}

// gradientsOfTerms returns those of the two terms and, of the start, the gradient itself.
func gradientsOfTerms(call *autograd.Call, g *autograd.Value, first, second func() *autograd.Value) []*autograd.Value {
	down := make([]*autograd.Value, len(call.In))
	if call.Needs[0] {
		down[0] = first()
	}
	if call.Needs[1] {
		down[1] = second()
	}
	if len(down) == 3 {
		down[2] = g
	}
	return down
}
