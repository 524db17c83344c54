package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// AdamConfig sets Adam and AdamW. Zero values of Beta1, Beta2 and Epsilon mean
// 0.9, 0.999 and 1e-8.
type AdamConfig struct {
	LR           float64
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64

	// Decoupled shrinks the weights themselves, as AdamW does, rather than
	// adding an L2 penalty to the gradient.
	Decoupled bool

	// AMSGrad divides by the largest v so far (Reddi et al., "On the Convergence
	// of Adam and Beyond", 2018).
	AMSGrad bool
}

// Adam is the optimiser of Kingma and Ba, "Adam: A Method for Stochastic
// Optimization", 2014, or with decoupled weight decay AdamW, of Loshchilov and
// Hutter, "Decoupled Weight Decay Regularization", 2017:
//
//	m = β1·m + (1-β1)·g;  v = β2·v + (1-β2)·g²
//	w = w - lr/(1-β1ᵗ) · m / (√v/√(1-β2ᵗ) + ε)
type Adam struct {
	moments
	cfg     AdamConfig
	largest buffers // of AMSGrad
}

// NewAdam returns an optimiser of the parameters.
func NewAdam(params []nn.Named, cfg AdamConfig) (*Adam, error) {
	cfg.Epsilon = cmp.Or(cfg.Epsilon, 1e-8)
	m, err := newMoments(params, cfg.LR, cfg.Beta1, cfg.Beta2, cfg.Epsilon, cfg.WeightDecay)
	if err != nil {
		return nil, err
	}
	o := &Adam{moments: m, cfg: cfg}
	if cfg.AMSGrad {
		o.largest = o.zeros("largest_square")
	}
	return o, nil
}

// NewAdamW returns an optimiser of the parameters whose weight decay is
// decoupled.
func NewAdamW(params []nn.Named, cfg AdamConfig) (*Adam, error) {
	cfg.Decoupled = true
	return NewAdam(params, cfg)
}

// Step assigns new values to the parameters.
func (o *Adam) Step(grads []*autograd.Value) {
	c, lr := o.cfg, o.rates.LR
	power1, power2 := o.advance()
	rate := op.Div(lr, oneMinus(power1))
	correction := op.Sqrt(oneMinus(power2))
	kept := oneMinus(op.Scale(lr, c.WeightDecay))
	o.each(grads, func(p param) *autograd.Value {
		w := p.w
		if c.Decoupled {
			w = p.scale(w, kept)
		} else {
			p.g = p.penalised(c.WeightDecay)
		}
		m, v := o.take(p)
		if c.AMSGrad {
			v = p.keep(o.largest, op.Maximum(p.of(o.largest), v))
		}
		scale := p.plus(op.Div(op.Sqrt(v), p.number(correction)), c.Epsilon)
		return p.minus(w, op.Div(m, scale), rate)
	})
}

// moments is what optimisers of Adam's kind have: running means of the gradients
// and of their squares.
type moments struct {
	base
	beta2          *autograd.Value
	power1, power2 *autograd.Value // β1 and β2 to the power of the steps so far
	mean, square   buffers
}

// newMoments returns moments; of β1 and β2, 0 means 0.9 and 0.999.
func newMoments(params []nn.Named, lr, beta1, beta2, epsilon, decay float64, settings ...error) (moments, error) {
	beta1, beta2 = cmp.Or(beta1, 0.9), cmp.Or(beta2, 0.999)
	b, err := newBase(params, lr, append(settings,
		notNegative("epsilon", epsilon), notNegative("weight decay", decay), fraction("beta1", beta1), fraction("beta2", beta2))...)
	if err != nil {
		return moments{}, err
	}
	o := moments{base: b, beta2: constant(beta2)}
	o.rates.Momentum = o.number("beta1", beta1)
	o.power1, o.power2 = o.number("beta1_power", 1), o.number("beta2_power", 1)
	o.mean, o.square = o.zeros("mean"), o.zeros("square")
	return o, nil
}

// advance returns β1 and β2 to the power of this step.
func (o *moments) advance() (power1, power2 *autograd.Value) {
	return advance(o.power1, o.rates.Momentum), advance(o.power2, o.beta2)
}

// take takes a gradient into the means, and returns them.
func (o *moments) take(p param) (m, v *autograd.Value) {
	return p.average(o.mean, p.g, o.rates.Momentum), p.average(o.square, op.Mul(p.g, p.g), o.beta2)
}
