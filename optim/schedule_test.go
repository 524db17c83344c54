package optim

import (
	"math"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

func must(s Schedule, err error) Schedule {
	if err != nil {
		panic(err)
	}
	return s
}

// rates are the learning rate and momentum of an optimiser in each step.
type rates func(o Optimizer) func(step int) (lr, momentum float64)

// follows sets rates by schedules, from a learning rate.
func follows(rate float64, lr, momentum Schedule) rates {
	return func(o Optimizer) func(step int) (float64, float64) {
		SetLearningRate(o, rate)
		s := NewScheduler(o, Plan{LR: lr, Momentum: momentum}, steps)
		return func(step int) (float64, float64) {
			s.Set(step)
			return present(o)
		}
	}
}

func present(o Optimizer) (lr, momentum float64) {
	return LearningRate(o), o.Rates()[0].Momentum.Tensor().Item()
}

func oneCycle(c OneCycleConfig) rates {
	lr, momentum, err := NewOneCycle(c)
	must(lr, err)
	return follows(0.5, lr, momentum)
}

// plateau feeds a plateau with the numbers of testdata/pytorch/main.py.
func plateau(c PlateauConfig) rates {
	return func(o Optimizer) func(step int) (float64, float64) {
		p, err := NewPlateau(c)
		must(nil, err)
		s := NewScheduler(o, Plan{Plateau: p}, steps)
		return func(step int) (float64, float64) {
			if step > 0 {
				p.Observe(1 + gradientOf((step-1)/5, 0, 0)/10)
			}
			s.Set(step)
			return present(o)
		}
	}
}

// scheduleCases are schedules, and how PyTorch spells them. They start from an SGD
// with a learning rate of 0.1 and a momentum of 0.9, over so many steps.
var scheduleCases = []struct {
	name  string
	rates rates
	torch string
}{
	{"constant", follows(0.1, Constant, nil), `s.LambdaLR(o, lambda t: 1)`},
	{"linear", follows(0.1, Linear, nil), `s.LinearLR(o, 1, 0, 50)`},
	{"a line", follows(0.1, must(NewLinear(LinearConfig{From: 0.2, To: 0.9})), nil), `s.LinearLR(o, 0.2, 0.9, 50)`},
	{"step", follows(0.1, must(NewStep(StepConfig{Every: 7, Gamma: 0.5})), nil), `s.StepLR(o, 7, 0.5)`},
	{"step, by shares", follows(0.1, must(NewStep(StepConfig{Every: 0.2})), nil), `s.StepLR(o, 10, 0.1)`},
	{"multi-step", follows(0.1, must(NewMultiStep(MultiStepConfig{Milestones: []Span{9, 11, 0.5}, Gamma: 0.3})), nil), `s.MultiStepLR(o, [9, 11, 25], 0.3)`},
	{"exponential", follows(0.1, must(NewExponential(ExponentialConfig{Every: 1, Gamma: 0.93})), nil), `s.ExponentialLR(o, 0.93)`},
	{"exponential over the run", follows(0.1, must(NewExponential(ExponentialConfig{})), nil), `s.ExponentialLR(o, 0.01 ** 0.02)`},
	{"polynomial", follows(0.1, must(NewPolynomial(PolynomialConfig{})), nil), `s.PolynomialLR(o, 50, 2)`},
	{"root", follows(0.1, must(NewPolynomial(PolynomialConfig{Power: 0.5})), nil), `s.PolynomialLR(o, 50, 0.5)`},
	{"cosine", follows(0.1, must(NewCosine(CosineConfig{})), nil), `s.CosineAnnealingLR(o, 50)`},
	{"cosine to", follows(0.1, must(NewCosine(CosineConfig{To: 0.2})), nil), `s.CosineAnnealingLR(o, 50, 0.02)`},
	{"restarts", follows(0.1, must(NewCosine(CosineConfig{Period: 8, To: 0.1})), nil), `s.CosineAnnealingWarmRestarts(o, 8, 1, 0.01)`},
	{"longer restarts", follows(0.1, must(NewCosine(CosineConfig{Period: 0.14, Growth: 2})), nil), `s.CosineAnnealingWarmRestarts(o, 7, 2)`},
	{"one cycle", oneCycle(OneCycleConfig{}), `s.OneCycleLR(o, 0.5, total_steps=50)`},
	{"one linear cycle", oneCycle(OneCycleConfig{Rise: 0.4, Linear: true, Start: 0.1, End: 0.001, LowMomentum: 0.8, HighMomentum: 0.9}), `s.OneCycleLR(o, 0.5, total_steps=50, pct_start=0.4, anneal_strategy='linear', div_factor=10, final_div_factor=100, base_momentum=0.8, max_momentum=0.9)`},
	{"one cycle of three phases", oneCycle(OneCycleConfig{Rise: 0.25, ThreePhases: true}), `s.OneCycleLR(o, 0.5, total_steps=50, pct_start=0.25, three_phase=True)`},
	{"linear warm-up", follows(0.1, must(NewWarmup(WarmupConfig{Length: 10, From: 0.1}, Constant)), nil), `s.LinearLR(o, 0.1, 1, 10)`},
	{"constant warm-up", follows(0.1, must(NewWarmup(WarmupConfig{Length: 0.1, From: 0.25, Constant: true}, Constant)), nil), `s.ConstantLR(o, 0.25, 5)`},
	{"warm-up and cosine", follows(0.1, must(NewWarmup(WarmupConfig{Length: 5}, must(NewCosine(CosineConfig{})))), nil),
		`s.SequentialLR(o, [s.LinearLR(o, 0.2, 1, 5), s.CosineAnnealingLR(o, 45)], [5])`},
	{"a chain", follows(0.1, must(Sequence(Phase{10, Linear}, Phase{0.3, must(NewStep(StepConfig{Every: 4}))}, Phase{0, must(NewExponential(ExponentialConfig{Every: 1, Gamma: 0.9}))})), nil),
		`s.SequentialLR(o, [s.LinearLR(o, 1, 0, 10), s.StepLR(o, 4, 0.1), s.ExponentialLR(o, 0.9)], [10, 25])`},
	{"a product", follows(0.1, Product(must(NewExponential(ExponentialConfig{Every: 1, Gamma: 0.9})), must(NewWarmup(WarmupConfig{Length: 4, From: 0.1, Constant: true}, Constant))), nil),
		`s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)])`},
	{"plateau", plateau(PlateauConfig{Patience: 8}), `s.ReduceLROnPlateau(o, patience=8)`},
	{"plateau with a rest", plateau(PlateauConfig{Gamma: 0.5, Patience: 2, Cooldown: 4, Least: 0.1, Threshold: 0.05, Larger: true}),
		`s.ReduceLROnPlateau(o, mode='max', factor=0.5, patience=2, cooldown=4, min_lr=0.01, threshold=0.05)`},
}

func newSGDOfOne(t *testing.T) Optimizer {
	t.Helper()
	params := []nn.Named{{Name: "w", Value: autograd.Variable("w", tensor.Scalar(0.0))}}
	return mustMake(t, with(NewSGD, SGDConfig{LR: 0.1, Momentum: 0.9}), params)
}

func TestSchedulesKeepToTheirRange(t *testing.T) {
	for _, c := range scheduleCases {
		next := c.rates(newSGDOfOne(t))
		for step := range steps {
			lr, momentum := next(step)
			if !(lr >= 0 && lr <= 0.5) || !(momentum >= 0.8 && momentum <= 0.95) {
				t.Errorf("%s: learning rate %v and momentum %v in step %d", c.name, lr, momentum, step)
			}
		}
	}
}

// A run of one step or two has schedules as well, and a phase may be longer than
// its run.
func TestSchedulesOfShortRuns(t *testing.T) {
	lr, momentum, err := NewOneCycle(OneCycleConfig{})
	three, _, err3 := NewOneCycle(OneCycleConfig{ThreePhases: true, Linear: true})
	for i, s := range []Schedule{
		must(lr, err), momentum, must(three, err3), Linear, Constant,
		must(NewStep(StepConfig{})), must(NewMultiStep(MultiStepConfig{})), must(NewExponential(ExponentialConfig{})),
		must(NewPolynomial(PolynomialConfig{})), must(NewCosine(CosineConfig{})), must(NewCosine(CosineConfig{Period: 0.1})),
		must(NewWarmup(WarmupConfig{Length: 10}, Linear)), must(NewWarmup(WarmupConfig{Length: 0.1}, Linear)),
		must(Sequence(Phase{0, Linear}, Phase{0, Constant}, Phase{5, Linear})),
	} {
		for n := 1; n <= 12; n++ {
			for step := range n {
				if f := s(step, n); !(f >= 0 && f <= 1) {
					t.Errorf("schedule %d gives %v in step %d of %d", i, f, step, n)
				}
			}
		}
	}
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		span Span
		want int
	}{{0, 0}, {0.25, 50}, {0.999, 200}, {1, 1}, {30, 30}, {300, 300}} {
		if got := c.span.in(200); got != c.want {
			t.Errorf("a span of %v is %d steps of 200, want %d", c.span, got, c.want)
		}
	}
}

