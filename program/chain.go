package program

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// A chain is pointwise operations of a segment, and sums over planes, that are
// done together: a piece of a plane goes through all of them while it is in the
// first-level cache, and what nobody else reads never leaves it.

// shortRow is how many elements a row must have for operands that are one number
// along it, as they are repeated for each plane.
const shortRow = 64

// steps returns the tasks of a segment in the order in which they run, those of a
// chain together, at the place of the first of them.
func (s *schedule) steps(tasks []*task, layouts []kernel.Block) [][]*task {
	tasks = s.sink(tasks)
	var steps [][]*task
	made := map[int]int{} // the step that makes a value, by root
	for _, t := range tasks {
		after := 0 // the last step that makes an input
		for _, id := range t.In {
			if at, here := made[s.root[id]]; here {
				after = max(after, at)
			}
		}
		at := s.chainFor(t, steps, after, layouts)
		if at == len(steps) {
			steps = append(steps, nil)
		}
		steps[at] = append(steps[at], t)
		for _, id := range t.Out {
			made[id] = at
		}
	}
	return steps
}

// sink moves pointwise operations to the first task that reads what they make: what they
// share with it, they can be in a chain with.
func (s *schedule) sink(tasks []*task) []*task {
	var sunk []*task // the last first
	for _, t := range slices.Backward(tasks) {
		at := len(sunk)
		if _, ok := t.Op.(op.Pointwise); ok {
			for i, later := range sunk {
				if slices.ContainsFunc(later.In, func(id int) bool { return s.root[id] == t.Out[0] }) {
					at = i + 1 // the last in the list is the first of them
				}
			}
		}
		sunk = slices.Insert(sunk, at, t)
	}
	slices.Reverse(sunk)
	return sunk
}

// chainFor returns the last of the steps from one on that a task can join, or the
// next.
func (s *schedule) chainFor(t *task, steps [][]*task, from int, layouts []kernel.Block) int {
	if s.chainable(t, layouts) {
		for k := len(steps) - 1; k >= from; k-- {
			if s.joins(t, steps[k], layouts) {
				return k
			}
		}
	}
	return len(steps)
}

// chainable reports whether a task can be in a chain: each of its operands is a
// block like what it makes or sums, or one number for each plane of that.
func (s *schedule) chainable(t *task, layouts []kernel.Block) bool {
	if s.sumsPlanes(t) {
		return true
	}
	if _, ok := t.Op.(op.Pointwise); !ok {
		return false
	}
	out := s.trace.Specs[t.Out[0]]
	layout := layouts[t.Out[0]]
	for i, id := range t.In {
		spec := s.trace.Specs[id]
		switch {
		case t.block.Split[i]:
			if !slices.Equal(spec.Shape, out.Shape) {
				return false
			}
		case spec.Elements() == 1:
		case layout.Width*layout.Images() < shortRow || !isPerPlane(spec, out):
			return false
		}
	}
	return true
}

func (s *schedule) sumsPlanes(t *task) bool {
	sum, ok := t.Op.(op.PlaneSummer)
	return ok && t.block.Total == op.SumLanes && sum.SumsPlanes(s.specs(t.In))
}

// isPerPlane reports whether a value has one number for each plane of images.
func isPerPlane(s, images tensor.Spec) bool {
	rank := s.Rank()
	return images.Rank() == 4 && rank >= 3 && s.Shape[rank-3] == images.Shape[1] && s.Elements() == images.Shape[1]
}

// ground returns the value whose block a task of a chain goes through.
func (s *schedule) ground(t *task) int {
	if t.block.Total == op.SumLanes {
		return t.In[0]
	}
	return t.Out[0]
}

// joins reports whether a task can be in a chain with others: they work on blocks
// alike, and on one of the same values.
func (s *schedule) joins(t *task, others []*task, layouts []kernel.Block) bool {
	first := others[0]
	if !s.chainable(first, layouts) || !s.trace.Specs[s.ground(t)].Equal(s.trace.Specs[s.ground(first)]) {
		return false
	}
	for _, o := range others {
		for i, id := range t.In {
			if t.block.Split[i] && (s.root[id] == o.Out[0] || s.readsSplit(o, s.root[id])) {
				return true
			}
		}
	}
	return false
}

// chain is the kernel of a step that does the work of several operations.
type chain struct {
	links  []link
	consts []planeConst
	temps  int
	sums   int
	planes int
	rows   int // of a plane
	row    int // elements of a row
	piece  int // of a row that is done at a time
	lanes  int
}

// link is one operation of a chain: a loop, or a sum over planes.
type link struct {
	op     autograd.Op
	in     [3]operandOfLink
	inputs int
	out    operandOfLink
	sum    int // the number of the sum, or -1
}

