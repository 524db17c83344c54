package optim

// Plan is what a run does to the rates of an optimiser.
type Plan struct {
	LR       Schedule // what to multiply all learning rates by; nil: Constant
	Momentum Schedule // the momentum itself, of groups that have one; nil: it stays
	Plateau  *Plateau // lowers the learning rates further; may be nil
}

// Scheduler carries out a plan.
type Scheduler struct {
	plan  Plan
	rates []Rates
	first []firstRates
	steps int
}

// firstRates are what an optimiser was made with.
type firstRates struct{ lr, momentum float64 }

// NewScheduler returns a scheduler of a run of so many steps, that multiplies the
// learning rates that the optimiser has now.
func NewScheduler(o Optimizer, plan Plan, steps int) *Scheduler {
	s := &Scheduler{plan: plan, rates: o.Rates(), steps: steps}
	for _, r := range s.rates {
		f := firstRates{lr: r.LR.Tensor().Item()}
		if r.Momentum != nil {
			f.momentum = r.Momentum.Tensor().Item()
		}
		s.first = append(s.first, f)
	}
	return s
}

// Set sets learning rates and momenta for a step, counted from 0.
func (s *Scheduler) Set(step int) {
	factor := 1.0
	if s.plan.LR != nil {
		factor = s.plan.LR(step, s.steps)
	}
	if s.plan.Plateau != nil {
		factor *= s.plan.Plateau.Factor()
	}
	for i, r := range s.rates {
		set(r.LR, s.first[i].lr*factor)
		if s.plan.Momentum != nil && r.Momentum != nil {
			set(r.Momentum, s.plan.Momentum(step, s.steps))
		}
	}
}

// Reset gives the optimiser back the rates that it had.
func (s *Scheduler) Reset() {
	for i, r := range s.rates {
		set(r.LR, s.first[i].lr)
		if r.Momentum != nil {
			set(r.Momentum, s.first[i].momentum)
		}
	}
}
