package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// RMSpropConfig sets RMSprop. Zero values of Alpha and Epsilon mean 0.99 and 1e-8.
type RMSpropConfig struct {
	LR          float64
	Alpha       float64
	Epsilon     float64
	WeightDecay float64 // of an L2 penalty
	Momentum    float64 // 0: none
	Centred     bool    // divide by the standard deviation (Graves, 2013)
}

// RMSprop divides by a running root mean square, of Hinton's lecture 6e, 2012:
//
//	v = α·v + (1-α)·g²;  d = g/(√v + ε);  m = momentum·m + d;  w = w - lr·m
//
// and where it is centred, ḡ = α·ḡ + (1-α)·g and v - ḡ² takes the place of v in
// d.
type RMSprop struct {
	base
	cfg                    RMSpropConfig
	square, mean, velocity buffers
}

// NewRMSprop returns an optimiser of the parameters.
func NewRMSprop(params []nn.Named, cfg RMSpropConfig) (*RMSprop, error) {
	cfg.Alpha, cfg.Epsilon = cmp.Or(cfg.Alpha, 0.99), cmp.Or(cfg.Epsilon, 1e-8)
	b, err := newBase(params, cfg.LR,
		fraction("alpha", cfg.Alpha),
		notNegative("epsilon", cfg.Epsilon),
		notNegative("weight decay", cfg.WeightDecay),
		fraction("momentum", cfg.Momentum))
	if err != nil {
		return nil, err
	}
	o := &RMSprop{base: b, cfg: cfg}
	o.square = o.zeros("square")
	if cfg.Centred {
		o.mean = o.zeros("mean")
	}
	o.velocity = o.velocities(cfg.Momentum)
	return o, nil
}

// Step assigns new values to the parameters.
func (o *RMSprop) Step(grads []*autograd.Value) {
	alpha := constant(o.cfg.Alpha)
	o.each(grads, func(p param) *autograd.Value {
		g := p.penalised(o.cfg.WeightDecay)
		v := p.average(o.square, op.Mul(g, g), alpha)
		if o.mean != nil {
			mean := p.average(o.mean, g, alpha)
			v = op.Sub(v, op.Mul(mean, mean))
		}
		d := op.Div(g, p.plus(op.Sqrt(v), o.cfg.Epsilon))
		return p.minus(p.w, p.push(o.velocity, d, o.rates.Momentum), o.rates.LR)
	})
}
