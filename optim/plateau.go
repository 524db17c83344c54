package optim

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
)

// PlateauConfig sets when learning rates fall. Zero values of Gamma, Patience and
// Threshold mean 0.1, 10 and 0.0001.
type PlateauConfig struct {
	Gamma     float64 // what to multiply the learning rates by
	Patience  int     // so many measurements in a row may be no better; below 0: none may
	Threshold float64 // the share by which a better one is better
	Cooldown  int     // so many measurements after a fall do not count
	Least     float64 // the smallest factor
	Larger    bool    // larger measurements are better, such as accuracies
}

// Plateau lowers learning rates when a measurement, such as the loss on a test
// set, no longer gets better.
type Plateau struct {
	memory
	cfg                          PlateauConfig
	factor, best, worse, resting *autograd.Value
}

// NewPlateau returns a plateau that has seen nothing.
func NewPlateau(c PlateauConfig) (*Plateau, error) {
	c.Gamma, c.Patience, c.Threshold = cmp.Or(c.Gamma, 0.1), cmp.Or(c.Patience, 10), cmp.Or(c.Threshold, 1e-4)
	err := cmp.Or(
		fraction("gamma", c.Gamma),
		fraction("threshold", c.Threshold),
		notNegative("cooldown", float64(c.Cooldown)),
		notNegative("least factor", c.Least))
	if err != nil {
		return nil, err
	}
	p := &Plateau{cfg: c}
	worst := math.Inf(1)
	if c.Larger {
		worst = math.Inf(-1)
	}
	p.factor, p.best = p.number("factor", 1), p.number("best", worst)
	p.worse, p.resting = p.number("worse", 0), p.number("resting", 0)
	return p, nil
}

// Factor returns what to multiply learning rates by.
func (p *Plateau) Factor() float64 { return p.factor.Tensor().Item() }

// Larger reports whether larger measurements are better.
func (p *Plateau) Larger() bool { return p.cfg.Larger }

// Observe takes a measurement.
func (p *Plateau) Observe(metric float64) {
	worse, resting := p.worse.Tensor().Item()+1, p.resting.Tensor().Item()
	if p.better(metric) {
		set(p.best, metric)
		worse = 0
	}
	if resting > 0 {
		resting--
		worse = 0
	}
	if worse > float64(max(0, p.cfg.Patience)) {
		set(p.factor, max(p.Factor()*p.cfg.Gamma, p.cfg.Least))
		worse, resting = 0, float64(p.cfg.Cooldown)
	}
	set(p.worse, worse)
	set(p.resting, resting)
}

func (p *Plateau) better(metric float64) bool {
	best := p.best.Tensor().Item()
	if p.cfg.Larger {
		return metric > best*(1+p.cfg.Threshold)
	}
	return metric < best*(1-p.cfg.Threshold)
}
