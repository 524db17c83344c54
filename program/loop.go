package program

import (
	"slices"
	"unsafe"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// A piece of a loop over elements is what its temporary values have room for: it
// stays in the first-level cache. A range is what a goroutine takes at a time.
const (
	pieceSize = 1024 // at most
	laneSize  = 128  // of a piece that adds up lanes
	rangeSize = 8 * pieceSize
)

// firstCache is how much of it a piece of all values of a loop may take.
const firstCache = 28 << 10

// manyStreams is from how many values on the processor no longer sees by itself
// what a loop will read next.
const manyStreams = 4

// flatLoop goes through groups of values element by element: through all of a
// group's steps for one piece, then for the next. One loop does all groups.
type flatLoop struct {
	groups []group
	ranges []elementRange
	loop   *parallel.Loop
}

// group is steps on values with as many elements.
type group interface {
	bind()             // looks up where the values are
	run(lo, hi int)    // goes through some of the elements
	size() (n, at int) // the elements, and how many a range has
}

type elementRange struct {
	group  group
	lo, hi int
}

func newFlatLoop(groups []group) *flatLoop {
	f := &flatLoop{groups: groups}
	for _, g := range groups {
		n, size := g.size()
		for lo := 0; lo < n; lo += size {
			f.ranges = append(f.ranges, elementRange{g, lo, min(lo+size, n)})
		}
	}
	f.loop = parallel.NewLoop(len(f.ranges), 1, func(lo, hi int) {
		for _, r := range f.ranges[lo:hi] {
			r.group.run(r.lo, r.hi)
		}
	})
	return f
}

func (f *flatLoop) run() {
	for _, g := range f.groups {
		g.bind()
	}
	f.loop.Run()
}

// elements is a group of one type.
type elements[T kernel.Float] struct {
	p       *Program
	n       int
	piece   int
	steps   []elementStep[T]
	whole   []wholeOperand[T]
	scalars []wholeOperand[T] // repeated over a piece
	temps   int
	streams int // whole values that lie in different places, where pieces follow each other
	most    int // elements of a range
	memory  *stack[[]T]
}

// elementStep is one operation on elements.
type elementStep[T kernel.Float] struct {
	index   int
	loop    op.Loop[T] // nil for a total or a slice
	in      [3]operand
	inputs  int
	out     operand
	slice   func(dst []T, in []*tensor.Tensor, lo, hi int, scratch []T) // nil for all else
	args    []int                                                       // the values that a slice reads
	tensors []*tensor.Tensor                                            // and where they are
	total   op.Total
	lanes   int              // examples of a block
	partial []*tensor.Tensor // of each block, for a total
}

// wholeOperand is a value that lies whole, and its elements for this run.
type wholeOperand[T kernel.Float] struct {
	id    int
	slice []T
	first bool // none before it lies in the same place
}

// operand is where a step finds its elements: in a whole value, a scalar, or a
// temporary value.
type operand struct {
	kind operandKind
	i    int
}

type operandKind int

const (
	inWhole operandKind = iota
	inScalar
	inTemp
)

func (e *elements[T]) size() (n, at int) { return e.n, e.most }

func (e *elements[T]) bind() {
	for i := range e.whole {
		e.whole[i].slice = tensor.Data[T](e.p.values[e.whole[i].id])
	}
	for i := range e.steps {
		s := &e.steps[i]
		for j, id := range s.args {
			s.tensors[j] = e.p.values[id]
		}
	}
	for i := range e.scalars {
		s := &e.scalars[i]
		c := tensor.Data[T](e.p.values[s.id])[0]
		if c == s.slice[0] && c != 0 { // else it may be a zero of the other sign
			continue
		}
		for j := range s.slice {
			s.slice[j] = c
		}
	}
}

func (e *elements[T]) run(lo, hi int) {
	memory := e.memory.get()
	defer e.memory.put(memory)
	for ; lo < hi; lo += e.piece {
		to := min(lo+e.piece, hi)
		if e.streams >= manyStreams {
			e.prefetch(to, min(to+e.piece, e.n))
		}
		for i := range e.steps {
			e.step(&e.steps[i], memory, lo, to)
		}
	}
}

// prefetch fetches what the next piece will read while this one is computed.
func (e *elements[T]) prefetch(lo, hi int) {
	for i := range e.whole {
		if w := &e.whole[i]; w.first {
			kernel.Prefetch(w.slice[lo:hi])
		}
	}
}

func (e *elements[T]) step(s *elementStep[T], memory []T, lo, hi int) {
	start := e.p.profile.start(s.index)
	dst := e.slice(s.out, memory, lo, hi)
	scratch := memory[e.temps*e.piece:]
	switch {
	case s.slice != nil:
		s.slice(dst, s.tensors, lo, hi, scratch)
	case s.loop != nil:
		var in [3][]T
		for i := range s.inputs {
			in[i] = e.slice(s.in[i], memory, lo, hi)
		}
		s.loop(dst, in[0], in[1], in[2])
	default:
		start := dst[:0]
		if s.inputs > 0 {
			start = e.slice(s.in[0], memory, lo, hi)
		}
		addBlocks(dst, start, s, scratch, lo, hi)
	}
	e.p.profile.add(s.index, start)
}

func (e *elements[T]) slice(o operand, memory []T, lo, hi int) []T {
	switch o.kind {
	case inWhole:
		return e.whole[o.i].slice[lo:hi]
	case inScalar:
		return e.scalars[o.i].slice[:hi-lo]
	}
	return memory[o.i*e.piece:][:hi-lo]
}

// addBlocks adds up what the blocks gave, in their order, from the start or, if that is
// empty, from 0.
func addBlocks[T kernel.Float](dst, start []T, s *elementStep[T], scratch []T, lo, hi int) {
	each := s.total.PerElement(s.lanes)
	n := (hi - lo) * each
	switch {
	case each == 1:
		begin(dst, start)
		s.addParts(dst, 0, 1, lo, hi)
	case s.lanes == kernel.Lanes:
		clear(scratch[:n])
		s.addParts(scratch[:n], 0, 1, lo*each, hi*each)
		kernel.SumLanes(dst, scratch[:n])
	case s.total == op.SumLanes:
		clear(scratch[:2*n])
		low, high := scratch[:n], scratch[n:2*n]
		s.addParts(low, 0, 2, lo*each, hi*each)
		s.addParts(high, 1, 2, lo*each, hi*each)
		kernel.SumHalves(dst, low, high)
	default:
		none, sum := scratch[:n], scratch[n:n+hi-lo]
		clear(none)
		begin(dst, start)
		for i := 0; i < len(s.partial); i += 2 {
			high := none
			if i+1 < len(s.partial) {
				high = s.part(i+1, lo*each, hi*each)
			}
			kernel.SumHalves(sum, s.part(i, lo*each, hi*each), high)
			kernel.Add(dst, dst, sum)
		}
	}
}

// begin sets dst to the start or, if that is empty, to 0.
func begin[T kernel.Float](dst, start []T) {
	if len(start) == 0 {
		clear(dst)
		return
	}
	copy(dst, start)
}

// addParts adds what blocks first, first+step and so on gave to dst.
func (s *elementStep[T]) addParts(dst []T, first, step, lo, hi int) {
	for i := first; i < len(s.partial); i += step {
		kernel.Add(dst, dst, s.part(i, lo, hi))
	}
}

// part returns some of the values that a block gave.
func (s *elementStep[T]) part(block, lo, hi int) []T { return tensor.Data[T](s.partial[block])[lo:hi] }

// newGroup returns the group of some tasks of a loop, in order.
func newGroup[T kernel.Float](p *Program, s *schedule, tasks []*task) group {
	e := &elements[T]{p: p, n: s.elements(tasks[0].Out[0])}
	scratch := e.choosePiece(s, tasks)
	temps := map[int]int{}
	for _, t := range tasks {
		e.steps = append(e.steps, e.newStep(s, temps, t))
	}
	e.temps = len(temps)
	if e.most == rangeSize {
		e.shortenPiece(s)
	}
	for i := range e.scalars {
		e.scalars[i].slice = make([]T, e.piece)
	}
	need := e.temps*e.piece + scratch
	e.memory = newStack(parallel.Processors(), func() []T { return make([]T, need) })
	return e
}

// shortenPiece halves the piece until it and its temporary values fit the cache.
func (e *elements[T]) shortenPiece(s *schedule) {
	values := e.temps
	for i := range e.whole {
		w := &e.whole[i]
		w.first = !s.assigned[w.id] // else it lies where its old elements do
		if w.first {
			values++
			e.streams++
		}
	}
	for e.piece*values*int(unsafe.Sizeof(*new(T))) > firstCache && e.piece > laneSize {
		e.piece /= 2
	}
}

// choosePiece sets the sizes of pieces and ranges, and returns the scratch that
// the steps need.
func (e *elements[T]) choosePiece(s *schedule, tasks []*task) (scratch int) {
	e.piece, e.most = pieceSize, rangeSize
	lanes := false
	for _, t := range tasks {
		if t.kind == asBlocks && t.block.Total.PerElement(s.lanes) > 1 {
			e.piece, lanes = laneSize, true
		}
	}
	for _, t := range tasks {
		if !t.sliced() {
			continue
		}
		slice := t.Op.(op.Sliced).Slice(s.specs(t.In), s.specs(t.Out))
		switch {
		case e.most == rangeSize: // the first slice of the group
			e.piece = slice.Best
		case e.piece%slice.Unit != 0: // another, with other rows
			e.piece *= slice.Unit
		}
		e.most, scratch = e.piece, max(scratch, slice.Scratch)
	}
	if lanes {
		scratch = max(scratch, e.piece*kernel.Lanes)
	}
	return scratch
}

func (e *elements[T]) newStep(s *schedule, temps map[int]int, t *task) elementStep[T] {
	step := elementStep[T]{index: t.index}
	switch {
	case t.kind == asBlocks:
		step.total, step.lanes, step.partial = t.block.Total, s.lanes, e.p.partials[t.Out[0]]
		if start, ok := t.start(); ok {
			step.inputs, step.in[0] = 1, e.operandOf(s, temps, start)
		}
	case t.sliced():
		step.slice = sliceOf[T](t.Op.(op.Sliced).Slice(s.specs(t.In), s.specs(t.Out)))
		step.args, step.tensors = t.In, make([]*tensor.Tensor, len(t.In))
	default:
		step.loop = loopOf[T](t.Op.(op.Pointwise).Kernels())
		step.inputs = len(t.In)
		for i, id := range t.In {
			step.in[i] = e.operand(s, temps, id)
		}
	}
	step.out = e.operandOf(s, temps, t.Out[0])
	return step
}

// operand returns where an input is found.
func (e *elements[T]) operand(s *schedule, temps map[int]int, id int) operand {
	if s.elements(id) == 1 && e.n > 1 {
		return operand{inScalar, place1(&e.scalars, s.root[id])}
	}
	return e.operandOf(s, temps, id)
}

func (e *elements[T]) operandOf(s *schedule, temps map[int]int, id int) operand {
	root := s.root[id]
	if i, ok := temps[root]; ok {
		return operand{inTemp, i}
	}
	if t := s.maker(id); t != nil && t.looped() && !s.assigned[root] && !s.liesWhole(root) {
		temps[root] = len(temps)
		return operand{inTemp, temps[root]}
	}
	return operand{inWhole, place1(&e.whole, root)}
}

// place1 returns the place of a value in a list, at whose end it is put if it is
// not there.
func place1[T kernel.Float](list *[]wholeOperand[T], id int) int {
	i := slices.IndexFunc(*list, func(w wholeOperand[T]) bool { return w.id == id })
	if i < 0 {
		i = len(*list)
		*list = append(*list, wholeOperand[T]{id: id})
	}
	return i
}

func loopOf[T kernel.Float](k op.Kernels) op.Loop[T] {
	if f, ok := any(k.F32).(op.Loop[T]); ok {
		return f
	}
	return any(k.F64).(op.Loop[T])
}

func sliceOf[T kernel.Float](s op.Slicing) func(dst []T, in []*tensor.Tensor, lo, hi int, scratch []T) {
	if f, ok := any(s.F32).(func([]T, []*tensor.Tensor, int, int, []T)); ok {
		return f
	}
	return any(s.F64).(func([]T, []*tensor.Tensor, int, int, []T))
}
