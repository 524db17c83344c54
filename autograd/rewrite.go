package autograd

import "github.com/mlodyssey/odyssey/tensor"

// Rewriter changes a program that was written down, instruction by instruction.
type Rewriter interface {
	// Apply writes down an instruction with its inputs, as they are by now, and returns
	// its outputs: autograd.Apply of the operation, or what is to be done instead.
	Apply(ins Instruction, in []*Value) []*Value

	// End may assign variables. It takes the outputs, as they are by now, and returns
	// those of the program.
	End(out []*Value) []*Value
}

// Rewrite writes a program down anew, with the same inputs and variables and, beside
// them, more variables for the rewriter. No gradients flow through what it writes, and
// the parts of compositions are not told apart.
func Rewrite(tr *Trace, more []*Value, r Rewriter) *Trace {
	variables := make([]*Value, len(tr.Variables), len(tr.Variables)+len(more))
	for i, v := range tr.Variables {
		variables[i] = v.Value
	}
	inputs := make([]tensor.Spec, len(tr.Inputs))
	for i, id := range tr.Inputs {
		inputs[i] = tr.Specs[id]
	}
	return Record(append(variables, more...), inputs, func(in []*Value) []*Value {
		return tr.replay(in, r)
	})
}

// Run does at once what a trace says, one operation after the other, without those that no
// result depends on, and returns its outputs.
func (tr *Trace) Run(in ...*Value) []*Value {
	live := *tr
	live.Instructions = tr.Live(tr.Instructions)
	return live.replay(in, asItIs{})
}

// asItIs changes nothing.
type asItIs struct{}

func (asItIs) Apply(ins Instruction, in []*Value) []*Value { return Apply(ins.Op, in...) }
func (asItIs) End(out []*Value) []*Value                   { return out }

// replay writes the instructions of a trace down in the one that is being recorded or, where
// none is, does them.
func (tr *Trace) replay(in []*Value, r Rewriter) []*Value {
	now := make([]*Value, len(tr.Specs))
	for i, id := range tr.Inputs {
		now[id] = in[i]
	}
	for _, c := range tr.Constants {
		now[c.ID] = Const(c.Tensor)
	}
	for _, v := range tr.Variables {
		now[v.In] = v.Value.Detach()
	}
	for _, ins := range tr.Instructions {
		for i, v := range r.Apply(ins, pick(now, ins.In)) {
			now[ins.Out[i]] = v
		}
	}
	for _, v := range tr.Variables {
		if v.Out != v.In {
			Assign(v.Value, now[v.Out])
		}
	}
	return r.End(pick(now, tr.Outputs))
}

func pick(values []*Value, ids []int) []*Value {
	picked := make([]*Value, len(ids))
	for i, id := range ids {
		picked[i] = values[id]
	}
	return picked
}
