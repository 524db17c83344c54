package autograd

import "github.com/mlodyssey/odyssey/tensor"

// Value is a tensor, or the symbol of one in a program being traced, together
// with the operation that made it. Its type and shape never change, and neither
// do its elements unless it is a variable.
type Value struct {
	spec     tensor.Spec
	data     *tensor.Tensor // nil for a symbol, and for a blank variable that nobody looked at
	trace    *Trace         // the trace that a symbol belongs to, else nil
	id       int            // the symbol's number in the trace
	node     *node          // nil unless an operation made it and gradients flow through it
	variable *variable      // nil unless Assign can change it
	stale    bool           // worked out at once from a variable, which may change later
}

type variable struct {
	name      string
	parameter bool // made by Variable
	frozen    bool
	version   int    // counts assignments
	trace     *Trace // the trace being recorded that the variable is part of
}

// Const returns a value that never changes and has no gradient. The tensor must
// not be changed afterwards.
func Const(t *tensor.Tensor) *Value {
	t = t.Contiguous()
	return &Value{spec: t.Spec(), data: t}
}

// Variable returns a value that gradients can be asked for and that Assign can
// change: a parameter. Its name appears in errors.
func Variable(name string, t *tensor.Tensor) *Value {
	if !t.DType().IsFloat() {
		tensor.Fail("autograd.Variable", []tensor.Spec{t.Spec()}, "%q: only float tensors have gradients; see Buffer", name)
	}
	v := Buffer(name, t)
	v.variable.parameter = true
	return v
}

// Buffer returns a value that Assign can change but that has no gradient: state
// of a layer or of an optimiser.
func Buffer(name string, t *tensor.Tensor) *Value {
	v := Const(t.Clone()) // nobody else may see it change in place
	v.variable = &variable{name: name}
	return v
}

// Blank is Variable with zeros, which take memory from when they are first looked at: what
// gets its elements by Adopt never has others.
func Blank(name string, d tensor.DType, shape ...int) *Value {
	if !d.IsFloat() {
		tensor.Fail("autograd.Blank", nil, "%q: want a float type, not %v", name, d)
	}
	return &Value{spec: tensor.NewSpec(d, shape...), variable: &variable{name: name, parameter: true}}
}

// elements returns the value's tensor, nil for a symbol.
func (v *Value) elements() *tensor.Tensor {
	if v.data == nil && v.variable != nil {
		v.data = tensor.New(v.spec.DType, v.spec.Shape...)
	}
	return v.data
}

// Spec returns type and shape.
func (v *Value) Spec() tensor.Spec { return v.spec }

// Shape returns the sizes of the axes. It must not be changed.
func (v *Value) Shape() []int { return v.spec.Shape }

// DType returns the type of the elements.
func (v *Value) DType() tensor.DType { return v.spec.DType }

// Name returns a variable's name, else "".
func (v *Value) Name() string {
	if v.variable == nil {
		return ""
	}
	return v.variable.name
}

// SetName renames a variable.
func (v *Value) SetName(name string) {
	if v.variable != nil {
		v.variable.name = name
	}
}

// IsVariable reports whether Assign can change the value.
func (v *Value) IsVariable() bool { return v.variable != nil }

// IsParameter reports whether the value was made by Variable.
func (v *Value) IsParameter() bool { return v.variable != nil && v.variable.parameter }

// IsTrainable reports whether the value is a parameter that is not frozen.
func (v *Value) IsTrainable() bool { return v.IsParameter() && !v.variable.frozen }

// SetFrozen says whether gradients stop at a parameter, from its next use on. What
// was worked out from it before keeps its history.
func (v *Value) SetFrozen(frozen bool) {
	if v.variable != nil {
		v.variable.frozen = frozen
	}
}

// NeedsGrad reports whether gradients flow through the value.
func (v *Value) NeedsGrad() bool { return v.node != nil || v.IsTrainable() }

// Tensor returns the value's elements. A program being traced has none yet:
// code that wants to look at them there panics, since a program cannot depend
// on them.
func (v *Value) Tensor() *tensor.Tensor {
	if tr, _ := v.symbol(); tr != nil {
		tensor.Fail("Value.Tensor", []tensor.Spec{v.spec}, "a value in a program being traced has no elements yet")
	}
	return v.elements()
}

// Detach returns the same elements as a constant: no gradient flows through it.
func (v *Value) Detach() *Value {
	tr, id := v.symbol()
	data := v.data
	if tr == nil {
		data = v.elements()
	}
	return &Value{spec: v.spec, data: data, trace: tr, id: id, stale: v.stale || v.variable != nil}
}

// symbol returns the trace that the value is part of and its present number
// there, or nil.
func (v *Value) symbol() (*Trace, int) {
	if v.variable != nil && v.variable.trace != nil {
		return v.variable.trace, v.variable.trace.current[v]
	}
	return v.trace, v.id
}

// Assign gives a variable the elements of a value of the same type and shape:
// at once or, in a program being traced, in each run of the program. Values
// that were worked out from the variable before stay as they are.
func Assign(v, to *Value) {
	if to == nil {
		tensor.Fail("autograd.Assign", []tensor.Spec{v.spec}, "want a value, not nil")
	}
	if v.variable == nil || !v.spec.Equal(to.spec) {
		tensor.Fail("autograd.Assign", []tensor.Spec{v.spec, to.spec}, "want a variable, and a value of its type and shape")
	}
	v.variable.version++
	if tr := tracing([]*Value{v, to}); tr != nil {
		tr.assign(v, to)
		return
	}
	v.data = to.data.Clone()
}

// Retype gives a variable another type, before anything is made of it.
func Retype(v *Value, d tensor.DType) {
	if d == v.spec.DType {
		return
	}
	v.variable.version++
	v.spec = tensor.NewSpec(d, v.spec.Shape...)
	if v.data != nil {
		v.data = v.data.Convert(d)
	}
}

// Adopt gives a variable a tensor of any type and shape for its own, before anything is
// made of it: nobody else may use the tensor from then on. With one that has no gradient,
// as those of packed types, the variable is a buffer.
func Adopt(v *Value, t *tensor.Tensor) {
	if v.variable == nil {
		tensor.Fail("autograd.Adopt", []tensor.Spec{v.spec, t.Spec()}, "want a variable")
	}
	v.variable.version++
	v.data = t.Contiguous()
	v.spec = v.data.Spec()
	v.variable.parameter = v.variable.parameter && v.spec.DType.IsFloat()
}

// Overwrite copies elements into a variable's storage, as a program does at the
// end of a run: a tensor or view that shares the storage changes too.
func Overwrite(v *Value, t *tensor.Tensor) {
	v.variable.version++
	v.elements().CopyFrom(t)
}

// Version returns how often a variable has been assigned.
func Version(v *Value) int { return v.variable.version }

// Overwritten counts an assignment of a variable whose storage a program has
// written to by itself.
func Overwritten(v *Value) { v.variable.version++ }
