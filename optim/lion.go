package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// LionConfig sets Lion. Zero values of Beta1 and Beta2 mean 0.9 and 0.99.
type LionConfig struct {
	LR           float64
	Beta1, Beta2 float64
	WeightDecay  float64 // decoupled
}

// Lion goes by signs alone, of Chen et al., "Symbolic Discovery of Optimization
// Algorithms", 2023:
//
//	u = sign(β1·m + (1-β1)·g);  m = β2·m + (1-β2)·g;  w = w - lr·(u + decay·w)
type Lion struct {
	base
	cfg  LionConfig
	mean buffers
}

// NewLion returns an optimiser of the parameters.
func NewLion(params []nn.Named, cfg LionConfig) (*Lion, error) {
	cfg.Beta1, cfg.Beta2 = cmp.Or(cfg.Beta1, 0.9), cmp.Or(cfg.Beta2, 0.99)
	b, err := newBase(params, cfg.LR,
		fraction("beta1", cfg.Beta1),
		fraction("beta2", cfg.Beta2),
		notNegative("weight decay", cfg.WeightDecay))
	if err != nil {
		return nil, err
	}
	o := &Lion{base: b, cfg: cfg}
	o.rates.Momentum = o.number("beta1", cfg.Beta1)
	o.mean = o.zeros("mean")
	return o, nil
}

// Step assigns new values to the parameters.
func (o *Lion) Step(grads []*autograd.Value) {
	beta2 := constant(o.cfg.Beta2)
	o.each(grads, func(p param) *autograd.Value {
		u := op.Sign(p.mix(p.of(o.mean), p.g, o.rates.Momentum))
		p.average(o.mean, p.g, beta2)
		if o.cfg.WeightDecay != 0 {
			u = op.Add(u, op.Scale(p.w, o.cfg.WeightDecay))
		}
		return p.minus(p.w, u, o.rates.LR)
	})
}
