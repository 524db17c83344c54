package autograd

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// node is one application of an operation that gradients flow through.
type node struct {
	op       differentiable
	in, out  []*Value
	versions []int // of the inputs that are variables, at the time
}

// Apply runs an operation, or writes it down where an input is part of a
// program being traced. Wrong inputs panic with a *tensor.Error.
func Apply(op Op, in ...*Value) []*Value {
	specs := make([]tensor.Spec, len(in))
	for i, v := range in {
		if v == nil {
			tensor.Fail(op.Name(), specs[:i], "input %d is nil", i)
		}
		specs[i] = v.spec
	}
	outSpecs, err := Infer(op, specs)
	if err != nil {
		tensor.Fail(op.Name(), specs, "%v", err)
	}
	stale := slices.ContainsFunc(in, func(v *Value) bool { return v.stale || v.variable != nil })
	out := make([]*Value, len(outSpecs))
	for i, s := range outSpecs {
		out[i] = &Value{spec: s, stale: stale}
	}
	if tr := tracing(in); tr != nil {
		tr.record(op, in, out)
	} else {
		run(op, in, out)
	}
	link(op, in, out)
	return out
}

// Infer returns the types and shapes of an operation's outputs for those of its inputs, or
// an error that says what was expected. Elements of packed types cannot be moved one by
// one, so that no output is of one.
func Infer(op Op, in []tensor.Spec) ([]tensor.Spec, error) {
	out, err := op.Infer(in)
	if err != nil {
		return nil, err
	}
	for _, s := range out {
		if s.DType.IsPacked() {
			return nil, fmt.Errorf("want elements that are not packed: %v have to be cast to float32 first", s.DType)
		}
		if err := tensor.CheckShape(s.DType, s.Shape); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Apply1 is Apply, but returns the first output alone.
func Apply1(op Op, in ...*Value) *Value { return Apply(op, in...)[0] }

func run(op Op, in, out []*Value) {
	if IsView(op) {
		out[0].data = in[0].elements().Reshape(out[0].spec.Shape...)
		return
	}
	inputs := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		inputs[i] = v.elements()
	}
	outputs := make([]*tensor.Tensor, len(out))
	for i, v := range out {
		v.data = tensor.New(v.spec.DType, v.spec.Shape...)
		outputs[i] = v.data
	}
	op.Forward(inputs, outputs)
}

// differentiable is what a gradient takes of an operation.
type differentiable interface {
	Name() string
	Backward(call *Call, grad []*Value) []*Value
}

// Composed is a function made of operations that has a gradient of its own: one
// that takes fewer steps, or loses less to rounding, than those of its parts.
type Composed interface {
	differentiable

	// Compose returns the outputs for inputs that have no gradient.
	Compose(in []*Value) []*Value
}

// ApplyComposed runs a function and gives its outputs its own gradient.
func ApplyComposed(f Composed, in ...*Value) []*Value {
	bare := slices.Clone(in)
	detach(bare)
	out := f.Compose(bare)
	detach(out)
	link(f, in, out)
	return out
}

// link remembers how the outputs came about, if gradients flow through them.
func link(op differentiable, in, out []*Value) {
	needs := false
	for _, v := range in {
		needs = needs || v.NeedsGrad()
	}
	if !needs || IsConstant(op) {
		return
	}
	n := &node{op: op, in: slices.Clone(in), out: slices.Clone(out), versions: make([]int, len(in))} // the slices are the caller's
	for i, v := range in {
		if v.variable != nil {
			n.versions[i] = v.variable.version
		}
	}
	for _, v := range out {
		if v.spec.DType.IsFloat() {
			v.node = n
		}
	}
}
