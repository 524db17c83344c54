package optim

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// LinearConfig sets a straight line from one factor to another.
type LinearConfig struct{ From, To float64 }

// NewLinear returns from + (to-from)·share.
func NewLinear(c LinearConfig) (Schedule, error) {
	if err := cmp.Or(notNegative("from", c.From), notNegative("to", c.To)); err != nil {
		return nil, err
	}
	return func(step, steps int) float64 { return c.From + float64((c.To-c.From)*share(step, steps)) }, nil
}

// StepConfig sets steps down. Zero values mean a factor of 0.1 after each third of
// the run.
type StepConfig struct {
	Every Span
	Gamma float64
}

// NewStep returns gamma^⌊step/every⌋.
func NewStep(c StepConfig) (Schedule, error) {
	c.Every, c.Gamma = cmp.Or(c.Every, 1.0/3), cmp.Or(c.Gamma, 0.1)
	if err := cmp.Or(c.Every.check("every"), notNegative("gamma", c.Gamma)); err != nil {
		return nil, err
	}
	return func(step, steps int) float64 { return power(c.Gamma, float64(step/max(1, c.Every.in(steps)))) }, nil
}

// MultiStepConfig sets steps down at places of one's own. Zero values mean a factor
// of 0.1 after a half and after three quarters of the run.
type MultiStepConfig struct {
	Milestones []Span
	Gamma      float64
}

// NewMultiStep returns gamma^(how many milestones are reached).
func NewMultiStep(c MultiStepConfig) (Schedule, error) {
	c.Gamma = cmp.Or(c.Gamma, 0.1)
	if len(c.Milestones) == 0 {
		c.Milestones = []Span{0.5, 0.75}
	}
	milestones := slices.Clone(c.Milestones)
	err := notNegative("gamma", c.Gamma)
	for _, m := range milestones {
		err = cmp.Or(err, m.check("milestone"))
	}
	if err != nil {
		return nil, err
	}
	return func(step, steps int) float64 {
		reached := 0
		for _, m := range milestones {
			if step >= m.in(steps) {
				reached++
			}
		}
		return power(c.Gamma, float64(reached))
	}, nil
}

// ExponentialConfig sets an exponential fall. A zero value of Gamma means 0.01; one
// of Every the whole run.
type ExponentialConfig struct {
	Gamma float64 // the factor
	Every Span    // over so many steps
}

// NewExponential returns gamma^(step/every).
func NewExponential(c ExponentialConfig) (Schedule, error) {
	c.Gamma = cmp.Or(c.Gamma, 0.01)
	if err := cmp.Or(c.Every.check("every"), notNegative("gamma", c.Gamma)); err != nil {
		return nil, err
	}
	return func(step, steps int) float64 {
		every := steps
		if c.Every != 0 {
			every = c.Every.in(steps)
		}
		return power(c.Gamma, share(step, every))
	}, nil
}

// PolynomialConfig sets a polynomial fall. A zero value of Power means 2.
type PolynomialConfig struct {
	Power float64
	To    float64 // the factor at the end
}

// NewPolynomial returns to + (1-to)·(1-share)^power.
func NewPolynomial(c PolynomialConfig) (Schedule, error) {
	c.Power = cmp.Or(c.Power, 2)
	if err := cmp.Or(notNegative("power", c.Power), notNegative("to", c.To)); err != nil {
		return nil, err
	}
	return func(step, steps int) float64 {
		return c.To + float64((1-c.To)*power(1-min(1, share(step, steps)), c.Power))
	}, nil
}

// CosineConfig sets half a cosine. Zero values mean one over the whole run, down to
// 0.
type CosineConfig struct {
	To     float64 // the factor at the end
	Period Span    // steps until it restarts from 1; 0: the whole run
	Growth float64 // each period is so many times as long as the one before; 0: 1
}

// NewCosine returns to + (1-to)·(1 + cos(π·share))/2, the share that of a period, of
// Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
// 2017.
func NewCosine(c CosineConfig) (Schedule, error) {
	c.Growth = cmp.Or(c.Growth, 1)
	err := cmp.Or(notNegative("to", c.To), c.Period.check("period"), inRange("growth", c.Growth, 1, math.Inf(1)))
	if err != nil {
		return nil, err
	}
	return func(step, steps int) float64 {
		at, period := float64(step), float64(steps)
		if c.Period != 0 {
			period = float64(max(1, c.Period.in(steps)))
			for at >= period {
				at -= period
				period = float64(period * c.Growth)
			}
		}
		return anneal(1, c.To, at/max(1, period))
	}, nil
}

