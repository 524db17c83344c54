package program

import (
	"cmp"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// live returns the instructions that an output or a variable depends on.
func live(tr *autograd.Trace) []autograd.Instruction {
	needed := make([]bool, len(tr.Specs))
	for _, id := range results(tr) {
		needed[id] = true
	}
	var kept []autograd.Instruction
	for _, ins := range slices.Backward(tr.Instructions) {
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

// results returns the values that must outlive the instructions.
func results(tr *autograd.Trace) []int {
	ids := slices.Clone(tr.Outputs)
	for _, v := range tr.Variables {
		ids = append(ids, v.Out)
	}
	return ids
}

// buffer is the storage of one value from the step that makes it to the last
// that reads it.
type buffer struct {
	id, size    int // size in elements, in whole cache lines
	first, last int
	offset      int
}

// roots returns, for each value, the one whose storage it shares: itself, unless
// it is a view.
func (p *Program) roots() []int {
	root := make([]int, len(p.values))
	for id := range root {
		root[id] = id
	}
	for _, s := range p.steps {
		if isView(s.Op) {
			root[s.Out[0]] = root[s.In[0]]
		}
	}
	return root
}

// planMemory gives each result storage in one block for its type, such that
// values that are alive at the same step lie apart.
func (p *Program) planMemory() {
	byType := map[tensor.DType][]*buffer{}
	for _, b := range p.lifetimes() {
		d := p.trace.Specs[b.id].DType
		byType[d] = append(byType[d], b)
	}
	for d, buffers := range byType {
		total := pack(buffers)
		p.memory += total * d.Size()
		block := tensor.New(d, total)
		for _, b := range buffers {
			spec := p.trace.Specs[b.id]
			p.values[b.id] = block.Slice(0, b.offset, b.offset+spec.Elements()).Reshape(spec.Shape...)
		}
	}
}

// lifetimes returns a buffer for each value that a step computes.
func (p *Program) lifetimes() []*buffer {
	root := p.roots()
	of := map[int]*buffer{}
	var buffers []*buffer
	use := func(id, at int) {
		if b := of[root[id]]; b != nil {
			b.last = at
		}
	}
	for at, s := range p.steps {
		for _, id := range s.In {
			use(id, at)
		}
		if isView(s.Op) {
			continue
		}
		for _, id := range s.Out {
			line := 64 / p.trace.Specs[id].DType.Size()
			size := (p.trace.Specs[id].Elements() + line - 1) / line * line
			of[id] = &buffer{id: id, size: size, first: at, last: at}
			buffers = append(buffers, of[id])
		}
	}
	for _, id := range results(p.trace) {
		use(id, len(p.steps))
	}
	return buffers
}

// pack sets offsets, the largest buffers first, each at the lowest place that is
// free for its whole life, and returns the size of the block (Pisarchyk and Lee,
// "Efficient Memory Management for Deep Neural Net Inference", 2020).
func pack(buffers []*buffer) (total int) {
	slices.SortStableFunc(buffers, func(a, b *buffer) int { return cmp.Compare(b.size, a.size) })
	var placed []*buffer // by offset
	for _, b := range buffers {
		b.offset = 0
		for _, o := range placed {
			alive := b.first <= o.last && o.first <= b.last
			if alive && b.offset+b.size > o.offset {
				b.offset = max(b.offset, o.offset+o.size)
			}
		}
		at, _ := slices.BinarySearchFunc(placed, b.offset, func(o *buffer, offset int) int { return cmp.Compare(o.offset, offset) })
		placed = slices.Insert(placed, at, b)
		total = max(total, b.offset+b.size)
	}
	return total
}

// planSaves finds results that are a variable's old elements, or a view of them,
// which assigning the variable would change.
func (p *Program) planSaves() {
	root := p.roots()
	old := map[int]bool{}
	for _, v := range p.trace.Variables {
		old[v.In] = v.Out != v.In
	}
	seen := map[int]bool{}
	for _, id := range results(p.trace) {
		if old[root[id]] && !seen[id] {
			seen[id] = true
			spec := p.trace.Specs[id]
			p.saves = append(p.saves, save{id, tensor.New(spec.DType, spec.Shape...)})
		}
	}
}
