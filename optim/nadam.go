package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// NAdamConfig sets NAdam. Zero values of Beta1, Beta2, Epsilon and MomentumDecay
// mean 0.9, 0.999, 1e-8 and 0.004.
type NAdamConfig struct {
	LR            float64
	Beta1, Beta2  float64
	Epsilon       float64
	WeightDecay   float64 // of an L2 penalty
	MomentumDecay float64 // ψ
}

// NAdam is Adam with Nesterov's momentum, of Dozat, "Incorporating Nesterov
// Momentum into Adam", 2016:
//
//	μ(t) = β1·(1 - 0.96^(t·ψ)/2);  m and v as Adam's
//	w = w - lr·((1-μ(t))/(1-Πμ)·g + μ(t+1)/(1-Πμ·μ(t+1))·m) / (√(v/(1-β2ᵗ)) + ε)
type NAdam struct {
	moments
	cfg            NAdamConfig
	steps, product *autograd.Value // Πμ over all steps so far
}

// NewNAdam returns an optimiser of the parameters.
func NewNAdam(params []nn.Named, cfg NAdamConfig) (*NAdam, error) {
	cfg.Epsilon, cfg.MomentumDecay = cmp.Or(cfg.Epsilon, 1e-8), cmp.Or(cfg.MomentumDecay, 0.004)
	m, err := newMoments(params, cfg.LR, cfg.Beta1, cfg.Beta2, cfg.Epsilon, cfg.WeightDecay, notNegative("momentum decay", cfg.MomentumDecay))
	if err != nil {
		return nil, err
	}
	o := &NAdam{moments: m, cfg: cfg}
	o.steps, o.product = o.number("steps", 0), o.number("momentum_product", 1)
	return o, nil
}

// log096 is the natural logarithm of 0.96.
const log096 = -0.04082199452025517

// momentum returns μ(t).
func (o *NAdam) momentum(t *autograd.Value) *autograd.Value {
	return op.Mul(o.rates.Momentum, oneMinus(op.Scale(op.Exp(op.Scale(t, log096*o.cfg.MomentumDecay)), 0.5)))
}

// Step assigns new values to the parameters.
func (o *NAdam) Step(grads []*autograd.Value) {
	_, power2 := o.advance()
	correction := oneMinus(power2)
	t := count(o.steps)
	now, next := o.momentum(t), o.momentum(op.Add(t, constant(1)))
	product := advance(o.product, now)
	ofGradient := op.Div(op.Mul(o.rates.LR, oneMinus(now)), oneMinus(product))
	ofMean := op.Div(op.Mul(o.rates.LR, next), oneMinus(op.Mul(product, next)))
	o.each(grads, func(p param) *autograd.Value {
		p.g = p.penalised(o.cfg.WeightDecay)
		m, v := o.take(p)
		scale := p.plus(op.Sqrt(op.Div(v, p.number(correction))), o.cfg.Epsilon)
		return op.Sub(p.w, op.Div(op.Add(p.scale(p.g, ofGradient), p.scale(m, ofMean)), scale))
	})
}
