package train

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// gradientSums are gradients of parameters that add up from one run of a recorded program to
// the next. A gradient that is a sum over the batch goes on with that sum, so that the pieces of a
// batch are added in the order of the batch in one; others are added as they are.
type gradientSums struct {
	parameters []*autograd.Value
	kept       []*gradientSum
}

// gradientSum is what is kept of a sum on the way. A parameter has one, or several if
// programs for pieces of different sizes give its gradient by different operations.
type gradientSum struct {
	*op.RunningSum
	parameter int
	by        string          // the operation that the sum is of, "" for gradients as they are
	state     *autograd.Value // a buffer
	zero      *tensor.Tensor  // the state of no examples
}

// reset begins anew.
func (s *gradientSums) reset() {
	for _, k := range s.kept {
		autograd.Overwrite(k.state, k.zero)
	}
}

func (s *gradientSums) variables() (states []*autograd.Value) {
	for _, k := range s.kept {
		states = append(states, k.state)
	}
	return states
}

// totals returns the gradient of each parameter.
func (s *gradientSums) totals() []*autograd.Value {
	grads := make([]*autograd.Value, len(s.parameters))
	for _, k := range s.kept {
		total := op.Reshape(k.Total(k.state.Detach()), s.parameters[k.parameter].Shape()...)
		if before := grads[k.parameter]; before != nil {
			total = op.Add(before, total)
		}
		grads[k.parameter] = total
	}
	return grads
}

// keep returns what is kept of a parameter's sum.
func (s *gradientSums) keep(parameter int, by string, sum *op.RunningSum) *gradientSum {
	for _, k := range s.kept {
		if k.parameter == parameter && k.by == by && k.State.Equal(sum.State) {
			return k
		}
	}
	d, shape := sum.State.DType, sum.State.Shape
	zero := tensor.Full(d, sum.Zero).Expand(shape...)
	k := &gradientSum{sum, parameter, by, autograd.Buffer(s.parameters[parameter].Name()+".gradient", zero), zero}
	s.kept = append(s.kept, k)
	return k
}

// rewrite writes a program down anew whose outputs are, from one on, the gradients of the
// parameters: it adds them to the sums instead.
func (s *gradientSums) rewrite(tr *autograd.Trace, first int) *autograd.Trace {
	p := &sumPass{sums: s, first: first, of: map[int][]goingOn{}}
	makers := map[int]autograd.Instruction{}
	for _, ins := range tr.Instructions {
		for _, id := range ins.Out {
			makers[id] = ins
		}
	}
	for i := range s.parameters {
		p.find(tr, makers, i)
	}
	return autograd.Rewrite(tr, s.variables(), p)
}

// sumPass goes through a program whose gradients are added to sums.
type sumPass struct {
	sums  *gradientSums
	first int               // output that is a gradient
	of    map[int][]goingOn // by the value that is the sum
	plain []goingOn         // added as they are
}

// goingOn is a sum and how this program goes on with it.
type goingOn struct {
	*gradientSum
	how *op.RunningSum
}

// find finds out how the gradient of a parameter comes about.
func (p *sumPass) find(tr *autograd.Trace, makers map[int]autograd.Instruction, parameter int) {
	gradient := tr.Outputs[p.first+parameter]
	id := gradient
	for autograd.IsView(makers[id].Op) {
		id = makers[id].In[0]
	}
	if sum := runningSum(tr, makers[id]); sum != nil {
		k := p.sums.keep(parameter, makers[id].Op.Name(), sum)
		p.of[id] = append(p.of[id], goingOn{k, sum})
		return
	}
	sum := op.RunningAdd(tr.Specs[gradient])
	p.plain = append(p.plain, goingOn{p.sums.keep(parameter, "", sum), sum})
}

// runningSum returns how an instruction goes on as a sum over the batch, or nil.
func runningSum(tr *autograd.Trace, ins autograd.Instruction) *op.RunningSum {
	o, ok := ins.Op.(op.BatchSum)
	if !ok {
		return nil
	}
	var specs []tensor.Spec
	for _, id := range ins.In {
		specs = append(specs, tr.Specs[id])
	}
	return o.Running(specs)
}

// Apply goes on with the sums that an instruction gives. What it gives by itself is dropped
// later, unless somebody else reads it.
func (p *sumPass) Apply(ins autograd.Instruction, in []*autograd.Value) []*autograd.Value {
	for _, s := range p.of[ins.Out[0]] {
		s.add(in...)
	}
	return autograd.Apply(ins.Op, in...)
}

func (s goingOn) add(in ...*autograd.Value) {
	autograd.Assign(s.state, s.how.Add(s.state.Detach(), in))
}

// End adds the gradients that are no sums, and takes all of them off the outputs.
func (p *sumPass) End(out []*autograd.Value) []*autograd.Value {
	for _, s := range p.plain {
		s.add(out[p.first+s.parameter])
	}
	return append(out[:p.first:p.first], out[p.first+len(p.sums.parameters):]...)
}
