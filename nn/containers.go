package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

// Sequential applies modules one after the other.
type Sequential []Module

// Forward returns what the last module makes of what those before it made.
func (s Sequential) Forward(x *autograd.Value) *autograd.Value {
	for _, m := range s {
		x = m.Forward(x)
	}
	return x
}

// List holds layers that a model applies in its own way, such as its blocks. Their
// names are their places: a field Blocks of this type has blocks.0, blocks.1, …
type List[M any] []M

// Residual adds what a module makes of its input to the input itself (He et al.,
// "Deep Residual Learning for Image Recognition", 2015). Where the shapes differ,
// Shortcut brings the input to that of the output.
type Residual struct {
	Body     Module
	Shortcut Module // nil: the input as it is
}

// Forward returns Body(x) + Shortcut(x).
func (r *Residual) Forward(x *autograd.Value) *autograd.Value {
	y := r.Body.Forward(x)
	if r.Shortcut != nil {
		x = r.Shortcut.Forward(x)
	}
	return op.Add(y, x)
}
