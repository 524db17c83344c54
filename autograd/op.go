// Package autograd runs operations on values, remembers how each value came
// about, and works out gradients from that. It knows no operation by name: see
// package op for those, and for how to add one.
//
// Operations run at once on tensors or, while a program is being traced
// (Record), are written down as instructions. Gradients are themselves made of
// operations, so that they have gradients and can be traced.
package autograd

import "github.com/mlodyssey/odyssey/tensor"

// Op is an operation: a small struct whose fields are its attributes.
type Op interface {
	// Name is the operation's name, such as "conv2d".
	Name() string

	// Infer returns the types and shapes of the outputs for those of the
	// inputs, or an error that says what was expected.
	Infer(in []tensor.Spec) ([]tensor.Spec, error)

	// Forward computes the outputs into tensors of the inferred specs. All
	// tensors are row-major. Inputs must be left as they are, outputs hold
	// arbitrary values at first and share no storage with inputs.
	Forward(in, out []*tensor.Tensor)

	// Backward returns the gradient with respect to each input, in terms of
	// operations, given that with respect to each output. An output that
	// nothing depends on has a nil gradient. Where call.Needs is false, nil may
	// be returned.
	Backward(call *Call, grad []*Value) []*Value
}

// Viewer is an Op of one input whose output is the input's elements, in order,
// under another shape. It then costs nothing: the output shares the input's
// storage.
type Viewer interface {
	Op
	IsView()
}

// IsView reports whether an operation is a Viewer.
func IsView(op Op) bool {
	_, ok := op.(Viewer)
	return ok
}

// Call is one application of an operation, as its Backward sees it.
type Call struct {
	In, Out []*Value
	Needs   []bool // whether the gradient with respect to each input is wanted
}

// Constant is embedded in operations whose outputs do not depend on their
// inputs smoothly, such as comparisons: gradients stop there.
type Constant struct{}

// Backward is never called: values made by a constant operation need no
// gradient.
func (Constant) Backward(*Call, []*Value) []*Value { return nil }

func (Constant) isConstant() {}

// IsConstant reports whether gradients stop at an operation, or at what is made of some: it embeds
// Constant.
func IsConstant(op any) bool {
	_, ok := op.(interface{ isConstant() })
	return ok
}
