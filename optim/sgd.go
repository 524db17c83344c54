package optim

import (
	"cmp"
	"errors"
	"math"

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

// SGD is stochastic gradient descent:
//
//	g = grad + decay·w;  m = momentum·m + g;  w = w - lr·m
//
// and with Nesterov's momentum w = w - lr·(g + momentum·m).
type SGD struct {
	base
	cfg      SGDConfig
	momentum []nn.Named
}

// NewSGD returns an optimiser of the parameters.
func NewSGD(params []nn.Named, cfg SGDConfig) (*SGD, error) {
	err := cmp.Or(
		wantParameters(params),
		inRange("learning rate", cfg.LR, 0, math.Inf(1)),
		inRange("momentum", cfg.Momentum, 0, 1),
		inRange("weight decay", cfg.WeightDecay, 0, math.Inf(1)))
	if cfg.Nesterov && cfg.Momentum == 0 {
		err = cmp.Or(err, errors.New("nesterov wants a momentum above 0"))
	}
	if err != nil {
		return nil, err
	}
	o := &SGD{base: newBase(params, cfg.LR), cfg: cfg}
	if cfg.Momentum != 0 {
		o.momentum = buffers(params, "momentum")
	}
	return o, nil
}

// State returns the learning rate and the momenta.
func (o *SGD) State() []nn.Named {
	return append([]nn.Named{{Name: "lr", Value: o.lr}}, o.momentum...)
}

// Step assigns new values to the parameters.
func (o *SGD) Step(grads []*autograd.Value) {
	o.check(grads)
	for i, p := range o.params {
		w := p.Value
		g := decay(grads[i], w, o.cfg.WeightDecay)
		if o.momentum != nil {
			m := o.momentum[i].Value
			next := op.Add(op.Scale(m, o.cfg.Momentum), g)
			autograd.Assign(m, next)
			if o.cfg.Nesterov {
				next = op.Add(g, op.Scale(next, o.cfg.Momentum))
			}
			g = next
		}
		autograd.Assign(w, op.Sub(w, op.Mul(g, op.Cast(o.lr, w.DType()))))
	}
}
