package program

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// build makes what runs out of the schedule.
func (p *Program) build(s *schedule) {
	layouts := s.layouts()
	kept := map[int][]*tensor.Tensor{}
	p.partials = map[int][]*tensor.Tensor{}
	for number := range s.phases {
		ph := &phase{}
		if tasks := s.in(number, -1); len(tasks) > 0 {
			b := newSegmentBuilder(p, s, layouts, kept)
			for _, together := range s.steps(tasks, layouts) {
				b.add(together)
			}
			ph.segment = b.finish()
		}
		for round := range s.rounds {
			if r := p.buildRound(s, s.in(number, round)); r != nil {
				ph.rounds = append(ph.rounds, r)
			}
		}
		p.phases = append(p.phases, ph)
	}
	var segments []*segment
	for _, ph := range p.phases {
		if ph.segment != nil {
			segments = append(segments, ph.segment)
		}
	}
	desks := newDesks(segments)
	for _, g := range segments {
		g.hire(desks)
	}
	p.memory += desks.memory
	for _, t := range s.tasks {
		if t.kind == asView {
			p.views = append(p.views, s.newWholeStep(t))
		}
	}
}

// in returns the tasks of a phase's segment, of round -1, or of a round; totals
// of blocks are in both.
func (s *schedule) in(phase, round int) []*task {
	var tasks []*task
	for _, t := range s.tasks {
		segment := t.kind == asBlocks && round < 0
		loop := t.round == round && t.kind != asView && (t.kind != asBlocks || t.looped())
		if t.phase == phase && (segment || loop) {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

func (s *schedule) newWholeStep(t *task) wholeStep {
	fixed := make([]bool, len(t.In))
	for i, id := range t.In {
		fixed[i] = s.isFixed(s.root[id])
	}
	return wholeStep{
		Instruction: t.Instruction, index: t.index, fixed: fixed,
		in: make([]*tensor.Tensor, len(t.In)), out: make([]*tensor.Tensor, len(t.Out)),
	}
}

// isFixed reports whether a value has the same elements in every run, as long as
// nobody assigns a variable from outside.
func (s *schedule) isFixed(id int) bool {
	return slices.ContainsFunc(s.trace.Constants, func(c autograd.TracedConstant) bool { return c.ID == id }) ||
		slices.ContainsFunc(s.trace.Variables, func(v autograd.TracedVariable) bool { return v.In == id && v.Out == id })
}

func (p *Program) buildRound(s *schedule, tasks []*task) *round {
	r := &round{}
	var looped []*task
	for _, t := range tasks {
		if t.looped() {
			looped = append(looped, t)
		} else {
			r.whole = append(r.whole, s.newWholeStep(t))
		}
	}
	if len(looped) > 0 {
		r.flat = newFlatLoop(p.groups(s, looped))
	} else if len(r.whole) == 0 {
		return nil
	}
	return r
}

// groups puts tasks of a loop that touch the same values into one group each.
func (p *Program) groups(s *schedule, tasks []*task) []group {
	var sets [][]*task
	for _, t := range tasks {
		set := []*task{t}
		rest := sets[:0:0]
		for _, other := range sets {
			if slices.ContainsFunc(other, func(o *task) bool { return s.linked(o, t) }) {
				set = append(set, other...)
			} else {
				rest = append(rest, other)
			}
		}
		sets = append(rest, set)
	}
	var groups []group
	for _, set := range sets {
		slices.SortFunc(set, func(a, b *task) int { return a.index - b.index })
		if s.trace.Specs[set[0].Out[0]].DType == tensor.Float64 {
			groups = append(groups, newGroup[float64](p, s, set))
		} else {
			groups = append(groups, newGroup[float32](p, s, set))
		}
	}
	return groups
}

// linked reports whether two tasks of a loop touch one value, element by element.
func (s *schedule) linked(a, b *task) bool {
	if s.elements(a.Out[0]) != s.elements(b.Out[0]) {
		return false
	}
	touched := s.touched(a)
	return slices.ContainsFunc(s.touched(b), func(id int) bool { return slices.Contains(touched, id) })
}

// touched returns the storage that a task of a loop reads and writes; a variable
// that is written in place is the same before and after.
func (s *schedule) touched(t *task) []int {
	var ids []int
	if t.kind == asElement && !t.sliced() {
		for _, id := range t.In {
			if s.elements(id) > 1 {
				ids = append(ids, s.root[id])
			}
		}
	}
	if start, ok := t.start(); ok {
		ids = append(ids, s.root[start])
	}
	ids = append(ids, t.Out[0])
	for _, v := range s.trace.Variables {
		if s.assigned[v.Out] && v.Out == t.Out[0] {
			ids = append(ids, v.In)
		}
	}
	return ids
}

// layouts returns the layout of each value that lies in blocks, by root: with the
// border that suits those who read it, if all who touch it can do with one.
func (s *schedule) layouts() []kernel.Block {
	layouts := make([]kernel.Block, len(s.trace.Specs))
	plain, together := make([]bool, len(layouts)), make([]bool, len(layouts))
	for _, t := range s.tasks {
		if t.kind != asBlocks {
			continue
		}
		for i, id := range t.In {
			if !t.block.Split[i] {
				continue
			}
			root := s.root[id]
			spec := s.trace.Specs[root]
			if spec.Shape[0] != s.batch { // only views have the batch along axis 0
				spec = s.trace.Specs[id]
			}
			layouts[root] = withBorder(layouts[root], op.LayoutOf(spec))
			plain[root] = plain[root] || t.block.Plain || root != id
			together[root] = together[root] || t.block.Plain && !t.block.Apart || root != id
			if root == id && i < len(t.block.Want) {
				layouts[root] = withBorder(layouts[root], t.block.Want[i])
			}
		}
		if t.block.Total != op.Stacked {
			continue // what each block gives is no block of a batch
		}
		for _, id := range t.Out {
			layouts[id] = withBorder(layouts[id], op.LayoutOf(s.trace.Specs[id]))
			plain[id] = plain[id] || t.block.Plain
			together[id] = together[id] || t.block.Plain
		}
	}
	for id, b := range layouts {
		if plain[id] {
			layouts[id] = kernel.Block{Channels: b.Channels, Height: b.Height, Width: b.Width, Apart: b.Apart && !together[id]}
		}
		layouts[id].Lanes = s.lanes
	}
	return layouts
}

// withBorder returns a layout with the larger of two borders on each side, and
// planes apart if one of the two has them so.
func withBorder(a, b kernel.Block) kernel.Block {
	if b != (kernel.Block{}) {
		a.Channels, a.Height, a.Width = b.Channels, b.Height, b.Width
	}
	a.Top, a.Bottom = max(a.Top, b.Top), max(a.Bottom, b.Bottom)
	a.Left, a.Right = max(a.Left, b.Left), max(a.Right, b.Right)
	a.Apart = a.Apart || b.Apart
	return a
}

// segmentBuilder lines up the steps of a segment.
type segmentBuilder struct {
	s       *schedule
	g       *segment
	layouts []kernel.Block
	kept    map[int][]*tensor.Tensor // values that later segments read
	at      map[int]int              // the local of a value, by root
	done    map[*task]bool           // those whose steps are there

	together []*task // of the step being built
}

func newSegmentBuilder(p *Program, s *schedule, layouts []kernel.Block, kept map[int][]*tensor.Tensor) *segmentBuilder {
	g := &segment{p: p, batch: s.batch, lanes: s.lanes, scratch: map[tensor.DType]int{}, private: map[tensor.DType]int{}}
	return &segmentBuilder{s: s, g: g, layouts: layouts, kept: kept, at: map[int]int{}, done: map[*task]bool{}}
}

func (b *segmentBuilder) finish() *segment {
	b.g.finish()
	return b.g
}

// add appends operations that run together, after what brings their inputs and
// before what takes their outputs away.
func (b *segmentBuilder) add(tasks []*task) {
	b.together = tasks
	if len(tasks) > 1 {
		b.addChain(tasks)
		return
	}
	t := tasks[0]
	step := blockStep{index: t.index}
	var in, out []kernel.Block
	for i, id := range t.In {
		if !t.block.Split[i] {
			step.in, in = append(step.in, wholePlace(id)), append(in, kernel.Block{})
			continue
		}
		step.in, in = append(step.in, b.input(t, id)), append(in, b.viewLayout(id))
	}
	b.done[t] = true
	for _, id := range t.Out {
		step.out, out = append(step.out, b.output(t, id, &step, t.block.Share)), append(out, b.layouts[id])
	}
	k := t.block.Prepare(in, out)
	step.kernel = k
	step.scratch = b.s.trace.Specs[t.In[0]].DType
	b.g.scratch[step.scratch] = max(b.g.scratch[step.scratch], k.Scratch)
	b.g.private[step.scratch] = max(b.g.private[step.scratch], k.PartScratch)
	b.g.steps = append(b.g.steps, step)
	for i, id := range t.Out {
		b.store(t, id, step.out[i])
	}
	b.use(t)
}

// store appends a step that makes an output whole, if somebody reads it so.
func (b *segmentBuilder) store(t *task, id int, from place) {
	if t.block.Total == op.Stacked && b.s.readWhole[id] {
		b.g.steps = append(b.g.steps, blockStep{
			index: t.index, kernel: storeBlock(b.layouts[id], b.s.trace.Specs[id].DType),
			in: []place{from}, out: []place{wholePlace(id)},
		})
	}
}

// viewLayout returns the layout of a value as an operation sees it.
func (b *segmentBuilder) viewLayout(id int) kernel.Block {
	if b.s.root[id] == id {
		return b.layouts[id]
	}
	layout := op.LayoutOf(b.s.trace.Specs[id])
	layout.Lanes = b.s.lanes
	return layout
}

// input returns where an input lies, after bringing it into the segment where it
// has to be.
func (b *segmentBuilder) input(t *task, id int) place {
	root := b.s.root[id]
	if blocks := b.kept[root]; blocks != nil {
		return blocksPlace(blocks)
	}
	if _, here := b.at[root]; !here {
		d := b.s.trace.Specs[root].DType
		b.newLocal(root)
		b.g.steps = append(b.g.steps, blockStep{
			index: t.index, kernel: loadBlock(b.layouts[root], d),
			in: []place{wholePlace(root)}, out: []place{localPlace(b.at[root])},
		})
	}
	return localPlace(b.at[root])
}

func (b *segmentBuilder) newLocal(id int) {
	d, n, now := b.s.trace.Specs[id].DType, b.layouts[id].Len(), len(b.g.steps)
	b.at[id] = len(b.g.locals)
	b.g.locals = append(b.g.locals, local{d, n, newBuffer(id, d, n, now)})
}

// output returns where an output goes: to the place of an input that nobody reads
// any more, where it may.
func (b *segmentBuilder) output(t *task, id int, step *blockStep, share bool) place {
	spec, layout := b.s.trace.Specs[id], b.layouts[id]
	if t.block.Total != op.Stacked {
		if t.block.Total == op.SumLanes {
			step.totals = append(step.totals, len(step.out))
		}
		b.g.p.partials[id] = b.newBlocks(spec.DType, spec.Elements()*t.block.Total.PerElement(b.s.lanes))
		return blocksPlace(b.g.p.partials[id])
	}
	if layout.Bordered() {
		step.borders = append(step.borders, border{len(step.out), layout})
	}
	if b.readLater(t, id) {
		b.kept[id] = b.newBlocks(spec.DType, layout.Len())
		return blocksPlace(b.kept[id])
	}
	if from, ok := b.sharable(t, id); ok && share {
		b.at[id] = b.at[from]
		return localPlace(b.at[id])
	}
	b.newLocal(id)
	return localPlace(b.at[id])
}

// newBlocks returns a tensor for each block.
func (b *segmentBuilder) newBlocks(d tensor.DType, elements int) []*tensor.Tensor {
	size := wholeLines(d, elements)
	all := tensor.New(d, size*b.s.blocks())
	b.g.p.memory += all.Len() * d.Size()
	blocks := make([]*tensor.Tensor, b.s.blocks())
	for i := range blocks {
		blocks[i] = all.Slice(0, i*size, i*size+elements)
	}
	return blocks
}

// readLater reports whether a later segment reads a value in blocks.
func (b *segmentBuilder) readLater(t *task, id int) bool {
	return slices.ContainsFunc(b.s.readers[id], func(r *task) bool {
		return r.kind == asBlocks && r.phase > t.phase && b.s.readsSplit(r, id)
	})
}

// readsSplit reports whether a task takes a value in blocks.
func (s *schedule) readsSplit(t *task, root int) bool {
	for i, id := range t.In {
		if s.root[id] == root && t.block.Split[i] {
			return true
		}
	}
	return false
}

// sharable returns an input whose place an output may take.
func (b *segmentBuilder) sharable(t *task, id int) (from int, ok bool) {
	for i, input := range t.In {
		root := b.s.root[input]
		_, here := b.at[root]
		if slices.Contains(b.together, b.s.maker(root)) {
			continue // is stored only when all of them are done
		}
		same := t.block.Split[i] && b.s.trace.Specs[root].DType == b.s.trace.Specs[id].DType && b.viewLayout(input) == b.layouts[id]
		if here && same && b.lastReader(root, t) {
			return root, true
		}
	}
	return 0, false
}

// lastReader reports whether nobody reads a value in this segment after a task.
func (b *segmentBuilder) lastReader(root int, t *task) bool {
	return !slices.ContainsFunc(b.s.readers[root], func(r *task) bool {
		return r.kind == asBlocks && r.phase == t.phase && !b.done[r]
	})
}

// use keeps the inputs and outputs of the last step in their places up to here.
func (b *segmentBuilder) use(t *task) {
	now := len(b.g.steps) - 1
	for _, id := range slices.Concat(t.In, t.Out) {
		if at, here := b.at[b.s.root[id]]; here {
			b.g.locals[at].buffer.last = now
		}
	}
}
