package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// AdagradConfig sets Adagrad. A zero value of Epsilon means 1e-10.
type AdagradConfig struct {
	LR          float64
	Decay       float64 // of the learning rate
	Initial     float64 // value of the sum of squares
	Epsilon     float64
	WeightDecay float64 // of an L2 penalty
}

// Adagrad divides by the root of the sum of all squares, of Duchi et al.,
// "Adaptive Subgradient Methods", 2011:
//
//	s = s + g²;  w = w - lr/(1 + (t-1)·decay) · g/(√s + ε)
type Adagrad struct {
	base
	cfg   AdagradConfig
	steps *autograd.Value
	sum   buffers
}

// NewAdagrad returns an optimiser of the parameters.
func NewAdagrad(params []nn.Named, cfg AdagradConfig) (*Adagrad, error) {
	cfg.Epsilon = cmp.Or(cfg.Epsilon, 1e-10)
	b, err := newBase(params, cfg.LR,
		notNegative("decay of the learning rate", cfg.Decay),
		notNegative("initial sum", cfg.Initial),
		notNegative("epsilon", cfg.Epsilon),
		notNegative("weight decay", cfg.WeightDecay))
	if err != nil {
		return nil, err
	}
	o := &Adagrad{base: b, cfg: cfg}
	o.steps, o.sum = o.number("steps", 0), o.filled("sum", cfg.Initial)
	return o, nil
}

// Step assigns new values to the parameters.
func (o *Adagrad) Step(grads []*autograd.Value) {
	before := op.Sub(count(o.steps), constant(1))
	rate := op.Div(o.rates.LR, op.Add(constant(1), op.Scale(before, o.cfg.Decay)))
	o.each(grads, func(p param) *autograd.Value {
		g := p.penalised(o.cfg.WeightDecay)
		s := p.keep(o.sum, op.Add(p.of(o.sum), op.Mul(g, g)))
		return p.minus(p.w, op.Div(g, p.plus(op.Sqrt(s), o.cfg.Epsilon)), rate)
	})
}