// operandOfLink is where a link finds its elements.
type operandOfLink struct {
	kind linkKind
	i    int // of the step's inputs or outputs, the pieces on the way, or the constants

	first, plane, row int // where rows begin in a block
}

type linkKind int

const (
	linkInput  linkKind = iota // a block that is read
	linkOutput                 // a block that is written
	linkTemp                   // a piece on the way
	linkConst                  // a number for each plane, repeated
)

// planeConst is an operand that is one number for each plane, or one for all.
type planeConst struct {
	input int // of the step
	every int // elements from plane to plane: 1 or 0
}

// chainBuilder lines up the links of a step.
type chainBuilder struct {
	*segmentBuilder
	chain  *chain
	step   *blockStep
	where  map[operandKey]operandOfLink
	joined bool // planes of all blocks follow each other without a gap
	border bool // some block has one
}

// operandKey is a value as it is read: as a block, or whole.
type operandKey struct {
	root  int
	split bool
}

// addChain appends tasks as one step.
func (b *segmentBuilder) addChain(tasks []*task) {
	ground := b.s.ground(tasks[0])
	step := blockStep{index: tasks[len(tasks)-1].index, scratch: b.s.trace.Specs[ground].DType}
	k := &chain{lanes: b.s.lanes}
	c := &chainBuilder{b, k, &step, map[operandKey]operandOfLink{}, true, false}
	for i, t := range tasks {
		c.link(t, i == len(tasks)-1)
	}
	c.cut(b.viewLayout(ground))
	step.kernel = k.kernel(step.scratch)
	b.g.scratch[step.scratch] = max(b.g.scratch[step.scratch], step.kernel.Scratch)
	b.g.steps = append(b.g.steps, step)
	for _, t := range tasks {
		if out := c.where[operandKey{t.Out[0], true}]; out.kind == linkOutput {
			b.store(t, t.Out[0], step.out[out.i])
		}
		b.use(t)
	}
}

// link appends the work of a task.
func (c *chainBuilder) link(t *task, last bool) {
	l := link{op: t.Op, inputs: len(t.In), sum: -1}
	for i, id := range t.In {
		key := operandKey{id, false}
		if t.block.Split[i] {
			key = operandKey{c.s.root[id], true}
		}
		operand, known := c.where[key]
		if !known {
			operand = c.input(t, id, key.split)
			c.where[key] = operand
		}
		l.in[i] = operand
	}
	c.done[t] = true
	if t.block.Total == op.SumLanes {
		l.sum = c.chain.sums
		c.chain.sums++
	}
	l.out = c.output(t, last)
	c.where[operandKey{t.Out[0], true}] = l.out
	c.chain.links = append(c.chain.links, l)
}

func (c *chainBuilder) input(t *task, id int, split bool) operandOfLink {
	at := len(c.step.in)
	if split {
		c.step.in = append(c.step.in, c.segmentBuilder.input(t, id))
		return c.block(linkInput, at, c.viewLayout(id))
	}
	c.step.in = append(c.step.in, wholePlace(id))
	n := planeConst{input: at}
	if c.s.elements(id) > 1 {
		n.every, c.joined = 1, false
	}
	c.chain.consts = append(c.chain.consts, n)
	return operandOfLink{kind: linkConst, i: len(c.chain.consts) - 1}
}

func (c *chainBuilder) block(kind linkKind, i int, b kernel.Block) operandOfLink {
	c.border = c.border || b.Bordered()
	c.joined = c.joined && !b.Bordered() && b.Plane() == b.Height*b.Width*b.Images()
	return operandOfLink{kind, i, b.Offset(0, 0, 0), b.Plane(), b.Offset(0, 1, 0) - b.Offset(0, 0, 0)}
}

// output returns where a link's output goes: nowhere but on, if all who read it
// are in the chain.
func (c *chainBuilder) output(t *task, last bool) operandOfLink {
	id := t.Out[0]
	outside := c.s.readWhole[id] || slices.ContainsFunc(c.s.readers[id], func(r *task) bool { return !slices.Contains(c.together, r) })
	if t.block.Total == op.Stacked && !outside {
		c.chain.temps++
		return operandOfLink{kind: linkTemp, i: c.chain.temps - 1}
	}
	at := len(c.step.out)
	c.step.out = append(c.step.out, c.segmentBuilder.output(t, id, c.step, last))
	if t.block.Total != op.Stacked {
		c.joined = false
		return operandOfLink{kind: linkOutput, i: at, plane: c.s.lanes}
	}
	return c.block(linkOutput, at, c.layouts[id])
}