// WarmupConfig sets how a run begins.
type WarmupConfig struct {
	Length   Span
	From     float64 // the factor of the first step; 0: 1/length
	Constant bool    // keep that factor instead of rising along a straight line
}

// NewWarmup returns a schedule that rises, and then is another for the rest of the
// run.
func NewWarmup(c WarmupConfig, then Schedule) (Schedule, error) {
	if err := cmp.Or(c.Length.check("length of the warm-up"), notNegative("from", c.From)); err != nil {
		return nil, err
	}
	if c.Length == 0 {
		return then, nil
	}
	return Sequence(Phase{c.Length, func(step, steps int) float64 {
		from := cmp.Or(c.From, 1/float64(steps))
		if c.Constant {
			return from
		}
		return from + float64((1-from)*share(step, steps))
	}}, Phase{0, then})
}

// OneCycleConfig sets one cycle. Zero values of Rise, Start, End, LowMomentum and
// HighMomentum mean 0.3, 1/25, 1/250,000, 0.85 and 0.95.
type OneCycleConfig struct {
	Rise        Span    // steps until the learning rate is reached
	Start, End  float64 // factors of the first and the last step
	Linear      bool    // straight lines instead of halves of cosines
	ThreePhases bool    // fall as steeply as it rose, and then to the end

	LowMomentum, HighMomentum float64 // the momentum falls while the learning rate rises
}

// NewOneCycle returns schedules of the learning rate, and of the momentum itself,
// of Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks
// Using Large Learning Rates", 2018. As in PyTorch, the rise ends a step before
// its length is over.
func NewOneCycle(c OneCycleConfig) (lr, momentum Schedule, err error) {
	c.Rise, c.Start, c.End = cmp.Or(c.Rise, 0.3), cmp.Or(c.Start, 1.0/25), cmp.Or(c.End, 1.0/250_000)
	c.LowMomentum, c.HighMomentum = cmp.Or(c.LowMomentum, 0.85), cmp.Or(c.HighMomentum, 0.95)
	err = cmp.Or(
		c.Rise.check("rise"),
		notNegative("start", c.Start),
		notNegative("end", c.End),
		fraction("low momentum", c.LowMomentum),
		fraction("high momentum", c.HighMomentum))
	if c.ThreePhases && c.Rise >= 0.5 && c.Rise < 1 {
		err = cmp.Or(err, errors.New("rise is a half or more: three phases want less"))
	}
	if err != nil {
		return nil, nil, err
	}
	low, high := c.LowMomentum, c.HighMomentum
	lr = c.over([]float64{c.Start, 1, c.End}, []float64{c.Start, 1, c.Start, c.End})
	momentum = c.over([]float64{high, low, high}, []float64{high, low, high, high})
	return lr, momentum, nil
}

// over returns a curve through points at the ends of two phases, or of three.
func (c OneCycleConfig) over(two, three []float64) Schedule {
	points := two
	if c.ThreePhases {
		points = three
	}
	return func(step, steps int) float64 {
		rise := float64(c.Rise)
		if c.Rise < 1 {
			rise = float64(rise * float64(steps))
		}
		ends := []float64{0, rise - 1, float64(steps - 1)}
		if c.ThreePhases {
			ends = []float64{0, rise - 1, float64(2*rise) - 2, float64(steps - 1)}
		}
		i, last := 0, len(points)-2
		for i < last && float64(step) > ends[i+1] {
			i++
		}
		at := 1.0
		if length := ends[i+1] - ends[i]; length > 0 {
			at = (float64(step) - ends[i]) / length
		}
		if c.Linear {
			return points[i] + float64((points[i+1]-points[i])*at)
		}
		return anneal(points[i], points[i+1], at)
	}
}

// anneal goes from one number to another along half a cosine.
func anneal(from, to, share float64) float64 {
	return to + float64((from-to)*(1+cosine(math.Pi*share)))/2
}

// power returns x^y, with the same bits everywhere.
func power(x, y float64) float64 {
	out := []float64{x}
	kernel.Pow(out, out, []float64{y})
	return out[0]
}

// cosine returns cos(x), with the same bits everywhere.
func cosine(x float64) float64 {
	out := []float64{x}
	kernel.Cos(out, out)
	return out[0]
}
