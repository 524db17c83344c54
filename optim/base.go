package optim

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// memory is variables that are kept between steps. Numbers that all parameters
// share, such as the learning rate, are float64 values without axes and are worked
// out in float64 whatever the type of the parameters, as PyTorch does.
type memory struct{ kept []nn.Named }

// State returns the variables that are kept between steps, with their names.
func (m *memory) State() []nn.Named { return m.kept }

func (m *memory) keep(name string, t *tensor.Tensor) *autograd.Value {
	v := autograd.Buffer(name, t)
	m.kept = append(m.kept, nn.Named{Name: name, Value: v})
	return v
}

// number keeps a number.
func (m *memory) number(name string, v float64) *autograd.Value {
	return m.keep(name, tensor.Scalar(v))
}

// state is parameters, and what is kept for them.
type state struct {
	memory
	params []nn.Named
}

// Parameters returns the variables that are trained.
func (s *state) Parameters() []nn.Named { return s.params }

// buffers is a variable of each parameter's type and shape.
type buffers []*autograd.Value

func (s *state) buffers(name string, first func(w *autograd.Value) *tensor.Tensor) (out buffers) {
	for _, p := range s.params {
		out = append(out, s.keep(p.Name+"."+name, first(p.Value)))
	}
	return out
}

// zeros keeps buffers of zeros.
func (s *state) zeros(name string) buffers { return s.filled(name, 0) }

// filled keeps buffers of a value.
func (s *state) filled(name string, v float64) buffers {
	return s.buffers(name, func(w *autograd.Value) *tensor.Tensor { return tensor.Full(w.DType(), v, w.Shape()...) })
}

// copies keeps buffers that begin as the parameters.
func (s *state) copies(name string) buffers { return s.buffers(name, (*autograd.Value).Tensor) }

// base is what all optimisers have.
type base struct {
	state
	rates Rates
}

// newBase returns a base with a learning rate, unless one of the settings that
// were checked is wrong.
func newBase(params []nn.Named, lr float64, settings ...error) (base, error) {
	err := cmp.Or(wantParameters(params), notNegative("learning rate", lr), cmp.Or(settings...))
	if err != nil {
		return base{}, err
	}
	b := base{state: state{params: params}}
	b.rates.LR = b.number("lr", lr)
	return b, nil
}

// velocities keeps a momentum, and buffers for what it carries on; none where it is
// 0.
func (b *base) velocities(momentum float64) buffers {
	if momentum == 0 {
		return nil
	}
	b.rates.Momentum = b.number("momentum", momentum)
	return b.zeros("momentum")
}

// Rates returns what a schedule may change.
func (b *base) Rates() []Rates { return []Rates{b.rates} }

// param is a parameter in a step.
type param struct {
	w, g  *autograd.Value // its value before the step, and its gradient
	place int             // among the parameters
	casts map[cast]*autograd.Value
}

// cast is a number, or 1 less it, in the type of some parameters: worked out
// once a step.
type cast struct {
	number *autograd.Value
	to     tensor.DType
	rest   bool
}

// each assigns to every parameter what next makes of it and its gradient. It
// panics unless there is a gradient for each: one that is missing must not pass
// in silence.
func (b *base) each(grads []*autograd.Value, next func(p param) *autograd.Value) {
	if len(grads) != len(b.params) {
		tensor.Fail("optim.Step", nil, "want %d gradients, not %d", len(b.params), len(grads))
	}
	for i, p := range b.params {
		if grads[i] == nil || !grads[i].Spec().Equal(p.Value.Spec()) {
			tensor.Fail("optim.Step", []tensor.Spec{p.Value.Spec()}, "want a gradient of %q of the same type and shape", p.Name)
		}
	}
	casts := map[cast]*autograd.Value{}
	for i, p := range b.params {
		autograd.Assign(p.Value, next(param{p.Value, grads[i], i, casts}))
	}
}

// number returns a number in the parameter's type.
func (p param) number(c *autograd.Value) *autograd.Value { return p.cast(c, false) }