// cut says how a block is gone through.
func (c *chainBuilder) cut(b kernel.Block) {
	k := c.chain
	k.planes, k.rows, k.row = b.Channels, b.Height, b.Width*b.Images()
	if !c.border {
		k.rows, k.row = 1, k.rows*k.row
	}
	if c.joined {
		k.planes, k.row = 1, k.planes*k.row
	}
	room := firstCache / c.step.scratch.Size() / (len(c.step.in) + len(c.step.out) + k.temps)
	k.piece = min(k.row, pieceSize, max(room/k.sumBlock()*k.sumBlock(), k.sumBlock()))
}

// sumBlock is how many elements of a row the partial sums of all lanes take.
func (k *chain) sumBlock() int { return kernel.Lanes * k.lanes }

// kernel returns the chain for a type.
func (k *chain) kernel(d tensor.DType) op.BlockKernel {
	scratch := (k.temps+len(k.consts))*k.piece + k.sums*k.sumBlock()
	if d == tensor.Float64 {
		loops := loopsOf(k, func(k op.Kernels) op.Loop[float64] { return k.F64 })
		return op.BlockKernel{Scratch: scratch, Run: func(c *op.BlockCall) { runChain(k, loops, c) }}
	}
	loops := loopsOf(k, func(k op.Kernels) op.Loop[float32] { return k.F32 })
	return op.BlockKernel{Scratch: scratch, Run: func(c *op.BlockCall) { runChain(k, loops, c) }}
}

// loopsOf returns the loop of each link, nil for a sum.
func loopsOf[T kernel.Float](k *chain, of func(op.Kernels) op.Loop[T]) []op.Loop[T] {
	loops := make([]op.Loop[T], len(k.links))
	for i, l := range k.links {
		if p, ok := l.op.(op.Pointwise); ok {
			loops[i] = of(p.Kernels())
		}
	}
	return loops
}

// runChain takes a block through a chain.
func runChain[T kernel.Float](k *chain, loops []op.Loop[T], c *op.BlockCall) {
	r := chainRun[T]{chain: k, loops: loops, call: c}
	r.temps = tensor.Data[T](c.Scratch)
	r.repeated = r.temps[k.temps*k.piece:]
	r.sums = r.repeated[len(k.consts)*k.piece:][:k.sums*k.sumBlock()]
	if k.row == 0 {
		return
	}
	for plane := range k.planes {
		for i, n := range k.consts {
			repeat(r.repeated[i*k.piece:][:k.piece], tensor.Data[T](c.In[n.input])[plane*n.every])
		}
		clear(r.sums)
		for row := range k.rows {
			for lo := 0; lo < k.row; lo += k.piece {
				r.run(plane, row, lo)
			}
		}
		for _, l := range k.links {
			if l.sum >= 0 {
				out := tensor.Data[T](c.Out[l.out.i])[plane*l.out.plane:][:k.lanes]
				kernel.SumPartials(out, r.sums[l.sum*k.sumBlock():][:k.sumBlock()])
			}
		}
	}
}

// chainRun is a block on its way through a chain.
type chainRun[T kernel.Float] struct {
	*chain
	loops                 []op.Loop[T]
	call                  *op.BlockCall
	temps, repeated, sums []T
}

// run takes the piece of a row from one of its elements on through all links.
func (r *chainRun[T]) run(plane, row, lo int) {
	n := min(r.piece, r.row-lo)
	for i := range r.links {
		l := &r.links[i]
		var in [3][]T
		for j := range l.inputs {
			in[j] = r.elements(&l.in[j], plane, row, lo, n)
		}
		if l.sum >= 0 {
			kernel.AddRows(r.sums[l.sum*r.sumBlock():][:r.sumBlock()], in[0], r.lanes, (row*r.row+lo)/r.lanes)
			continue
		}
		r.loops[i](r.elements(&l.out, plane, row, lo, n), in[0], in[1], in[2])
	}
}

// elements returns n elements of an operand.
func (r *chainRun[T]) elements(o *operandOfLink, plane, row, lo, n int) []T {
	switch o.kind {
	case linkInput, linkOutput:
		return r.block(o)[o.first+plane*o.plane+row*o.row+lo:][:n]
	case linkTemp:
		return r.temps[o.i*r.piece:][:n]
	default:
		return r.repeated[o.i*r.piece:][:n]
	}
}

// block returns the block of an operand.
func (r *chainRun[T]) block(o *operandOfLink) []T {
	if o.kind == linkOutput {
		return tensor.Data[T](r.call.Out[o.i])
	}
	return tensor.Data[T](r.call.In[o.i])
}

func repeat[T kernel.Float](s []T, v T) {
	s[0] = v
	for n := 1; n < len(s); n *= 2 {
		copy(s[n:], s[:n])
	}
}
