package program

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// kind is the way in which an instruction runs.
type kind int

const (
	asWhole   kind = iota // by itself, on whole values
	asView                // not at all
	asBlocks              // in a segment
	asElement             // in a loop over elements
)

func (k kind) String() string { return [...]string{"whole", "view", "blocks", "loop"}[k] }

// task is an instruction and when it runs.
type task struct {
	autograd.Instruction
	index int
	kind  kind
	phase int
	round int       // of the phase, for what is not in the segment
	block *op.Block // how it works on blocks
}

// origin says how a value comes about.
type origin struct {
	task  *task // nil for inputs, constants and variables
	split bool  // its examples lie in blocks, or it is an input that may be cut into them
}

// schedule says what runs when. Phases follow each other; each has a segment and
// then rounds, each of operations on whole values and then a loop.
type schedule struct {
	trace     *autograd.Trace
	tasks     []*task
	phases    int
	batch     int // examples; 0 where nothing runs in blocks
	lanes     int // examples of a block
	origin    []origin
	root      []int     // the value whose storage a value shares
	readWhole []bool    // by root: values that somebody reads whole
	readers   [][]*task // by root
	isResult  []bool    // by root: outputs, and what variables become
	assigned  []bool    // values that a loop writes into a variable's storage
	rounds    int       // of the phase that has most
}

// fewExamples is a batch that is better done an operation at a time: a block
// takes as long as if it were full.
const fewExamples = 8

func newSchedule(tr *autograd.Trace, instructions []autograd.Instruction, fast bool) *schedule {
	s := &schedule{
		trace: tr, origin: make([]origin, len(tr.Specs)), root: make([]int, len(tr.Specs)),
		readWhole: make([]bool, len(tr.Specs)), readers: make([][]*task, len(tr.Specs)),
		isResult: make([]bool, len(tr.Specs)), assigned: make([]bool, len(tr.Specs)),
	}
	for id := range s.root {
		s.root[id] = id
	}
	if fast {
		s.findBatch()
	}
	for i, ins := range instructions {
		t := &task{Instruction: ins, index: i}
		s.place(t, fast)
		s.tasks = append(s.tasks, t)
		s.phases, s.rounds = max(s.phases, t.phase+1), max(s.rounds, t.round+1)
		for _, id := range ins.Out {
			s.origin[id].task = t
		}
		if t.kind == asBlocks && t.block.Full {
			s.lanes = kernel.Lanes
		}
	}
	for _, t := range s.tasks {
		s.noteReads(t)
	}
	for _, id := range tr.Results() {
		s.readWhole[s.root[id]], s.isResult[s.root[id]] = true, true
	}
	for _, t := range slices.Backward(s.tasks) {
		s.delay(t)
	}
	return s
}

// findBatch marks the inputs that can be cut into blocks: floats and bools with the
// first axis of the first of them.
func (s *schedule) findBatch() {
	for _, id := range s.trace.Inputs {
		spec := s.trace.Specs[id]
		if !spec.DType.IsFloat() && spec.DType != tensor.Bool || spec.Rank() < 2 {
			continue
		}
		if s.batch == 0 && spec.Shape[0] >= fewExamples {
			s.batch = spec.Shape[0]
		}
		s.origin[id].split = s.batch > 0 && spec.Shape[0] == s.batch
	}
	s.lanes = lanesFor(s.batch)
}

// blocks returns the number of blocks of the batch.
func (s *schedule) blocks() int { return kernel.Blocks(s.batch, s.lanes) }

// lanesFor returns how many examples the blocks of a batch have: 16, unless that
// leaves processors without a block, or a block half empty, and 8 do not.
func lanesFor(batch int) int {
	processors := parallel.Processors()
	if batch <= kernel.HalfLanes || kernel.Blocks(batch, kernel.Lanes) < processors && kernel.Blocks(batch, kernel.HalfLanes) >= processors {
		return kernel.HalfLanes
	}
	return kernel.Lanes
}

// place decides how and when an instruction runs.
func (s *schedule) place(t *task, fast bool) {
	in, out := s.specs(t.In), s.specs(t.Out)
	switch {
	case autograd.IsView(t.Op):
		s.placeView(t)
	case fast && s.placeInSegment(t, in, out):
	case fast && inLoop(t.Op, in, out):
		t.kind = asElement
		s.placeAfter(t)
	default:
		t.kind = asWhole
		s.placeAfter(t)
	}
}

func (s *schedule) specs(ids []int) []tensor.Spec {
	specs := make([]tensor.Spec, len(ids))
	for i, id := range ids {
		specs[i] = s.trace.Specs[id]
	}
	return specs
}

// placeView makes a view of a split value split too, where it keeps the batch.
func (s *schedule) placeView(t *task) {
	t.kind = asView
	from, to := t.In[0], t.Out[0]
	s.root[to] = s.root[from]
	shape := s.trace.Specs[to].Shape
	split := s.origin[from].split && len(shape) > 0 && shape[0] == s.batch
	s.origin[to] = origin{split: split}
	if o := s.origin[from]; o.task != nil {
		t.phase, t.round = o.task.phase, o.task.round
	}
}