func TestWrongSchedules(t *testing.T) {
	err := func(_ Schedule, err error) error { return err }
	err2 := func(_, _ Schedule, err error) error { return err }
	_, plateau := NewPlateau(PlateauConfig{Gamma: 1})
	nan := math.NaN()
	for _, c := range []struct {
		err  error
		want string
	}{
		{err(NewLinear(LinearConfig{To: -1})), "to is -1: want a finite number of at least 0"},
		{err(NewStep(StepConfig{Every: 1.5})), "every is 1.5: want a share of the run below 1, or a whole number of steps"},
		{err(NewStep(StepConfig{Gamma: nan})), "gamma is NaN"},
		{err(NewMultiStep(MultiStepConfig{Milestones: []Span{3, -1}})), "milestone is -1"},
		{err(NewExponential(ExponentialConfig{Every: Span(nan)})), "every is NaN"},
		{err(NewPolynomial(PolynomialConfig{Power: -2})), "power is -2"},
		{err(NewCosine(CosineConfig{Growth: 0.5})), "growth is 0.5: want a finite number of at least 1"},
		{err(NewWarmup(WarmupConfig{Length: Span(math.Inf(1))}, Linear)), "length of the warm-up is +Inf"},
		{err(Sequence()), "no phases"},
		{err(Sequence(Phase{Length: 3})), "phase 0 has no schedule"},
		{err(Sequence(Phase{0.5, Linear}, Phase{-0.5, Linear})), "length of phase 1 is -0.5"},
		{err2(NewOneCycle(OneCycleConfig{HighMomentum: 1})), "high momentum is 1"},
		{err2(NewOneCycle(OneCycleConfig{Rise: 0.6, ThreePhases: true})), "three phases want less"},
		{plateau, "gamma is 1"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", c.err, c.want)
		}
	}
}

// A scheduler varies groups in proportion, and gives back what was.
func TestASchedulerOfGroups(t *testing.T) {
	params := newParams(tensor.Float64)
	o := mustMake(t, groups, params)
	half := func(step, steps int) float64 { return 0.5 }
	s := NewScheduler(o, Plan{LR: Linear, Momentum: half}, 4)
	s.Set(2)
	r := o.Rates()
	if got := []float64{r[0].LR.Tensor().Item(), r[1].LR.Tensor().Item(), r[0].Momentum.Tensor().Item()}; got[0] != 0.01 || got[1] != 0.025 || got[2] != 0.5 {
		t.Errorf("rates %v", got)
	}
	s.Reset()
	if got := []float64{r[0].LR.Tensor().Item(), r[1].LR.Tensor().Item(), r[0].Momentum.Tensor().Item()}; got[0] != 0.02 || got[1] != 0.05 || got[2] != 0.9 {
		t.Errorf("rates %v after a reset", got)
	}
}
