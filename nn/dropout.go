package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Dropout drops elements at random in training and does nothing else.
type Dropout struct {
	P        float64         // the probability of dropping an element
	Key      *autograd.Value // int64 [2]: a seed, and how often the layer has run
	training bool
}

// NewDropout returns a layer in training mode that drops elements with
// probability p.
func NewDropout(p float64, r *random.Stream) *Dropout {
	key := tensor.FromSlice([]int64{int64(r.Uint64()), 0}, 2)
	return &Dropout{P: p, Key: autograd.Buffer("", key), training: true}
}

// SetTraining turns dropping on or off.
func (d *Dropout) SetTraining(training bool) { d.training = training }

// Forward returns x with elements dropped, other ones on each call.
func (d *Dropout) Forward(x *autograd.Value) *autograd.Value {
	if !d.training {
		return x
	}
	key := d.Key.Detach()
	autograd.Assign(d.Key, op.NextKey(d.Key))
	return op.Dropout(x, key, d.P)
}