// maker returns the task that computes a value, or nil.
func (s *schedule) maker(id int) *task { return s.origin[s.root[id]].task }

// inBlocks reports whether a value is computed in blocks.
func (s *schedule) inBlocks(id int) bool {
	t := s.maker(id)
	return t != nil && t.kind == asBlocks && t.block.Total == op.Stacked
}

// placeInSegment puts an instruction into a segment, if it works on blocks.
func (s *schedule) placeInSegment(t *task, in, out []tensor.Spec) bool {
	ready := make([]bool, len(in))
	for i, id := range t.In {
		ready[i] = s.origin[id].split
	}
	b := op.BlockOf(t.Op, in, out, ready)
	if b == nil || !s.cuttable(b, in) {
		return false
	}
	t.kind, t.block = asBlocks, b
	for i, id := range t.In {
		switch m := s.maker(id); {
		case m == nil:
		case b.Split[i] && ready[i] && s.inBlocks(id):
			t.phase = max(t.phase, m.phase)
		default: // whole values, and what has been one in between, are there from the next phase on
			t.phase = max(t.phase, m.phase+1)
		}
	}
	for _, id := range t.Out {
		s.origin[id].split = b.Total == op.Stacked
	}
	return true
}

// delay moves a pointwise operation to the phase of the first that reads its
// output, if its inputs are kept until then anyway: so nothing has to be kept of
// what is read in the backward pass alone.
func (s *schedule) delay(t *task) {
	if _, ok := t.Op.(op.Pointwise); !ok || t.kind != asBlocks || s.readWhole[t.Out[0]] {
		return
	}
	first := s.phases
	for _, r := range s.readers[t.Out[0]] {
		first = min(first, r.phase)
	}
	for i, id := range t.In {
		if t.block.Split[i] && !s.keptUntil(s.root[id], first, t) {
			return
		}
	}
	if first < s.phases {
		t.phase = first
	}
}

// keptUntil reports whether a task other than t reads a value in blocks in a phase
// or later, or it is an input.
func (s *schedule) keptUntil(root, phase int, t *task) bool {
	return s.maker(root) == nil || slices.ContainsFunc(s.readers[root], func(r *task) bool {
		return r != t && r.kind == asBlocks && r.phase >= phase && s.readsSplit(r, root)
	})
}

// cuttable reports whether all that a block takes in parts has the batch.
func (s *schedule) cuttable(b *op.Block, in []tensor.Spec) bool {
	for i, split := range b.Split {
		if split && (in[i].Rank() == 0 || in[i].Shape[0] != s.batch) {
			return false
		}
	}
	return true
}

// placeAfter puts an instruction into the first round in which its inputs are
// there.
func (s *schedule) placeAfter(t *task) {
	for _, id := range t.In {
		m := s.maker(id)
		if m == nil {
			continue
		}
		round := m.round
		if m.looped() && !s.together(t, id) {
			round++
		}
		if m.phase > t.phase {
			t.phase, t.round = m.phase, round
		} else if m.phase == t.phase {
			t.round = max(t.round, round)
		}
	}
}

// looped reports whether a task's output is made by the loop of a round.
func (t *task) looped() bool {
	return t.kind == asElement || t.kind == asBlocks && t.block.Total != op.Stacked
}

// start returns the value that the sums of a task begin from, if one is: a loop reads it
// element by element.
func (t *task) start() (id int, ok bool) {
	i, ok := op.StartOf(t.Op, len(t.In))
	if !ok || !t.looped() {
		return 0, false
	}
	return t.In[i], true
}

// sliced reports whether a task of a loop reads whole inputs.
func (t *task) sliced() bool {
	_, ok := t.Op.(op.Sliced)
	return ok
}

// together reports whether a task can be in one loop with what makes its input.
func (s *schedule) together(t *task, id int) bool {
	return t.kind == asElement && !t.sliced() && s.elements(t.Out[0]) == s.elements(id)
}

func (s *schedule) elements(id int) int { return s.trace.Specs[id].Elements() }

// inLoop reports whether an instruction is done element by element: sliced, or
// pointwise on inputs of the output's shape or of one element.
func inLoop(o autograd.Op, in, out []tensor.Spec) bool {
	if _, ok := o.(op.Sliced); ok {
		return out[0].Elements() > 1
	}
	if _, ok := o.(op.Pointwise); !ok || out[0].Elements() < 2 {
		return false
	}
	for _, spec := range in {
		if spec.Elements() != 1 && !slices.Equal(spec.Shape, out[0].Shape) {
			return false
		}
	}
	return true
}

// noteReads notes who reads which value, and which of them must lie whole.
func (s *schedule) noteReads(t *task) {
	for i, id := range t.In {
		root := s.root[id]
		if t.kind == asView {
			continue // what counts is who reads the view
		}
		s.readers[root] = append(s.readers[root], t)
		if t.kind != asBlocks || !t.block.Split[i] {
			s.readWhole[root] = true
		}
	}
}
