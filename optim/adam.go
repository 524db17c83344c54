package optim

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
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
}

// Adam is the optimiser of Kingma and Ba, "Adam: A Method for Stochastic
// Optimization", 2014, or with decoupled weight decay AdamW, of Loshchilov and
// Hutter, "Decoupled Weight Decay Regularization", 2017:
//
//	m = β1·m + (1-β1)·g;  v = β2·v + (1-β2)·g²
//	w = w - lr/(1-β1ᵗ) · m / (√v/√(1-β2ᵗ) + ε)
type Adam struct {
	base
	cfg            AdamConfig
	mean, square   []nn.Named
	power1, power2 *autograd.Value // β1 and β2 to the power of the steps so far
}

// NewAdam returns an optimiser of the parameters.
func NewAdam(params []nn.Named, cfg AdamConfig) (*Adam, error) {
	cfg.Beta1, cfg.Beta2, cfg.Epsilon = cmp.Or(cfg.Beta1, 0.9), cmp.Or(cfg.Beta2, 0.999), cmp.Or(cfg.Epsilon, 1e-8)
	err := cmp.Or(
		wantParameters(params),
		inRange("learning rate", cfg.LR, 0, math.Inf(1)),
		inRange("beta1", cfg.Beta1, 0, 1),
		inRange("beta2", cfg.Beta2, 0, 1),
		inRange("epsilon", cfg.Epsilon, 0, math.Inf(1)),
		inRange("weight decay", cfg.WeightDecay, 0, math.Inf(1)))
	if err != nil {
		return nil, err
	}
	return &Adam{
		base: newBase(params, cfg.LR), cfg: cfg,
		mean: buffers(params, "mean"), square: buffers(params, "square"),
		power1: scalar("beta1_power", 1), power2: scalar("beta2_power", 1),
	}, nil
}

// State returns the learning rate, the powers of β1 and β2, and the running
// means of the gradients and of their squares.
func (o *Adam) State() []nn.Named {
	s := []nn.Named{{Name: "lr", Value: o.lr}, {Name: "beta1_power", Value: o.power1}, {Name: "beta2_power", Value: o.power2}}
	return append(append(s, o.mean...), o.square...)
}

// Step assigns new values to the parameters.
func (o *Adam) Step(grads []*autograd.Value) {
	o.check(grads)
	c := o.cfg
	power1, power2 := op.Scale(o.power1, c.Beta1), op.Scale(o.power2, c.Beta2)
	autograd.Assign(o.power1, power1)
	autograd.Assign(o.power2, power2)
	one := op.Scalar(tensor.Float64, 1)
	rate := op.Div(o.lr, op.Sub(one, power1))
	correction := op.Sqrt(op.Sub(one, power2))
	for i, p := range o.params {
		w, g, d := p.Value, grads[i], p.Value.DType()
		next := w
		if c.Decoupled {
			next = op.Mul(w, op.Cast(op.Sub(one, op.Scale(o.lr, c.WeightDecay)), d))
		} else {
			g = decay(g, w, c.WeightDecay)
		}
		m := average(o.mean[i].Value, g, c.Beta1)
		v := average(o.square[i].Value, op.Mul(g, g), c.Beta2)
		scale := op.Add(op.Div(op.Sqrt(v), op.Cast(correction, d)), op.Scalar(d, c.Epsilon))
		autograd.Assign(w, op.Sub(next, op.Mul(op.Cast(rate, d), op.Div(m, scale))))
	}
}

// average assigns β·mean + (1-β)·x to mean and returns it.
func average(mean, x *autograd.Value, beta float64) *autograd.Value {
	next := op.Add(op.Scale(mean, beta), op.Scale(x, 1-beta))
	autograd.Assign(mean, next)
	return next
}
