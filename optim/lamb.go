package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// LAMBConfig sets LAMB. Zero values of Beta1, Beta2 and Epsilon mean 0.9, 0.999
// and 1e-6.
type LAMBConfig struct {
	LR           float64
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64 // λ
}

// LAMB is AdamW with steps as long as each parameter's norm, of You et al.,
// "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2019:
//
//	m and v as Adam's;  r = m/(1-β1ᵗ) / (√(v/(1-β2ᵗ)) + ε);  u = r + λ·w
//	w = w - lr·‖w‖/‖u‖·u, and -lr·u where one of the norms is 0
type LAMB struct {
	moments
	cfg LAMBConfig
}

// NewLAMB returns an optimiser of the parameters.
func NewLAMB(params []nn.Named, cfg LAMBConfig) (*LAMB, error) {
	cfg.Epsilon = cmp.Or(cfg.Epsilon, 1e-6)
	m, err := newMoments(params, cfg.LR, cfg.Beta1, cfg.Beta2, cfg.Epsilon, cfg.WeightDecay)
	if err != nil {
		return nil, err
	}
	return &LAMB{m, cfg}, nil
}

// Step assigns new values to the parameters.
func (o *LAMB) Step(grads []*autograd.Value) {
	power1, power2 := o.advance()
	correction1, correction2 := oneMinus(power1), oneMinus(power2)
	o.each(grads, func(p param) *autograd.Value {
		m, v := o.take(p)
		scale := p.plus(op.Sqrt(op.Div(v, p.number(correction2))), o.cfg.Epsilon)
		u := op.Div(op.Div(m, p.number(correction1)), scale)
		if o.cfg.WeightDecay != 0 {
			u = op.Add(u, op.Scale(p.w, o.cfg.WeightDecay))
		}
		ofWeights, ofUpdate := norm(p.w), norm(u)
		return p.minus(p.w, u, op.Mul(o.rates.LR, ratio(ofWeights, ofUpdate, ofWeights, ofUpdate)))
	})
}
