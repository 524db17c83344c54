package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// RAdamConfig sets RAdam. Zero values of Beta1, Beta2 and Epsilon mean 0.9, 0.999
// and 1e-8.
type RAdamConfig struct {
	LR           float64
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64 // of an L2 penalty
}

// RAdam is rectified Adam, of Liu et al., "On the Variance of the Adaptive
// Learning Rate and Beyond", 2019: while the variance of v is unknown it goes
// along m, and later shortens its steps by what is known.
//
//	m and v as Adam's;  n = 2/(1-β2) - 1;  ρ = n - 2t·β2ᵗ/(1-β2ᵗ)
//	r = √((ρ-4)(ρ-2)·n / ((n-4)(n-2)·ρ))
//	w = w - lr/(1-β1ᵗ)·m · (ρ > 5 ? r·√(1-β2ᵗ)/(√v+ε) : 1)
type RAdam struct {
	moments
	cfg   RAdamConfig
	steps *autograd.Value
}

// NewRAdam returns an optimiser of the parameters.
func NewRAdam(params []nn.Named, cfg RAdamConfig) (*RAdam, error) {
	cfg.Epsilon = cmp.Or(cfg.Epsilon, 1e-8)
	m, err := newMoments(params, cfg.LR, cfg.Beta1, cfg.Beta2, cfg.Epsilon, cfg.WeightDecay)
	if err != nil {
		return nil, err
	}
	o := &RAdam{moments: m, cfg: cfg}
	o.steps = o.number("steps", 0)
	return o, nil
}

// Step assigns new values to the parameters. While the variance is unknown, v
// counts 0 times and 1 takes its place: so all is one loop over the elements.
func (o *RAdam) Step(grads []*autograd.Value) {
	power1, power2 := o.advance()
	rate := op.Div(o.rates.LR, oneMinus(power1))
	known, r := o.rectify(count(o.steps), power2)
	rate = op.Where(known, op.Mul(rate, op.Mul(r, op.Sqrt(oneMinus(power2)))), rate)
	counts := op.Cast(known, tensor.Float64)
	o.each(grads, func(p param) *autograd.Value {
		p.g = p.penalised(o.cfg.WeightDecay)
		m, v := o.take(p)
		scale := op.Add(p.scale(p.plus(op.Sqrt(v), o.cfg.Epsilon), counts), p.cast(counts, true))
		return p.minus(p.w, op.Div(m, scale), rate)
	})
}

// rectify returns whether the variance is known in step t, and r.
func (o *RAdam) rectify(t, power2 *autograd.Value) (known, r *autograd.Value) {
	n := 2/(1-o.beta2.Tensor().Item()) - 1
	rho := op.Sub(constant(n), op.Div(op.Mul(op.Scale(t, 2), power2), oneMinus(power2)))
	less := func(c float64) *autograd.Value { return op.Sub(rho, constant(c)) }
	r = op.Sqrt(op.Div(op.Scale(op.Mul(less(4), less(2)), n), op.Scale(rho, (n-4)*(n-2))))
	return op.Greater(rho, constant(5)), r
}
