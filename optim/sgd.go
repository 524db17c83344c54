package optim

import (
	"errors"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// SGDConfig sets stochastic gradient descent.
type SGDConfig struct {
	LR          float64
	Momentum    float64 // 0: none
	Nesterov    bool    // look ahead along the momentum (Sutskever et al., 2013)
	WeightDecay float64 // of an L2 penalty
}

func (c SGDConfig) check() error {
	if c.Nesterov && c.Momentum == 0 {
		return errors.New("nesterov wants a momentum above 0")
	}
	return nil
}

// SGD is stochastic gradient descent:
//
//	g = grad + decay·w;  m = momentum·m + g;  w = w - lr·m
//
// and with Nesterov's momentum w = w - lr·(g + momentum·m).
type SGD struct {
	base
	cfg      SGDConfig
	velocity buffers
}

// NewSGD returns an optimiser of the parameters.
func NewSGD(params []nn.Named, cfg SGDConfig) (*SGD, error) {
	b, err := newBase(params, cfg.LR,
		fraction("momentum", cfg.Momentum),
		notNegative("weight decay", cfg.WeightDecay),
		cfg.check())
	if err != nil {
		return nil, err
	}
	o := &SGD{base: b, cfg: cfg}
	o.velocity = o.velocities(cfg.Momentum)
	return o, nil
}

// Step assigns new values to the parameters.
func (o *SGD) Step(grads []*autograd.Value) {
	o.each(grads, func(p param) *autograd.Value {
		g := p.penalised(o.cfg.WeightDecay)
		m := p.push(o.velocity, g, o.rates.Momentum)
		if o.cfg.Nesterov {
			m = op.Add(g, p.scale(m, o.rates.Momentum))
		}
		return p.minus(p.w, m, o.rates.LR)
	})
}
