package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// LARSConfig sets LARS. A zero value of Trust means 0.001.
type LARSConfig struct {
	LR          float64
	Momentum    float64 // 0: none
	Trust       float64 // η: the share of its norm by which a parameter changes at a learning rate of 1
	WeightDecay float64 // β
}

// LARS gives each parameter a rate by its norm, of You et al., "Large Batch
// Training of Convolutional Networks", 2017:
//
//	λ = η·‖w‖ / (‖g‖ + β·‖w‖), or 1 where one of the norms is 0
//	m = momentum·m + lr·λ·(g + β·w);  w = w - m
//
// Biases and the gains of normalisations are better left to SGD: see Split and
// Join.
type LARS struct {
	base
	cfg      LARSConfig
	velocity buffers
}

// NewLARS returns an optimiser of the parameters.
func NewLARS(params []nn.Named, cfg LARSConfig) (*LARS, error) {
	cfg.Trust = cmp.Or(cfg.Trust, 0.001)
	b, err := newBase(params, cfg.LR,
		fraction("momentum", cfg.Momentum),
		notNegative("trust", cfg.Trust),
		notNegative("weight decay", cfg.WeightDecay))
	if err != nil {
		return nil, err
	}
	o := &LARS{base: b, cfg: cfg}
	o.velocity = o.velocities(cfg.Momentum)
	return o, nil
}

// Step assigns new values to the parameters.
func (o *LARS) Step(grads []*autograd.Value) {
	c := o.cfg
	o.each(grads, func(p param) *autograd.Value {
		w, g := norm(p.w), norm(p.g)
		trust := ratio(op.Scale(w, c.Trust), op.Add(g, op.Scale(w, c.WeightDecay)), w, g)
		d := p.scale(p.penalised(c.WeightDecay), op.Mul(o.rates.LR, trust))
		return op.Sub(p.w, p.push(o.velocity, d, o.rates.Momentum))
	})
}

// ratio returns a/b, or 1 where one of the norms is 0.
func ratio(a, b, norm1, norm2 *autograd.Value) *autograd.Value {
	known := op.Greater(op.Mul(norm1, norm2), constant(0))
	return op.Where(known, op.Div(a, b), constant(1))
}
