package precision

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// pass writes a program down with roundings. A value is rounded once, for all who read it.
type pass struct {
	*plan
	training *Training // nil in a program that does not train
	ranges   []float32 // largest magnitudes by calibration, by site; nil: an example's own
	measure  bool      // look at largest magnitudes, and round nothing
	index    int       // of the next instruction
	rounded  map[int]*autograd.Value
	largest  []*autograd.Value // magnitudes of the values that have a history, in the order of the sites
}

// Rewrite writes a program that does not train down anew, in low precision. Its results for an
// example do not depend on the others in a batch: scales are those of the example.
//
// With ranges, one for each value that is rounded, as Measure's programs give them, the
// scales of tensors are those that the ranges ask for, and what is beyond saturates.
func (p Policy) Rewrite(tr *autograd.Trace, ranges ...float32) *autograd.Trace {
	return p.rewrite(tr, pass{ranges: ranges})
}

// Measure writes a program that does not train down anew, with one more output: the largest
// magnitude of each value that Rewrite would round.
func (p Policy) Measure(tr *autograd.Trace) *autograd.Trace {
	return p.rewrite(tr, pass{measure: true})
}

func (p Policy) rewrite(tr *autograd.Trace, w pass) *autograd.Trace {
	if !p.Rounds() {
		return tr
	}
	w.plan, w.rounded = newPlan(p, tr), map[int]*autograd.Value{}
	if w.ranges != nil && len(w.ranges) != len(w.sites) {
		tensor.Fail("precision.Rewrite", nil, "want %d ranges for this program, not %d", len(w.sites), len(w.ranges))
	}
	return autograd.Rewrite(tr, w.training.variables(w.plan), &w)
}

// Apply rounds what an instruction reads, and what it gives.
func (w *pass) Apply(ins autograd.Instruction, in []*autograd.Value) []*autograd.Value {
	keep := w.keep[w.index]
	w.index++
	if keep {
		return autograd.Apply(ins.Op, in...)
	}
	r := table[ins.Op.Name()]
	for _, i := range r.operands {
		in[i] = w.round(ins.In[i], in[i])
	}
	out := autograd.Apply(ins.Op, in...)
	if w.policy.Results {
		for _, i := range r.results {
			out[i] = op.RoundTo(out[i], w.format(ins.Backward), numeric.ToInf)
		}
	}
	return out
}

func (p *plan) format(gradient bool) tensor.DType {
	if gradient {
		return p.policy.Gradient
	}
	return p.policy.Forward
}

// round returns a value as products read it.
func (w *pass) round(id int, v *autograd.Value) *autograd.Value {
	if w.rounded[id] == nil {
		w.rounded[id] = w.roundAs(w.sites[id], v)
	}
	return w.rounded[id]
}

func (w *pass) roundAs(s site, v *autograd.Value) *autograd.Value {
	format := w.format(s.gradient)
	switch {
	case w.measure:
		w.largest = append(w.largest, op.Max(op.LargestMagnitude(v)))
		return v
	case format.Blocks() != nil:
		var key *autograd.Value
		if s.gradient && w.training != nil {
			key = w.training.key.Detach()
		}
		return op.Quantize(v, key, op.Quantization{Format: format, Together: s.weight, Stream: s.number})
	case w.policy.History == 0:
		return op.RoundTo(v, format, numeric.ToInf)
	case w.ranges != nil:
		scale := format.Float().PowerScale(w.ranges[s.number])
		return op.Scale(op.RoundTo(op.Scale(v, float64(scale)), format, numeric.Saturate), 1/float64(scale))
	case w.training == nil:
		return op.Quantize(v, nil, op.Quantization{Format: format, Together: s.weight})
	}
	h := w.training.histories[s.number]
	w.largest = append(w.largest, op.Max(op.LargestMagnitude(v)))
	return op.Mul(op.RoundTo(op.Mul(v, h.scale), format, numeric.Saturate), h.inverse)
}

// End moves the key on, and returns the largest magnitudes of this step.
func (w *pass) End() []*autograd.Value {
	if w.training != nil {
		autograd.Assign(w.training.key, op.NextKey(w.training.key))
	}
	if len(w.largest) == 0 {
		return nil
	}
	return []*autograd.Value{op.Stack(0, w.largest...)}
}

// plan is what is to be rounded in a program.
type plan struct {
	policy Policy
	keep   []bool       // of each instruction: it stays in float32
	sites  map[int]site // of each value that is rounded

	tr   *autograd.Trace
	root []int // of each value: the one that it is a view of, or itself
}

// site is a value that is rounded.
type site struct {
	number   int // in the order of the program
	gradient bool
	weight   bool
}

func newPlan(policy Policy, tr *autograd.Trace) *plan {
	p := &plan{policy: policy, tr: tr, keep: make([]bool, len(tr.Instructions)), sites: map[int]site{}, root: make([]int, len(tr.Specs))}
	gradient := make([]bool, len(tr.Specs))
	for id := range p.root {
		p.root[id] = id
	}
	for _, ins := range tr.Instructions {
		if _, view := ins.Op.(autograd.Viewer); view {
			p.root[ins.Out[0]] = p.root[ins.In[0]]
		}
		for _, id := range ins.Out {
			gradient[id] = ins.Backward
		}
	}
	p.markKept()
	for i, ins := range tr.Instructions {
		if p.keep[i] {
			continue
		}
		for _, k := range table[ins.Op.Name()].operands {
			id := ins.In[k]
			if _, known := p.sites[id]; !known {
				p.sites[id] = site{len(p.sites), gradient[id], p.isWeight(id)}
			}
		}
	}
	return p
}

// markKept marks what no rounding is for: operations that the table does not have, those of
// other types and, if the policy says so, the products of the first and the last
// layer, gradients included.
func (p *plan) markKept() {
	weights, inputs := p.ends()
	for i, ins := range p.tr.Instructions {
		r, low := table[ins.Op.Name()]
		p.keep[i] = !low || r.packed != p.policy.Packed || p.tr.Specs[ins.In[0]].DType != tensor.Float32
		if !low || !p.policy.Inner {
			continue
		}
		for _, k := range r.operands {
			root := p.root[ins.In[k]]
			p.keep[i] = p.keep[i] || slices.Contains(weights, root)
		}
		ofWeights := ins.Backward && r.results == nil
		p.keep[i] = p.keep[i] || ofWeights && slices.Contains(inputs, p.root[ins.In[0]])
	}
}

// ends returns the weights of the first and of the last layer that has some, and what
// these layers read beside.
func (p *plan) ends() (weights, inputs []int) {
	var layers [][2]int // weights and input, in the order in which weights are first read
	for _, ins := range p.tr.Instructions {
		r := table[ins.Op.Name()].operands
		for _, k := range r {
			w := p.root[ins.In[k]]
			if p.isWeight(w) && !slices.ContainsFunc(layers, func(l [2]int) bool { return l[0] == w }) {
				layers = append(layers, [2]int{w, p.root[ins.In[len(r)-1-k]]})
			}
		}
	}
	if len(layers) == 0 {
		return nil, nil
	}
	first, last := layers[0], layers[len(layers)-1]
	return []int{first[0], last[0]}, []int{first[1], last[1]}
}

// isWeight reports whether a value is a parameter or a view of one.
func (p *plan) isWeight(id int) bool {
	return slices.ContainsFunc(p.tr.Variables, func(v autograd.TracedVariable) bool {
		return v.In == p.root[id] && v.Value.IsParameter()
	})
}
