// Package program runs what autograd.Record wrote down. Compile turns the
// instructions into a plan:
//
//   - instructions that no result depends on are dropped, and neighbours that one
//     operation can do at once are fused;
//   - operations that work on blocks of 16 examples (op.Blocked) are gathered in
//     segments: each goroutine takes a block through all of a segment while it is
//     in the cache;
//   - what works element by element on parameters, such as an optimiser's update,
//     goes through all of them in one loop, a piece of a few KiB at a time;
//   - the rest runs as it is, one operation after the other;
//   - every result has its place in memory before the first run.
//
// A plan computes the same bits as the operations run one by one.
package program

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Program is a recorded program with planned memory. It is not safe for
// concurrent use: every run uses the same memory.
type Program struct {
	trace        *autograd.Trace
	instructions []autograd.Instruction
	kinds        []kind // how each of them runs
	phases       []*phase
	memory       int              // bytes planned for results on the way
	values       []*tensor.Tensor // those that lie whole, by number
	views        []wholeStep      // views of whole values, in order
	saves        []save
	watched      []watched                // variables whose elements some step counts on
	partials     map[int][]*tensor.Tensor // what blocks gave, of values that are totals
	inPlace      map[int]bool             // variables, by their place in the trace, that a loop has assigned already
	borrowed     []bool                   // inputs that are read where the caller has them
	outputs      []*tensor.Tensor
	profile      *Profile
}

// phase is a segment of operations on blocks, and then loops and operations on
// whole values.
type phase struct {
	segment *segment // may be nil
	rounds  []*round
}

// round is operations on whole values, and then a loop over elements.
type round struct {
	whole []wholeStep
	flat  *flatLoop // may be nil
}

// wholeStep is an instruction with the tensors that it reads and writes.
type wholeStep struct {
	autograd.Instruction
	index   int
	in, out []*tensor.Tensor
	fixed   []bool // inputs that the program never changes
	run     func()
}

// watched is a variable that the program does not assign, and its version when
// the steps were made ready.
type watched struct {
	variable *autograd.Value
	version  int
}

// save is a result that reads a variable's old elements and is copied before
// the variable is assigned.
type save struct {
	id int
	to *tensor.Tensor
}

// Compile plans a trace.
func Compile(tr *autograd.Trace) *Program { return compile(tr, true) }

// compile plans a trace, with blocks and loops or, to test those, without.
func compile(tr *autograd.Trace, fast bool) *Program {
	p := &Program{trace: tr, values: make([]*tensor.Tensor, len(tr.Specs)), borrowed: make([]bool, len(tr.Inputs))}
	instructions := tr.Live(tr.Instructions)
	if fast {
		instructions = fuse(tr, instructions)
	}
	p.instructions = instructions
	s := newSchedule(tr, instructions, fast)
	for _, t := range s.tasks {
		p.kinds = append(p.kinds, t.kind)
	}
	for _, c := range tr.Constants {
		p.values[c.ID] = c.Tensor
	}
	for i, id := range tr.Inputs {
		p.borrowed[i] = !s.readWhole[id]
		if !p.borrowed[i] {
			p.values[id] = tensor.New(tr.Specs[id].DType, tr.Specs[id].Shape...)
		}
	}
	p.inPlace = s.assignInPlace()
	p.planMemory(s)
	p.planSaves(s)
	p.build(s)
	p.watchVariables(s)
	p.outputs = make([]*tensor.Tensor, len(tr.Outputs))
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
func (p *Program) Len() int { return len(p.instructions) }

// Run runs the program: it reads the inputs and the variables, assigns the
// variables in place, and returns the outputs, which the next run overwrites.
func (p *Program) Run(inputs ...*tensor.Tensor) []*tensor.Tensor {
	p.readInputs(inputs)
	if p.bindVariables() {
		p.link()
	}
	for _, ph := range p.phases {
		if ph.segment != nil {
			ph.segment.run()
		}
		for _, r := range ph.rounds {
			r.run(p)
		}
	}
	return p.finish()
}

func (r *round) run(p *Program) {
	for i := range r.whole {
		s := &r.whole[i]
		start := p.profile.start(s.index)
		s.run()
		p.profile.add(s.index, start)
	}
	if r.flat != nil {
		r.flat.run()
	}
}

func (p *Program) readInputs(inputs []*tensor.Tensor) {
	if len(inputs) != len(p.trace.Inputs) {
		tensor.Fail("program.Run", nil, "want %d inputs, not %d", len(p.trace.Inputs), len(inputs))
	}
	for i, id := range p.trace.Inputs {
		x := inputs[i]
		if want := p.trace.Specs[id]; !x.Spec().Equal(want) {
			tensor.Fail("program.Run", []tensor.Spec{x.Spec()}, "want input %d to be %v", i, want)
		}
		if p.borrowed[i] {
			p.values[id] = x.Contiguous()
			continue
		}
		p.values[id].CopyFrom(x)
	}
}

// bindVariables looks up where each variable's elements are and reports whether
// any has moved, or has been assigned from outside though the program counts on
// its elements.
func (p *Program) bindVariables() (changed bool) {
	for i, v := range p.trace.Variables {
		t := v.Value.Tensor()
		if p.values[v.In] != t {
			p.values[v.In] = t
			changed = true
		}
		if p.inPlace[i] {
			p.values[v.Out] = t
		}
	}
	for i := range p.watched {
		w := &p.watched[i]
		if version := autograd.Version(w.variable); w.version != version {
			w.version, changed = version, true
		}
	}
	return changed
}

// watchVariables notes which variables a step that gets ready for fixed elements
// reads.
func (p *Program) watchVariables(s *schedule) {
	for _, v := range p.trace.Variables {
		counted := slices.ContainsFunc(s.readers[v.In], func(t *task) bool {
			_, ok := t.Op.(op.FixedPreparer)
			return ok && t.kind == asWhole
		})
		if v.Out == v.In && counted {
			p.watched = append(p.watched, watched{v.Value, autograd.Version(v.Value)})
		}
	}
}

// link makes views and sets the tensors of each step.
func (p *Program) link() {
	for _, s := range p.views {
		out := s.Out[0]
		if x := p.values[s.In[0]]; x != nil {
			p.values[out] = x.Reshape(p.trace.Specs[out].Shape...)
		}
	}
	for _, ph := range p.phases {
		for _, r := range ph.rounds {
			for i := range r.whole {
				r.whole[i].link(p.values)
			}
		}
	}
}

func (s *wholeStep) link(values []*tensor.Tensor) {
	for j, id := range s.In {
		s.in[j] = values[id]
	}
	for j, id := range s.Out {
		s.out[j] = values[id]
	}
	s.run = op.Prepare(s.Op, s.in, s.out, s.fixed)
}

// finish assigns the variables that no loop has assigned, and collects the
// outputs.
func (p *Program) finish() []*tensor.Tensor {
	for _, s := range p.saves {
		s.to.CopyFrom(p.values[s.id])
	}
	for i, v := range p.trace.Variables {
		switch {
		case p.inPlace[i]:
			autograd.Overwritten(v.Value)
		case v.Out != v.In:
			autograd.Overwrite(v.Value, p.result(v.Out))
		}
	}
	for i, id := range p.trace.Outputs {
		p.outputs[i] = p.result(id)
	}
	return p.outputs
}

// result returns a value as it was before variables were assigned.
func (p *Program) result(id int) *tensor.Tensor {
	for _, s := range p.saves {
		if s.id == id {
			return s.to
		}
	}
	return p.values[id]
}
