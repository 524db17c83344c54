package optim

import (
	"cmp"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// AverageConfig sets an average of weights.
type AverageConfig struct {
	// Decay is the share of the average that each update keeps, once it has seen
	// 1/(1-Decay) of them: an exponential moving average, such as of 0.999. 0 lets all
	// updates count the same: stochastic weight averaging.
	Decay float64
}

// Average keeps a running average of variables, to evaluate with in their stead:
//
//	average = average + max(1/n, 1-decay)·(w - average) in the n-th update
//
// Without decay, updated once an epoch towards the end of a run, it is that of
// Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
// Generalization", 2018; with decay, updated after each step, that of Polyak and
// Juditsky, 1992, in its usual form.
type Average struct {
	state
	decay     float64
	updates   *autograd.Value
	averages  buffers
	evaluates bool
}

// NewAverage returns an average, which waits for its first update, of those variables that are of a float type.
// nn.Variables of a model has its parameters, and the statistics that its layers measure, such as batch normalisation:
// those of the weights that were trained would not do for averaged weights.
func NewAverage(variables []nn.Named, cfg AverageConfig) (*Average, error) {
	floats := slices.DeleteFunc(slices.Clone(variables), func(v nn.Named) bool { return !v.Value.DType().IsFloat() })
	if err := cmp.Or(wantParameters(floats), fraction("decay", cfg.Decay)); err != nil {
		return nil, err
	}
	a := &Average{state: state{params: floats}, decay: cfg.Decay}
	a.updates, a.averages = a.number("updates", 0), a.copies("average")
	return a, nil
}

// Update takes the present values into the average. It is made of operations,
// so that it can be part of a recorded step; State lists what it assigns.
func (a *Average) Update() {
	a.wantTraining("optim.Average.Update")
	weight := op.Div(constant(1), count(a.updates))
	if a.decay != 0 {
		weight = op.Maximum(weight, constant(1-a.decay))
	}
	casts := map[cast]*autograd.Value{}
	for i, named := range a.params {
		p := param{w: named.Value, place: i, casts: casts}
		old := p.of(a.averages)
		p.keep(a.averages, op.Add(old, p.scale(op.Sub(p.w, old), weight)))
	}
}

// SetTraining exchanges the variables and their averages, once there has been an
// update: false lets the variables be the averages, true what they were before.
// State is to be saved while training.
func (a *Average) SetTraining(training bool) {
	if a.evaluates == !training || a.updates.Tensor().Item() == 0 {
		return
	}
	a.evaluates = !training
	for i, p := range a.params {
		w := p.Value.Tensor().Clone()
		autograd.Overwrite(p.Value, a.averages[i].Tensor())
		autograd.Overwrite(a.averages[i], w)
	}
}

func (a *Average) wantTraining(function string) {
	if a.evaluates {
		tensor.Fail(function, nil, "the parameters are those to evaluate with: want SetTraining(true) before")
	}
}
