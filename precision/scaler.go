package precision

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Scaler keeps small gradients from vanishing in a format of few exponents: the loss is
// multiplied by a scale, and so are all gradients until they are divided by it again. The scale
// halves when a gradient overflows, and that step is left out; it doubles after many steps
// without: Micikevicius et al., "Mixed Precision Training", 2018.
type Scaler struct {
	Every int // steps without overflow after which the scale doubles

	scale, inverse *autograd.Value // float32 scalars, powers of two
	good           int             // steps since it last changed
}

// The scale at first, at least and at most, and how often it doubles, as in PyTorch.
const (
	FirstScale = 1 << 16
	leastScale = 1
	mostScale  = 1 << 24
	scaleEvery = 2000
)

// NewScaler returns a scaler that begins with a scale, a power of two.
func NewScaler(scale float32) *Scaler {
	return &Scaler{
		Every:   scaleEvery,
		scale:   autograd.Buffer("precision.loss_scale", tensor.Scalar(scale)),
		inverse: autograd.Buffer("precision.loss_scale_inverse", tensor.Scalar(1/scale)),
	}
}

// IsPowerOfTwo reports whether a positive finite number is a power of two, as scales are to be.
func IsPowerOfTwo(scale float32) bool {
	fraction, _ := math.Frexp(float64(scale))
	return fraction == 0.5
}

// Variables returns what programs with the scaler read.
func (s *Scaler) Variables() []*autograd.Value { return []*autograd.Value{s.scale, s.inverse} }

// Scale returns the present scale.
func (s *Scaler) Scale() float32 { return tensor.Data[float32](s.scale.Tensor())[0] }

// Scaled returns a loss of one element, multiplied.
func (s *Scaler) Scaled(loss *autograd.Value) *autograd.Value { return op.Mul(loss, s.scale) }

// Unscaled returns gradients of the scaled loss as those of the loss, and which of them are finite
// throughout: bools [n].
func (s *Scaler) Unscaled(grads []*autograd.Value) (unscaled []*autograd.Value, finite *autograd.Value) {
	var flags []*autograd.Value
	for _, g := range grads {
		g = op.Mul(g, s.inverse)
		unscaled = append(unscaled, g)
		flags = append(flags, op.All(op.IsFinite(g)))
	}
	return unscaled, op.Stack(0, flags...)
}

// Observe changes the scale by whether a step overflowed. It is false where the scale cannot become
// smaller: then it is not the scale that is wrong.
func (s *Scaler) Observe(overflow bool) (ok bool) {
	scale := s.Scale()
	s.good++
	switch {
	case overflow && scale <= leastScale:
		return false
	case overflow:
		scale /= 2
	case s.good >= s.Every && scale < mostScale:
		scale *= 2
	default:
		return true
	}
	s.good = 0
	s.set(scale)
	return true
}

// The names of the tensors of a scaler's state.
const (
	lossScaleName = "precision.loss_scale" // float32 []
	goodName      = "precision.good"       // int64 [], steps since it last changed
)

// State returns copies of what steps change.
func (s *Scaler) State() []checkpoint.Named {
	return []checkpoint.Named{
		{Name: lossScaleName, Tensor: s.scale.Tensor().Clone()},
		{Name: goodName, Tensor: tensor.Scalar(int64(s.good))},
	}
}

// Restore takes the state of another scaler.
func (s *Scaler) Restore(state []checkpoint.Named) error {
	f := checkpoint.File{Tensors: state}
	scale, good := f.Tensor(lossScaleName), f.Tensor(goodName)
	if scale == nil || !scale.Spec().Equal(s.scale.Spec()) || good == nil || good.DType() != tensor.Int64 || good.Len() != 1 {
		return fmt.Errorf("%s and %s are not there, or not as numbers", lossScaleName, goodName)
	}
	v := tensor.Data[float32](scale)[0]
	if !(v >= leastScale && v <= mostScale && IsPowerOfTwo(v)) {
		return fmt.Errorf("%s is %v, want a power of two from %d to %d", lossScaleName, v, leastScale, mostScale)
	}
	s.set(v)
	s.good = int(tensor.Data[int64](good)[0])
	return nil
}

func (s *Scaler) set(scale float32) {
	autograd.Overwrite(s.scale, tensor.Scalar(scale))
	autograd.Overwrite(s.inverse, tensor.Scalar(1/scale))
}

// Guard runs a step. What it assigns to the variables counts only where the bool that it returns is
// true; else they stay as they were.
func Guard(variables []*autograd.Value, step func() (ok *autograd.Value)) {
	before, versions := make([]*autograd.Value, len(variables)), make([]int, len(variables))
	for i, v := range variables {
		before[i], versions[i] = v.Detach(), autograd.Version(v)
	}
	ok := step()
	for i, v := range variables {
		if autograd.Version(v) != versions[i] {
			autograd.Assign(v, op.Where(ok, v.Detach(), before[i]))
		}
	}
}