func (p param) cast(c *autograd.Value, rest bool) *autograd.Value {
	key := cast{c, p.w.DType(), rest}
	if p.casts[key] == nil {
		if rest {
			c = oneMinus(c)
		}
		p.casts[key] = op.Cast(c, key.to)
	}
	return p.casts[key]
}

// scale returns c·x.
func (p param) scale(x, c *autograd.Value) *autograd.Value { return op.Mul(x, p.number(c)) }

// plus returns x + c.
func (p param) plus(x *autograd.Value, c float64) *autograd.Value {
	return op.Add(x, op.Scalar(x.DType(), c))
}

// minus returns w - c·x.
func (p param) minus(w, x, c *autograd.Value) *autograd.Value { return op.Sub(w, p.scale(x, c)) }

// penalised returns the gradient with that of an L2 penalty added.
func (p param) penalised(decay float64) *autograd.Value {
	if decay == 0 {
		return p.g
	}
	return op.Add(p.g, op.Scale(p.w, decay))
}

// of returns the parameter's buffer.
func (p param) of(b buffers) *autograd.Value { return b[p.place] }

// keep assigns a value to the parameter's buffer and returns it.
func (p param) keep(b buffers, x *autograd.Value) *autograd.Value {
	autograd.Assign(p.of(b), x)
	return x
}

// push assigns momentum·velocity + x to a buffer, and returns it: x where there is
// none.
func (p param) push(velocity buffers, x, momentum *autograd.Value) *autograd.Value {
	if velocity == nil {
		return x
	}
	return p.keep(velocity, op.Add(p.scale(p.of(velocity), momentum), x))
}

// average assigns β·mean + (1-β)·x to a buffer, and returns it.
func (p param) average(mean buffers, x, beta *autograd.Value) *autograd.Value {
	return p.keep(mean, p.mix(p.of(mean), x, beta))
}

// mix returns β·a + (1-β)·b.
func (p param) mix(a, b, beta *autograd.Value) *autograd.Value {
	return op.Add(p.scale(a, beta), op.Mul(b, p.cast(beta, true)))
}

// norm returns √(Σx²), as a float64 number.
func norm(x *autograd.Value) *autograd.Value { return op.Sqrt(squares(x)) }

// squares returns Σx², as a float64 number.
func squares(x *autograd.Value) *autograd.Value {
	return op.Cast(op.Sum(op.Mul(x, x)), tensor.Float64)
}

func constant(c float64) *autograd.Value { return op.Scalar(tensor.Float64, c) }

func oneMinus(c *autograd.Value) *autograd.Value { return op.Sub(constant(1), c) }

// advance multiplies a power of β by β and returns it.
func advance(power, beta *autograd.Value) *autograd.Value {
	next := op.Mul(power, beta)
	autograd.Assign(power, next)
	return next
}

// count adds one to a number of steps and returns it.
func count(steps *autograd.Value) *autograd.Value {
	next := op.Add(steps, constant(1))
	autograd.Assign(steps, next)
	return next
}

// wantParameters returns an error for a model whose parameters were not found.
func wantParameters(params []nn.Named) error {
	if len(params) == 0 {
		return errors.New("no parameters: want at least one, in exported fields of the model")
	}
	return nil
}

// notNegative returns an error unless v is finite and at least 0.
func notNegative(name string, v float64) error { return inRange(name, v, 0, math.Inf(1)) }

// fraction returns an error unless v is at least 0 and below 1.
func fraction(name string, v float64) error { return inRange(name, v, 0, 1) }

// inRange returns an error unless v is finite and lo <= v < hi.
func inRange(name string, v, lo, hi float64) error {
	if !(v >= lo && v < hi) || math.IsInf(v, 0) {
		if math.IsInf(hi, 1) {
			return fmt.Errorf("%s is %v: want a finite number of at least %v", name, v, lo)
		}
		return fmt.Errorf("%s is %v: want at least %v and less than %v", name, v, lo, hi)
	}
	return nil
}
