// Package program runs what autograd.Record wrote down: first passes over the
// instructions, then a plan of the memory, then as many runs as one likes,
// which compute the same bits as the operations run one by one.
package program

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Program is a recorded program with planned memory. It is not safe for
// concurrent use: every run uses the same memory.
type Program struct {
	trace  *autograd.Trace
	steps  []step
	memory int // bytes planned for results on the way

	values []*tensor.Tensor // by number
	saves  []save
}

// step is an instruction with the tensors that it reads and writes.
type step struct {
	autograd.Instruction
	in, out []*tensor.Tensor
}

// save is a result that reads a variable's old elements and is copied before
// the variable is assigned.
type save struct {
	id int
	to *tensor.Tensor
}

// Compile plans a trace.
func Compile(tr *autograd.Trace) *Program {
	p := &Program{trace: tr, values: make([]*tensor.Tensor, len(tr.Specs))}
	for _, ins := range live(tr) {
		p.steps = append(p.steps, step{ins, make([]*tensor.Tensor, len(ins.In)), make([]*tensor.Tensor, len(ins.Out))})
	}
	for _, c := range tr.Constants {
		p.values[c.ID] = c.Tensor
	}
	for _, id := range tr.Inputs {
		p.values[id] = tensor.New(tr.Specs[id].DType, tr.Specs[id].Shape...)
	}
	p.planMemory()
	p.planSaves()
	p.bindVariables()
	p.link()
	return p
}

// Record is Compile of autograd.Record.
func Record(variables []*autograd.Value, inputs []tensor.Spec, f func(in []*autograd.Value) []*autograd.Value) *Program {
	return Compile(autograd.Record(variables, inputs, f))
}

// Memory returns the bytes planned for results on the way.
func (p *Program) Memory() int { return p.memory }

// Len returns the number of instructions.
func (p *Program) Len() int { return len(p.steps) }

// Run runs the program: it reads the inputs and the variables, assigns the
// variables in place, and returns the outputs, which the next run overwrites.
func (p *Program) Run(inputs ...*tensor.Tensor) []*tensor.Tensor {
	p.readInputs(inputs)
	if p.bindVariables() {
		p.link()
	}
	for i := range p.steps {
		if s := &p.steps[i]; !isView(s.Op) {
			s.Op.Forward(s.in, s.out)
		}
	}
	return p.finish()
}

func (p *Program) readInputs(inputs []*tensor.Tensor) {
	if len(inputs) != len(p.trace.Inputs) {
		tensor.Fail("program.Run", nil, "want %d inputs, not %d", len(p.trace.Inputs), len(inputs))
	}
	for i, id := range p.trace.Inputs {
		p.values[id].CopyFrom(inputs[i])
	}
}

// bindVariables looks up where each variable's elements are and reports whether
// any has moved.
func (p *Program) bindVariables() (moved bool) {
	for _, v := range p.trace.Variables {
		if t := v.Value.Tensor(); p.values[v.In] != t {
			p.values[v.In] = t
			moved = true
		}
	}
	return moved
}

// link makes views and sets the tensors of each step.
func (p *Program) link() {
	for i := range p.steps {
		s := &p.steps[i]
		if isView(s.Op) {
			out := s.Out[0]
			p.values[out] = p.values[s.In[0]].Reshape(p.trace.Specs[out].Shape...)
		}
		for j, id := range s.In {
			s.in[j] = p.values[id]
		}
		for j, id := range s.Out {
			s.out[j] = p.values[id]
		}
	}
}

// finish assigns the variables and collects the outputs.
func (p *Program) finish() []*tensor.Tensor {
	result := func(id int) *tensor.Tensor {
		for _, s := range p.saves {
			if s.id == id {
				return s.to
			}
		}
		return p.values[id]
	}
	for _, s := range p.saves {
		s.to.CopyFrom(p.values[s.id])
	}
	for _, v := range p.trace.Variables {
		if v.Out != v.In {
			autograd.Overwrite(v.Value, result(v.Out))
		}
	}
	out := make([]*tensor.Tensor, len(p.trace.Outputs))
	for i, id := range p.trace.Outputs {
		out[i] = result(id)
	}
	return out
}

func isView(op autograd.Op) bool {
	_, ok := op.(autograd.Viewer)
	return ok
}
