package precision

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

// Training is what a policy keeps from step to step while it trains a network: where random
// draws are, and the histories of largest magnitudes.
type Training struct {
	policy    Policy
	key       *autograd.Value // of the stochastic roundings: int64[2], a seed and a counter
	histories []*history
	restored  [][]float32 // what the histories, once they are made, are to remember
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
		t.remember()
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

// The names of the tensors of a state.
const (
	keyName     = "precision.key"     // int64 [2]
	largestName = "precision.largest" // float32 [values, steps], the oldest first
)

// State returns copies of what steps change.
func (t *Training) State() []checkpoint.Named {
	state := []checkpoint.Named{{Name: keyName, Tensor: t.key.Tensor().Clone()}}
	largest := t.restored
	for _, h := range t.histories {
		largest = append(largest, h.largest)
	}
	if len(largest) == 0 || len(largest[0]) == 0 {
		return state
	}
	all := tensor.FromSlice(slices.Concat(largest...), len(largest), len(largest[0]))
	return append(state, checkpoint.Named{Name: largestName, Tensor: all})
}

// Restore takes the state of another Training of the same policy and network, or an earlier one of its own.
func (t *Training) Restore(state []checkpoint.Named) error {
	f := checkpoint.File{Tensors: state}
	key := f.Tensor(keyName)
	if key == nil || !key.Spec().Equal(t.key.Spec()) {
		return fmt.Errorf("%s is not there as %v", keyName, t.key.Spec())
	}
	autograd.Overwrite(t.key, key)
	largest := f.Tensor(largestName)
	if largest == nil { // of before the first step
		for _, h := range t.histories {
			h.forget()
		}
		return nil
	}
	if s := largest.Shape(); largest.DType() != tensor.Float32 || len(s) != 2 || s[1] < 1 || s[1] > t.policy.History {
		return fmt.Errorf("%s is %v, want the magnitudes of at most %d steps", largestName, largest.Spec(), t.policy.History)
	}
	t.restored = slices.Collect(slices.Chunk(tensor.Data[float32](largest), largest.Shape()[1]))
	if t.histories != nil {
		t.remember()
	}
	return nil
}

// remember gives new histories what was restored.
func (t *Training) remember() {
	if t.restored == nil {
		return
	}
	if len(t.restored) != len(t.histories) {
		tensor.Fail("precision.Rewrite", nil, "the state is of %d rounded values, want %d", len(t.restored), len(t.histories))
	}
	for i, largest := range t.restored {
		t.histories[i].forget()
		for _, v := range largest {
			t.histories[i].observe(v, t.policy.History)
		}
	}
	t.restored = nil
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

// forget makes a history as it was at first.
func (h *history) forget() {
	h.largest = nil
	one := tensor.Scalar(float32(1))
	autograd.Overwrite(h.scale, one)
	autograd.Overwrite(h.inverse, one)
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
