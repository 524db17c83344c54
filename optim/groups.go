package optim

import (
	"errors"
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

// IsMatrix reports whether a parameter has two axes or more: weights do, and
// biases, the gains of normalisations and other scales do not.
func IsMatrix(p nn.Named) bool { return len(p.Value.Shape()) >= 2 }

// Split parts parameters into those that match and the rest, for a group each.
// Weights that decay, and all else, which does not:
//
//	weights, rest := optim.Split(nn.Parameters(net), optim.IsMatrix)
//	a, err := optim.NewAdamW(weights, optim.AdamConfig{LR: 1e-3, WeightDecay: 0.1})
//	b, err := optim.NewAdamW(rest, optim.AdamConfig{LR: 1e-3})
//	both, err := optim.Join(a, b)
func Split(params []nn.Named, match func(nn.Named) bool) (matching, rest []nn.Named) {
	for _, p := range params {
		if match(p) {
			matching = append(matching, p)
		} else {
			rest = append(rest, p)
		}
	}
	return matching, rest
}

// joined is optimisers of a group of parameters each.
type joined []Optimizer

// Join returns one optimiser made of several, each of parameters of its own.
// They may differ in any setting, or altogether. A schedule varies the learning
// rate of each in proportion. The names in its state begin with the number of the
// group. One alone is returned as it is.
func Join(groups ...Optimizer) (Optimizer, error) {
	if len(groups) == 0 {
		return nil, errors.New("no groups: want at least one optimizer")
	}
	seen := map[*autograd.Value]bool{}
	for _, p := range joined(groups).Parameters() {
		if seen[p.Value] {
			return nil, fmt.Errorf("parameter %q is in two groups: want each in one", p.Name)
		}
		seen[p.Value] = true
	}
	if len(groups) == 1 {
		return groups[0], nil
	}
	return joined(groups), nil
}

// Parameters returns those of all groups, one group after the other.
func (j joined) Parameters() (all []nn.Named) {
	for _, o := range j {
		all = append(all, o.Parameters()...)
	}
	return all
}

// State returns that of all groups.
func (j joined) State() (all []nn.Named) {
	for i, o := range j {
		for _, s := range o.State() {
			all = append(all, nn.Named{Name: fmt.Sprintf("group%d.%s", i, s.Name), Value: s.Value})
		}
	}
	return all
}

// Rates returns those of all groups.
func (j joined) Rates() (all []Rates) {
	for _, o := range j {
		all = append(all, o.Rates()...)
	}
	return all
}

// Step hands each group its gradients.
func (j joined) Step(grads []*autograd.Value) {
	if want := len(j.Parameters()); len(grads) != want {
		tensor.Fail("optim.Step", nil, "want %d gradients, not %d", want, len(grads))
	}
	for _, o := range j {
		n := len(o.Parameters())
		o.Step(grads[:n])
		grads = grads[n:]
	}
}

// SetTraining switches the groups in which it makes a difference.
func (j joined) SetTraining(training bool) {
	for _, o := range j {
		SetTraining(o, training)
	}
}
