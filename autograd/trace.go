package autograd

import (
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// Trace is a program written down by Record: values numbered from 0, and the
// instructions that make them, in order. Package program runs it.
type Trace struct {
	Specs        []tensor.Spec // of each value
	Inputs       []int
	Constants    []TracedConstant
	Variables    []TracedVariable
	Instructions []Instruction
	Outputs      []int

	constants map[*tensor.Tensor]int
	current   map[*Value]int // the number that each variable has by now
	part      *Part          // of what the next instructions are
	backward  int            // how many calls of Backward are at work
}

// Instruction is an operation on numbered values.
type Instruction struct {
	Op       Op
	In, Out  []int
	Part     *Part // the composition that it is a part of, or nil
	Backward bool  // written down by Backward: a gradient, or on the way to one
}

// Part is a composition of operations that a program calls, such as "gelu".
type Part struct {
	Name string
	In   []int // what it was called with
}

// AsPart calls f, and marks what it writes down in a program being traced as parts of
// a composition. Compositions within it are not told apart.
func AsPart(name string, in []*Value, f func() []*Value) []*Value {
	tr := tracing(in)
	if tr == nil || tr.part != nil {
		return f()
	}
	tr.part = &Part{Name: name}
	defer func() { tr.part = nil }()
	for _, v := range in {
		if of, id := v.symbol(); of == tr {
			tr.part.In = append(tr.part.In, id)
		}
	}
	return f()
}

// TracedConstant is a value that the program reads and that never changes.
type TracedConstant struct {
	ID     int
	Tensor *tensor.Tensor
}

// TracedVariable is a variable that the program reads as value In and that
// becomes value Out when the program ends.
type TracedVariable struct {
	Value   *Value
	In, Out int
}

// Record writes down what f does with inputs of the given specs instead of
// doing it. The program can read and assign the listed variables; any other
// variable is refused, since its value would silently be fixed for ever. The
// variables must not be used elsewhere at the same time.
func Record(variables []*Value, inputs []tensor.Spec, f func(in []*Value) []*Value) *Trace {
	tr := &Trace{constants: map[*tensor.Tensor]int{}, current: map[*Value]int{}}
	for _, v := range variables {
		if v.variable == nil || v.variable.trace != nil {
			tensor.Fail("autograd.Record", []tensor.Spec{v.spec}, "%q: want each variable once", v.Name())
		}
		id := tr.number(v.spec)
		tr.Variables = append(tr.Variables, TracedVariable{Value: v, In: id})
		tr.current[v] = id
		v.variable.trace = tr
		version := v.variable.version
		defer func() { v.variable.trace, v.variable.version = nil, version }()
	}
	in := make([]*Value, len(inputs))
	for i, s := range inputs {
		in[i] = &Value{spec: s, trace: tr, id: tr.number(s)}
		tr.Inputs = append(tr.Inputs, in[i].id)
	}
	for _, v := range f(in) {
		tr.Outputs = append(tr.Outputs, tr.find(v))
	}
	for i, v := range tr.Variables {
		tr.Variables[i].Out = tr.current[v.Value]
	}
	return tr
}

// Results returns the values that outlive the instructions: outputs, and what variables become.
func (tr *Trace) Results() []int {
	ids := slices.Clone(tr.Outputs)
	for _, v := range tr.Variables {
		ids = append(ids, v.Out)
	}
	return ids
}

// Live returns those of some instructions that a result depends on.
func (tr *Trace) Live(instructions []Instruction) []Instruction {
	needed := make([]bool, len(tr.Specs))
	for _, id := range tr.Results() {
		needed[id] = true
	}
	var kept []Instruction
	for _, ins := range slices.Backward(instructions) {
		if !slices.ContainsFunc(ins.Out, func(id int) bool { return needed[id] }) {
			continue
		}
		for _, id := range ins.In {
			needed[id] = true
		}
		kept = append(kept, ins)
	}
	slices.Reverse(kept)
	return kept
}

// tracing returns the trace that any of the values is part of, or nil.
func tracing(values []*Value) *Trace {
	for _, v := range values {
		if tr, _ := v.symbol(); tr != nil {
			return tr
		}
	}
	return nil
}

func (tr *Trace) number(s tensor.Spec) int {
	tr.Specs = append(tr.Specs, s)
	return len(tr.Specs) - 1
}

func (tr *Trace) record(op Op, in, out []*Value) {
	ins := Instruction{Op: op, Part: tr.part, Backward: tr.backward > 0}
	for _, v := range in {
		ins.In = append(ins.In, tr.find(v))
	}
	for _, v := range out {
		v.trace, v.id = tr, tr.number(v.spec)
		ins.Out = append(ins.Out, v.id)
	}
	tr.Instructions = append(tr.Instructions, ins)
}

func (tr *Trace) assign(v, to *Value) {
	if v.variable.trace != tr {
		tensor.Fail("autograd.Assign", []tensor.Spec{v.spec}, "variable %q is not listed in Record", v.Name())
	}
	tr.current[v] = tr.find(to)
}

// find returns a value's number, after giving one to a constant seen for the
// first time.
func (tr *Trace) find(v *Value) int {
	if v == nil {
		tensor.Fail("autograd.Record", nil, "a value is nil")
	}
	of, id := v.symbol()
	switch {
	case of == tr:
		return id
	case of != nil:
		tensor.Fail("autograd.Record", []tensor.Spec{v.spec}, "the value belongs to another program")
	case v.variable != nil:
		tensor.Fail("autograd.Record", []tensor.Spec{v.spec}, "variable %q is not listed in Record: nn.Variables finds those in exported fields", v.Name())
	case v.stale:
		tensor.Fail("autograd.Record", []tensor.Spec{v.spec}, "the value was worked out from a variable that is not listed in Record, or before it: list the variable, or make a constant of the value's Tensor")
	}
	id, ok := tr.constants[v.data]
	if !ok {
		id = tr.number(v.spec)
		tr.constants[v.data] = id
		tr.Constants = append(tr.Constants, TracedConstant{id, v.data})
	}
	return id
}
