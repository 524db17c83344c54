package program

import (
	"cmp"
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// buffer is the storage of one value from the step that makes it to the last
// that reads it.
type buffer struct {
	id, size    int // size in elements, in whole cache lines
	first, last int
	offset      int
}

// newBuffer returns a buffer for some elements, which is first needed at a step.
func newBuffer(id int, d tensor.DType, elements, at int) *buffer {
	return &buffer{id: id, size: wholeLines(d, elements), first: at, last: at}
}

// wholeLines rounds a number of elements up to whole cache lines.
func wholeLines(d tensor.DType, elements int) int {
	line := 64 / d.Size()
	return (elements + line - 1) / line * line
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

// planMemory gives each result that lies whole storage in one block for its
// type, such that values that are alive at the same time lie apart.
func (p *Program) planMemory(s *schedule) {
	byType := map[tensor.DType][]*buffer{}
	for _, b := range s.lifetimes() {
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

// lifetimes returns a buffer for each value that is computed and lies whole.
func (s *schedule) lifetimes() []*buffer {
	of := map[int]*buffer{}
	var buffers []*buffer
	end := 0
	for _, t := range s.tasks {
		at := s.time(t)
		end = max(end, at+1)
		for _, id := range t.Out {
			if t.kind != asView && s.liesWhole(id) {
				of[id] = newBuffer(id, s.trace.Specs[id].DType, s.elements(id), at)
				buffers = append(buffers, of[id])
			}
		}
	}
	for id, b := range of {
		for _, t := range s.readers[id] {
			b.last = max(b.last, s.time(t))
			if s.startsFrom(t, id) {
				b.last = max(b.last, s.loopTime(t))
			}
		}
	}
	for _, id := range s.trace.Results() {
		if b := of[s.root[id]]; b != nil {
			b.last = end
		}
	}
	return buffers
}

// time orders what runs: all of a segment, or of a loop, at one time.
func (s *schedule) time(t *task) int {
	perRound := len(s.tasks) + 2
	perPhase := perRound*(s.rounds+1) + 1
	switch {
	case t.kind == asBlocks:
		return t.phase * perPhase
	case t.kind == asElement:
		return s.loopTime(t)
	}
	return t.phase*perPhase + t.round*perRound + 1 + t.index
}

// loopTime is when the loop of a task's round runs.
func (s *schedule) loopTime(t *task) int {
	perRound := len(s.tasks) + 2
	perPhase := perRound*(s.rounds+1) + 1
	return t.phase*perPhase + (t.round+1)*perRound
}

// liesWhole reports whether a computed value needs storage of its own outside of
// segments and loops.
func (s *schedule) liesWhole(id int) bool {
	t := s.maker(id)
	switch {
	case s.assigned[id]:
		return false
	case t.kind == asWhole:
		return true
	case t.looped():
		return s.isResult[id] || slices.ContainsFunc(s.readers[id], func(r *task) bool { return !s.sameLoop(t, r) })
	}
	return s.readWhole[id]
}

// sameLoop reports whether two tasks are in one loop, of which the first's output
// is made by it.
func (s *schedule) sameLoop(t, r *task) bool {
	return r.kind == asElement && t.phase == r.phase && t.round == r.round
}

// assignInPlace finds variables whose new elements a loop can write where the old
// ones are, since nobody reads those afterwards.
func (s *schedule) assignInPlace() map[int]bool {
	found := map[int]bool{}
	for i, v := range s.trace.Variables {
		t := s.maker(v.Out)
		if v.Out == v.In || t == nil || !t.looped() || s.root[v.Out] != v.Out || s.assigned[v.Out] || s.isResult[v.In] {
			continue
		}
		if !slices.ContainsFunc(s.readers[v.In], func(r *task) bool { return !s.readsBefore(r, v.In, t) }) {
			found[i], s.assigned[v.Out] = true, true
		}
	}
	return found
}

// readsBefore reports whether a task has read the elements of a value when
// another writes to its output's.
func (s *schedule) readsBefore(r *task, id int, t *task) bool {
	byElement := s.startsFrom(r, id) || t.kind == asElement && r.kind == asElement && !r.sliced() && s.elements(r.Out[0]) == s.elements(id)
	if byElement && r.phase == t.phase && r.round == t.round {
		return r.index <= t.index
	}
	loop := t.phase
	switch {
	case r.phase != loop:
		return r.phase < loop
	case r.kind == asBlocks:
		return true
	case r.kind == asElement:
		return r.round < t.round
	}
	return r.round <= t.round
}

// startsFrom reports whether the sums of a task begin from a value, which a loop then reads
// element by element, and nothing after the task's segment reads otherwise.
func (s *schedule) startsFrom(t *task, root int) bool {
	start, ok := t.start()
	if !ok || s.root[start] != root {
		return false
	}
	count := 0
	for _, id := range t.In {
		if s.root[id] == root {
			count++
		}
	}
	return count == 1 || !t.sliced()
}

// planSaves finds results that are a variable's old elements, or a view of them,
// which assigning the variable would change.
func (p *Program) planSaves(s *schedule) {
	old := map[int]bool{}
	for _, v := range p.trace.Variables {
		old[v.In] = v.Out != v.In
	}
	seen := map[int]bool{}
	for _, id := range p.trace.Results() {
		if old[s.root[id]] && !seen[id] {
			seen[id] = true
			spec := p.trace.Specs[id]
			p.saves = append(p.saves, save{id, tensor.New(spec.DType, spec.Shape...)})
		}
	}
}
