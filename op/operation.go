package op

import (
	"errors"
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Operation is what a row of the table is about: an autograd.Op, or a
// Composition of others. Its exported fields are its attributes.
type Operation interface{ Name() string }

// Composition is an operation that is made of others: its gradients, its shapes
// and its place in a recorded program follow from theirs. One that is an
// autograd.Composed has a gradient of its own.
type Composition interface {
	Operation
	Compose(in []*autograd.Value) []*autograd.Value
}

// Apply runs any operation. A mistake in the inputs of a composition is reported
// as its own.
func Apply(o Operation, in ...*autograd.Value) []*autograd.Value {
	switch o := o.(type) {
	case autograd.Op:
		return autograd.Apply(o, in...)
	case autograd.Composed:
		defer named(o.Name(), in)
		return autograd.AsPart(o.Name(), in, func() []*autograd.Value { return autograd.ApplyComposed(o, in...) })
	case Composition:
		defer named(o.Name(), in)
		return autograd.AsPart(o.Name(), in, func() []*autograd.Value { return o.Compose(in) })
	}
	tensor.Fail(o.Name(), nil, "want an operation that is an autograd.Op or a Composition, not %T", o)
	return nil
}

// Apply1 is Apply, but returns the first output alone.
func Apply1(o Operation, in ...*autograd.Value) *autograd.Value { return Apply(o, in...)[0] }

// named makes a mistake in a part of a composition one of the composition.
func named(name string, in []*autograd.Value) {
	cause := recover()
	if cause == nil {
		return
	}
	var mistake *tensor.Error
	if err, ok := cause.(error); ok && errors.As(err, &mistake) {
		cause = &tensor.Error{Op: name, In: specsOf(in), Want: mistake.Want, Where: mistake.Where}
	}
	panic(cause)
}

func specsOf(in []*autograd.Value) []tensor.Spec {
	var specs []tensor.Spec
	for _, v := range in {
		if v == nil {
			break
		}
		specs = append(specs, v.Spec())
	}
	return specs
}

// Infer returns the types and shapes of any operation's outputs for those of its
// inputs, or an error that says what was expected.
func Infer(o Operation, in []tensor.Spec) (out []tensor.Spec, err error) {
	if o, ok := o.(autograd.Op); ok {
		return autograd.Infer(o, in)
	}
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		mistake, ok := cause.(*tensor.Error)
		if !ok {
			panic(cause)
		}
		err = fmt.Errorf("%s", mistake.Want)
	}()
	autograd.Record(nil, in, func(symbols []*autograd.Value) []*autograd.Value {
		outputs := Apply(o, symbols...)
		out = specsOf(outputs)
		return outputs
	})
	return out, nil
}

// IsFinal reports whether an operation has no derivative though it depends on its
// inputs, so that asking for one is a mistake: it has a method IsFinal.
func IsFinal(o Operation) bool {
	_, ok := o.(interface{ IsFinal() })
	return ok
}
