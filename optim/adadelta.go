package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// AdadeltaConfig sets Adadelta. Zero values of Rho and Epsilon mean 0.9 and 1e-6.
type AdadeltaConfig struct {
	LR          float64 // 1 in the paper
	Rho         float64
	Epsilon     float64
	WeightDecay float64 // of an L2 penalty
}

// Adadelta makes steps of the size of its last ones, of Zeiler, "ADADELTA: An
// Adaptive Learning Rate Method", 2012:
//
//	v = ρ·v + (1-ρ)·g²;  d = √(u+ε)/√(v+ε)·g;  u = ρ·u + (1-ρ)·d²;  w = w - lr·d
type Adadelta struct {
	base
	cfg          AdadeltaConfig
	square, step buffers
}

// NewAdadelta returns an optimiser of the parameters.
func NewAdadelta(params []nn.Named, cfg AdadeltaConfig) (*Adadelta, error) {
	cfg.Rho, cfg.Epsilon = cmp.Or(cfg.Rho, 0.9), cmp.Or(cfg.Epsilon, 1e-6)
	b, err := newBase(params, cfg.LR,
		fraction("rho", cfg.Rho),
		notNegative("epsilon", cfg.Epsilon),
		notNegative("weight decay", cfg.WeightDecay))
	if err != nil {
		return nil, err
	}
	o := &Adadelta{base: b, cfg: cfg}
	o.square, o.step = o.zeros("square"), o.zeros("step_square")
	return o, nil
}

// Step assigns new values to the parameters.
func (o *Adadelta) Step(grads []*autograd.Value) {
	rho, epsilon := constant(o.cfg.Rho), o.cfg.Epsilon
	o.each(grads, func(p param) *autograd.Value {
		g := p.penalised(o.cfg.WeightDecay)
		v := p.average(o.square, op.Mul(g, g), rho)
		d := op.Mul(op.Div(op.Sqrt(p.plus(p.of(o.step), epsilon)), op.Sqrt(p.plus(v, epsilon))), g)
		p.average(o.step, op.Mul(d, d), rho)
		return p.minus(p.w, d, o.rates.LR)
	})
}
