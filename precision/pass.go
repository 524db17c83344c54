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
	keep, exact := w.keep[w.index], w.exact[w.index]
	w.index++
	if keep {
		return autograd.Apply(ins.Op, in...)
	}
	r := table[ins.Op.Name()]
	for _, i := range r.operands {
		in[i] = w.round(ins.In[i], in[i])
	}
	out := autograd.Apply(ins.Op, in...)
	if w.policy.Results && !exact {
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
	case format.Blocks() == nil && w.policy.History == 0:
		return op.RoundTo(v, format, numeric.ToInf)
	case format.Blocks() == nil && w.ranges != nil:
		scale := format.Float().PowerScale(w.ranges[s.number])
		return roundScaled(v, op.Scalar(v.DType(), float64(scale)), op.Scalar(v.DType(), 1/float64(scale)), format)
	case format.Blocks() == nil && w.training != nil:
		h := w.training.histories[s.number]
		w.largest = append(w.largest, op.Max(op.LargestMagnitude(v)))
		return roundScaled(v, h.scale, h.inverse, format)
	}
	return w.quantize(s, v, format)
}

// roundScaled rounds v · scale, and takes the scale off again.
func roundScaled(v, scale, inverse *autograd.Value, format tensor.DType) *autograd.Value {
	return op.Mul(op.RoundTo(op.Mul(v, scale), format, numeric.Saturate), inverse)
}

// quantize rounds a value with scales of its own: of blocks, of rows, or of all of it.
func (w *pass) quantize(s site, v *autograd.Value, format tensor.DType) *autograd.Value {
	var key *autograd.Value
	if s.gradient && w.training != nil {
		key = w.training.key.Detach()
	}
	shape, rows := v.Shape(), v
	if !s.planes && len(shape) > 2 {
		rows = op.Reshape(v, -1, shape[len(shape)-1])
	}
	rounded := op.Quantize(rows, key, op.QuantizeConfig{Format: format, Together: s.weight, Stream: s.number})
	return op.Reshape(rounded, shape...)
}

// End moves the key on, and adds the largest magnitudes of this step.
func (w *pass) End(out []*autograd.Value) []*autograd.Value {
	if w.training != nil {
		autograd.Assign(w.training.key, op.NextKey(w.training.key))
	}
	if len(w.largest) == 0 {
		return out
	}
	return append(out, op.Stack(0, w.largest...))
}

// plan is what is to be rounded in a program.
type plan struct {
	policy Policy
	keep   []bool       // of each instruction: it stays in float32
	exact  []bool       // of each instruction: its results are gradients of weights, and stay
	sites  map[int]site // of each value that is rounded

	tr     *autograd.Trace
	root   []int   // of each value: the one that it is a view of, or itself
	layers []layer // in the order in which their weights are first read
}

// site is a value that is rounded.
type site struct {
	number   int // in the order of the program
	gradient bool
	weight   bool
	planes   bool
}

// layer is a product forward that reads a parameter.
type layer struct {
	weight, input int // roots
	output        tensor.Spec
}

func newPlan(policy Policy, tr *autograd.Trace) *plan {
	n := len(tr.Instructions)
	p := &plan{policy: policy, tr: tr, keep: make([]bool, n), exact: make([]bool, n), sites: map[int]site{}, root: make([]int, len(tr.Specs))}
	gradient := make([]bool, len(tr.Specs))
	for id := range p.root {
		p.root[id] = id
	}
	for _, ins := range tr.Instructions {
		if autograd.IsView(ins.Op) {
			p.root[ins.Out[0]] = p.root[ins.In[0]]
		}
		for _, id := range ins.Out {
			gradient[id] = ins.Backward
		}
	}
	p.findLayers()
	for i, ins := range tr.Instructions {
		r, low := table[ins.Op.Name()]
		of := p.layerOf(ins, r)
		p.exact[i] = of >= 0 && ins.Backward && !p.readsWeight(ins, r)
		p.keep[i] = !low || r.packed != policy.Packed || tr.Specs[ins.In[0]].DType != tensor.Float32 ||
			policy.KeepEnds && of >= 0 && (of == 0 || of == len(p.layers)-1)
		if p.keep[i] {
			continue
		}
		for _, k := range r.operands {
			id := ins.In[k]
			if _, known := p.sites[id]; !known {
				upstream := ins.Backward && p.isConstant(id) // what a gradient begins with, perhaps repeated
				p.sites[id] = site{len(p.sites), gradient[id] || upstream, p.isWeight(id), r.planes}
			}
		}
	}
	return p
}

// findLayers finds the products that read a parameter before any other does.
func (p *plan) findLayers() {
	for _, ins := range p.tr.Instructions {
		r := table[ins.Op.Name()].operands
		for _, k := range r {
			w := p.root[ins.In[k]]
			known := slices.ContainsFunc(p.layers, func(l layer) bool { return l.weight == w })
			if p.isWeight(w) && !known && len(r) == 2 {
				p.layers = append(p.layers, layer{w, p.root[ins.In[r[1-k]]], p.tr.Specs[ins.Out[0]]})
			}
		}
	}
}

// layerOf returns the layer that a product is of, forward or backward, or -1: it reads the
// layer's weight or, to give the gradient of that, the layer's input and a gradient like its output.
func (p *plan) layerOf(ins autograd.Instruction, r rule) int {
	return slices.IndexFunc(p.layers, func(l layer) bool {
		for _, k := range r.operands {
			if p.root[ins.In[k]] == l.weight {
				return true
			}
		}
		if !ins.Backward || len(r.operands) != 2 || p.tr.Specs[ins.Out[0]].Elements() != p.tr.Specs[l.weight].Elements() {
			return false
		}
		a, b := ins.In[r.operands[0]], ins.In[r.operands[1]]
		return p.root[a] == l.input && p.tr.Specs[b].Elements() == l.output.Elements() ||
			p.root[b] == l.input && p.tr.Specs[a].Elements() == l.output.Elements()
	})
}

func (p *plan) readsWeight(ins autograd.Instruction, r rule) bool {
	return slices.ContainsFunc(r.operands, func(k int) bool { return p.isWeight(ins.In[k]) })
}

func (p *plan) isConstant(id int) bool {
	return slices.ContainsFunc(p.tr.Constants, func(c autograd.TracedConstant) bool { return c.ID == p.root[id] })
}

// isWeight reports whether a value is a parameter or a view of one.
func (p *plan) isWeight(id int) bool {
	return slices.ContainsFunc(p.tr.Variables, func(v autograd.TracedVariable) bool {
		return v.In == p.root[id] && v.Value.IsParameter()
	})
}
