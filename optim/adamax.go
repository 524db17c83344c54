package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// AdamaxConfig sets Adamax. Zero values of Beta1, Beta2 and Epsilon mean 0.9,
// 0.999 and 1e-8.
type AdamaxConfig struct {
	LR           float64
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64 // of an L2 penalty
}

// Adamax is the variant of Adam with the largest gradient in place of the mean
// square, of the same paper:
//
//	m = β1·m + (1-β1)·g;  u = max(β2·u, |g| + ε);  w = w - lr/(1-β1ᵗ) · m/u
type Adamax struct {
	base
	cfg           AdamaxConfig
	power1        *autograd.Value
	mean, largest buffers
}

// NewAdamax returns an optimiser of the parameters.
func NewAdamax(params []nn.Named, cfg AdamaxConfig) (*Adamax, error) {
	cfg.Beta1, cfg.Beta2, cfg.Epsilon = cmp.Or(cfg.Beta1, 0.9), cmp.Or(cfg.Beta2, 0.999), cmp.Or(cfg.Epsilon, 1e-8)
	b, err := newBase(params, cfg.LR,
		fraction("beta1", cfg.Beta1),
		fraction("beta2", cfg.Beta2),
		notNegative("epsilon", cfg.Epsilon),
		notNegative("weight decay", cfg.WeightDecay))
	if err != nil {
		return nil, err
	}
	o := &Adamax{base: b, cfg: cfg}
	o.rates.Momentum, o.power1 = o.number("beta1", cfg.Beta1), o.number("beta1_power", 1)
	o.mean, o.largest = o.zeros("mean"), o.zeros("largest")
	return o, nil
}

// Step assigns new values to the parameters.
func (o *Adamax) Step(grads []*autograd.Value) {
	rate := op.Div(o.rates.LR, oneMinus(advance(o.power1, o.rates.Momentum)))
	o.each(grads, func(p param) *autograd.Value {
		g := p.penalised(o.cfg.WeightDecay)
		m := p.average(o.mean, g, o.rates.Momentum)
		u := p.keep(o.largest, op.Maximum(op.Scale(p.of(o.largest), o.cfg.Beta2), p.plus(op.Abs(g), o.cfg.Epsilon)))
		return p.minus(p.w, op.Div(m, u), rate)
	})
}
