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
// probability p, which is at least 0 and below 1.
func NewDropout(p float64, r *random.Stream) *Dropout {
	d := newDropout("nn.NewDropout", p, r)
	return &d
}

func newDropout(name string, p float64, r *random.Stream) Dropout {
	if !(p >= 0 && p < 1) {
		tensor.Fail(name, nil, "want a probability of at least 0 and below 1, not %v", p)
	}
	key := tensor.FromSlice([]int64{int64(r.Uint64()), 0}, 2)
	return Dropout{P: p, Key: autograd.Buffer("", key), training: true}
}

// SetTraining turns dropping on or off.
func (d *Dropout) SetTraining(training bool) { d.training = training }

// Forward returns x with elements dropped, other ones on each call.
func (d *Dropout) Forward(x *autograd.Value) *autograd.Value { return d.apply(op.Dropout, x) }

func (d *Dropout) apply(drop func(x, key *autograd.Value, p float64) *autograd.Value, x *autograd.Value) *autograd.Value {
	if !d.training || d.P == 0 {
		return x
	}
	return drop(x, d.nextKey(), d.P)
}

// nextKey returns a key that no other call gets.
func (d *Dropout) nextKey() *autograd.Value {
	key := d.Key.Detach()
	autograd.Assign(d.Key, op.NextKey(d.Key))
	return key
}

// Dropout2D is a Dropout of whole channels: see op.Dropout2D.
type Dropout2D struct{ Dropout }

// NewDropout2D returns a layer in training mode that drops channels with
// probability p.
func NewDropout2D(p float64, r *random.Stream) *Dropout2D {
	return &Dropout2D{newDropout("nn.NewDropout2D", p, r)}
}

// Forward returns x, of [n c …], with channels dropped, other ones on each call.
func (d *Dropout2D) Forward(x *autograd.Value) *autograd.Value { return d.apply(op.Dropout2D, x) }

// DropPath is a Dropout of whole examples, for branches beside an identity: see
// op.DropPath.
type DropPath struct{ Dropout }

// NewDropPath returns a layer in training mode that drops examples with
// probability p.
func NewDropPath(p float64, r *random.Stream) *DropPath {
	return &DropPath{newDropout("nn.NewDropPath", p, r)}
}

// Forward returns x, of [n …], with examples dropped, other ones on each call.
func (d *DropPath) Forward(x *autograd.Value) *autograd.Value { return d.apply(op.DropPath, x) }
