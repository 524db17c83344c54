package optim

import (
	"cmp"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// ScheduleFreeConfig sets schedule-free AdamW. Zero values of Beta1, Beta2 and
// Epsilon mean 0.9, 0.999 and 1e-8.
type ScheduleFreeConfig struct {
	LR           float64
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64
	Warmup       int // steps over which the learning rate rises; 0: none
}

// ScheduleFree is AdamW that averages its weights instead of lowering its
// learning rate, of Defazio et al., "The Road Less Scheduled", 2024. The
// parameters are y, where gradients are taken; x, the average, is to evaluate
// with: see SetTraining.
//
//	v = β2·v + (1-β2)·g²;  γ = lr·√(1-β2ᵗ)·min(1, t/warm-up)
//	z = z - γ·(g/(√v + ε) + decay·y)
//	x = (1-c)·x + c·z, where c = γ²/Σγ²
//	y = (1-β1)·z + β1·x
type ScheduleFree struct {
	base
	cfg                ScheduleFreeConfig
	steps, power2      *autograd.Value
	weights            *autograd.Value // Σγ²
	square, fast, slow buffers         // v, z, x
	evaluates          bool
}

// NewScheduleFree returns an optimiser of the parameters, which are to have their
// first values by now.
func NewScheduleFree(params []nn.Named, cfg ScheduleFreeConfig) (*ScheduleFree, error) {
	cfg.Beta1, cfg.Beta2, cfg.Epsilon = cmp.Or(cfg.Beta1, 0.9), cmp.Or(cfg.Beta2, 0.999), cmp.Or(cfg.Epsilon, 1e-8)
	b, err := newBase(params, cfg.LR,
		fraction("beta1", cfg.Beta1),
		fraction("beta2", cfg.Beta2),
		notNegative("epsilon", cfg.Epsilon),
		notNegative("weight decay", cfg.WeightDecay),
		notNegative("warm-up", float64(cfg.Warmup)))
	if err != nil {
		return nil, err
	}
	o := &ScheduleFree{base: b, cfg: cfg}
	o.steps, o.power2, o.weights = o.number("steps", 0), o.number("beta2_power", 1), o.number("weights", 0)
	o.square, o.fast, o.slow = o.zeros("square"), o.copies("fast"), o.copies("average")
	return o, nil
}

// Step assigns new values to the parameters.
func (o *ScheduleFree) Step(grads []*autograd.Value) {
	if o.evaluates {
		tensor.Fail("optim.Step", nil, "the parameters are those to evaluate with: want SetTraining(true) before")
	}
	beta1, beta2 := constant(o.cfg.Beta1), constant(o.cfg.Beta2)
	rate := o.rate()
	weight := op.Mul(rate, rate)
	sum := op.Add(o.weights, weight)
	autograd.Assign(o.weights, sum)
	older := oneMinus(op.Where(op.Greater(sum, constant(0)), op.Div(weight, sum), constant(0)))
	o.each(grads, func(p param) *autograd.Value {
		v := p.average(o.square, op.Mul(p.g, p.g), beta2)
		d := op.Div(p.g, p.plus(op.Sqrt(v), o.cfg.Epsilon))
		if o.cfg.WeightDecay != 0 {
			d = op.Add(d, op.Scale(p.w, o.cfg.WeightDecay))
		}
		z := p.keep(o.fast, p.minus(p.of(o.fast), d, rate))
		x := p.average(o.slow, z, older)
		return p.mix(x, z, beta1)
	})
}

// rate returns γ.
func (o *ScheduleFree) rate() *autograd.Value {
	t := count(o.steps)
	rate := op.Mul(o.rates.LR, op.Sqrt(oneMinus(advance(o.power2, constant(o.cfg.Beta2)))))
	if o.cfg.Warmup == 0 {
		return rate
	}
	return op.Mul(rate, op.Minimum(constant(1), op.Scale(t, 1/float64(o.cfg.Warmup))))
}

// SetTraining gives the parameters the values x, or for training y, with the bits
// that they had.
func (o *ScheduleFree) SetTraining(training bool) {
	if o.evaluates == !training {
		return
	}
	o.evaluates = !training
	beta1 := constant(o.cfg.Beta1)
	for i, w := range o.params {
		x, z := o.slow[i], o.fast[i]
		if training {
			p := param{w: w.Value, casts: map[cast]*autograd.Value{}}
			x = p.mix(x, z, beta1)
		}
		autograd.Overwrite(w.Value, x.Tensor())
	}
}
