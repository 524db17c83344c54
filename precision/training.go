package precision

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

// Training is what a policy keeps from step to step while it trains a network: where random
// draws are, and the histories of largest magnitudes.
type Training struct {
	policy    Policy
	key       *autograd.Value // of the stochastic roundings: int64[2], a seed and a counter
	histories []*history
}

// history is the largest magnitudes of a value in the last steps, and the scale that
// follows from them.
type history struct {
	scale, inverse *autograd.Value // float32 scalars
	largest        []float32       // the oldest first
	format         *numeric.Float
}

// NewTraining returns the state of a policy before the first step. The seed is of the
// stochastic roundings.
func NewTraining(p Policy, seed uint64) *Training {
	return &Training{policy: p, key: autograd.Buffer("precision.key", tensor.FromSlice([]int64{int64(seed), 0}, 2))}
}

// Rewrite writes a training step down anew, in low precision. If the policy has histories
// there is one more output, for Observe. All programs of one training must do the same, though
// they may work on batches of different sizes.
func (t *Training) Rewrite(tr *autograd.Trace) *autograd.Trace {
	return t.policy.rewrite(tr, pass{training: t})
}

// variables returns those of the programs of a plan, made where there are none yet.
func (t *Training) variables(p *plan) []*autograd.Value {
	if t == nil {
		return nil
	}
	if p.policy.History > 0 && t.histories == nil {
		t.histories = make([]*history, len(p.sites))
		for _, s := range p.sites {
			t.histories[s.number] = newHistory(p.format(s.gradient))
		}
	}
	if t.histories != nil && len(t.histories) != len(p.sites) {
		tensor.Fail("precision.Rewrite", nil, "the program rounds %d values, want %d as those before", len(p.sites), len(t.histories))
	}
	variables := []*autograd.Value{t.key}
	for _, h := range t.histories {
		variables = append(variables, h.scale, h.inverse)
	}
	return variables
}

func newHistory(format tensor.DType) *history {
	one := tensor.Scalar(float32(1))
	return &history{
		scale: autograd.Buffer("precision.scale", one), inverse: autograd.Buffer("precision.inverse", one),
		format: format.Float(),
	}
}

// Scales returns the scales of the next step, where the policy has histories.
func (t *Training) Scales() (scales []float32) {
	for _, h := range t.histories {
		scales = append(scales, tensor.Data[float32](h.scale.Tensor())[0])
	}
	return scales
}

// Observe takes the last output of a step, where the policy has histories: it sets the scales of the
// next step.
func (t *Training) Observe(largest *tensor.Tensor) {
	for i, v := range tensor.Data[float32](largest) {
		t.histories[i].observe(v, t.policy.History)
	}
}

// observe remembers a magnitude. The scale is a power of two, so that it rounds nothing
// itself: the largest that keeps all that is remembered within the format.
func (h *history) observe(largest float32, length int) {
	h.largest = append(h.largest, largest)
	h.largest = h.largest[max(0, len(h.largest)-length):]
	most := slices.Max(h.largest)
	scale := h.format.PowerScale(most)
	autograd.Overwrite(h.scale, tensor.Scalar(scale))
	autograd.Overwrite(h.inverse, tensor.Scalar(1/scale))
}
