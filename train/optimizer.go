package train

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
)

// DefaultRates returns the learning rate and the momentum that an optimiser has
// unless told otherwise.
func DefaultRates(optimizer string) (lr, momentum float64) {
	for _, row := range optim.Optimizers() {
		if row.Name == nameOf(optimizer) {
			return row.LR, row.Momentum
		}
	}
	return 0, 0
}

// DefaultSchedule returns the schedule that goes with an optimiser unless told
// otherwise.
func DefaultSchedule(optimizer string) string {
	if nameOf(optimizer) == scheduleFree {
		return "constant"
	}
	return "linear"
}

const scheduleFree = "schedule-free"

// nameOf returns the name of an optimiser without its settings.
func nameOf(optimizer string) string {
	name, _, _ := strings.Cut(optimizer, ":")
	return name
}

// prepareOptimizer makes what changes the parameters in a run.
func (s Settings) prepareOptimizer(params []nn.Named, c *Config) (err error) {
	if c.Optimizer, err = s.newOptimizer(params); err != nil {
		return err
	}
	if c.Plan, err = s.newPlan(); err != nil {
		return err
	}
	c.Average, c.AverageFrom, err = s.newAverage(nn.Variables(c.Model), c.Epochs)
	return err
}

// newOptimizer returns an optimiser, of two groups of parameters where only some
// of them are to decay.
func (s Settings) newOptimizer(params []nn.Named) (optim.Optimizer, error) {
	if !s.DecayWeights || s.WeightDecay == 0 {
		return s.newGroup(params, s.WeightDecay)
	}
	weights, rest := optim.Split(params, optim.IsMatrix)
	var groups []optim.Optimizer
	for _, group := range []struct {
		params []nn.Named
		decay  float64
	}{{weights, s.WeightDecay}, {rest, 0}} {
		if len(group.params) == 0 {
			continue
		}
		o, err := s.newGroup(group.params, group.decay)
		if err != nil {
			return nil, err
		}
		groups = append(groups, o)
	}
	return optim.Join(groups...)
}

func (s Settings) newGroup(params []nn.Named, decay float64) (optim.Optimizer, error) {
	name, settings, err := optim.ParseSettings(s.Optimizer)
	if err != nil {
		return nil, err
	}
	for key, value := range map[string]any{"lr": s.LR, "momentum": s.Momentum, "nesterov": s.Nesterov, "weight-decay": decay} {
		if settings[key] != "" {
			return nil, fmt.Errorf("optimizer %q: want %s as a setting of its own", s.Optimizer, key)
		}
		if value != 0.0 && value != false {
			settings[key] = fmt.Sprint(value)
		}
	}
	return optim.New(params, name, settings)
}

func (s Settings) newPlan() (optim.Plan, error) {
	name, settings, err := optim.ParseSettings(s.Schedule)
	if err != nil {
		return optim.Plan{}, err
	}
	plan, err := optim.NewPlan(name, settings)
	if err != nil || s.Warmup == 0 {
		return plan, err
	}
	if plan.Momentum != nil {
		return optim.Plan{}, fmt.Errorf("schedule %s warms up by itself: want no other warm-up", name)
	}
	if plan.LR == nil {
		plan.LR = optim.Constant
	}
	plan.LR, err = optim.NewWarmup(optim.WarmupConfig{Length: s.Warmup}, plan.LR)
	return plan, err
}

// newAverage returns the average of weights that is asked for, and the epoch from
// which on it is taken.
func (s Settings) newAverage(variables []nn.Named, epochs int) (a *optim.Average, from int, err error) {
	switch {
	case s.EMA == 0 && s.SWA == 0:
		return nil, 0, nil
	case s.EMA != 0 && s.SWA != 0:
		return nil, 0, errors.New("two averages of weights: want either an exponential moving one or that of epochs")
	case nameOf(s.Optimizer) == scheduleFree:
		return nil, 0, fmt.Errorf("optimizer %s averages weights by itself: want no other average", scheduleFree)
	case !(s.SWA >= 0 && s.SWA < 1):
		return nil, 0, fmt.Errorf("weights are averaged after %v of the run: want a share of at least 0 and below 1", s.SWA)
	case s.SWA != 0:
		from = 1 + int(s.SWA*float64(epochs))
	}
	a, err = optim.NewAverage(variables, optim.AverageConfig{Decay: s.EMA})
	return a, from, err
}
