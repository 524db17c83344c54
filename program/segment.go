package program

import (
	"slices"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// segment is operations that a block of examples goes through, one after the
// other, on one goroutine. What lies between them is in the memory of that
// goroutine's worker, used again for the next block.
type segment struct {
	p       *Program
	batch   int
	lanes   int // examples of a block
	steps   []blockStep
	locals  []local
	arena   map[tensor.DType]int // elements
	scratch map[tensor.DType]int
	private map[tensor.DType]int // scratch of one part
	blocks  int
	loop    *parallel.Loop
	workers *stack[*worker]
	shared  *worker // whose block all goroutines work on, where there are fewer blocks than they are
}

// blockStep is one operation on a block.
type blockStep struct {
	index   int // of the instruction
	kernel  op.BlockKernel
	parts   *parallel.Loop // of the kernel, on the shared worker
	in, out []place
	scratch tensor.DType
	borders []border // of outputs, to be cleared
	totals  []int    // outputs in which the lanes of missing examples are to be cleared
}

// border is around the images of an output.
type border struct {
	out    int
	layout kernel.Block
}

// place says where a tensor lies: a value that is whole, one in the worker's
// memory, or one with a tensor for each block.
type place struct {
	whole  int // -1 if none
	local  int // -1 if none
	blocks []*tensor.Tensor
}

func wholePlace(id int) place                   { return place{whole: id, local: -1} }
func localPlace(i int) place                    { return place{whole: -1, local: i} }
func blocksPlace(blocks []*tensor.Tensor) place { return place{-1, -1, blocks} }

// local is a tensor in a worker's memory.
type local struct {
	dtype    tensor.DType
	elements int
	buffer   *buffer
}

// worker is what one goroutine needs to go through a segment.
type worker struct {
	*desk
	locals  []*tensor.Tensor
	in, out []*tensor.Tensor
	call    op.BlockCall
}

func (g *segment) finish() {
	byType := map[tensor.DType][]*buffer{}
	for _, l := range g.locals {
		if !slices.Contains(byType[l.dtype], l.buffer) {
			byType[l.dtype] = append(byType[l.dtype], l.buffer)
		}
	}
	g.arena = map[tensor.DType]int{}
	for d, buffers := range byType {
		g.arena[d] = pack(buffers)
	}
	g.blocks = kernel.Blocks(g.batch, g.lanes)
	g.loop = parallel.NewLoop(g.blocks, 1, g.runBlocks)
}

// A desk is the memory of one goroutine at work on a block, large enough for every
// segment: these run one after the other, so that it stays in the cache.
type desk struct {
	arena, scratch, private map[tensor.DType]*tensor.Tensor
}

// desks are the desks of a program.
type desks struct {
	arena, scratch, private map[tensor.DType]int // elements
	all                     []*desk
	memory                  int // bytes
}

// newDesks returns desks for some segments.
func newDesks(segments []*segment) *desks {
	d := &desks{map[tensor.DType]int{}, map[tensor.DType]int{}, map[tensor.DType]int{}, nil, 0}
	for _, g := range segments {
		most(d.arena, g.arena)
		most(d.scratch, g.scratch)
		most(d.private, g.private)
	}
	return d
}

// most raises numbers to those of others.
func most(a, b map[tensor.DType]int) {
	for d, n := range b {
		a[d] = max(a[d], n)
	}
}

// desk returns desk i.
func (d *desks) desk(i int) *desk {
	for len(d.all) <= i {
		d.all = append(d.all, &desk{d.tensors(d.arena), d.tensors(d.scratch), d.tensors(d.private)})
	}
	return d.all[i]
}

func (d *desks) tensors(elements map[tensor.DType]int) map[tensor.DType]*tensor.Tensor {
	made := map[tensor.DType]*tensor.Tensor{}
	for t, n := range elements {
		made[t] = tensor.New(t, n)
		d.memory += n * t.Size()
	}
	return made
}

// hire makes the segment's workers, each at a desk.
func (g *segment) hire(d *desks) {
	hired := 0
	g.workers = newStack(min(g.blocks, parallel.Processors()), func() *worker {
		hired++
		return g.newWorker(d.desk(hired - 1))
	})
	if g.blocks >= parallel.Processors() {
		return
	}
	helpers := 0
	private := newStack(parallel.Processors(), func() *desk {
		helpers++
		return d.desk(helpers - 1)
	})
	for i := range g.steps {
		g.shareParts(&g.steps[i], private)
	}
}

// shareParts makes a loop of the parts of a step, which run at once.
func (g *segment) shareParts(s *blockStep, private *stack[*desk]) {
	if s.kernel.Parts < 2 {
		return
	}
	s.parts = parallel.NewLoop(s.kernel.Parts, 1, func(lo, hi int) {
		own := private.get()
		defer private.put(own)
		for part := lo; part < hi; part++ {
			s.kernel.Part(&g.shared.call, part, own.private[s.scratch])
		}
	})
}

func (g *segment) newWorker(d *desk) *worker {
	w := &worker{desk: d, locals: make([]*tensor.Tensor, len(g.locals))}
	for i, l := range g.locals {
		w.locals[i] = d.arena[l.dtype].Slice(0, l.buffer.offset, l.buffer.offset+l.elements)
	}
	for _, s := range g.steps {
		w.in = make([]*tensor.Tensor, max(len(w.in), len(s.in)))
		w.out = make([]*tensor.Tensor, max(len(w.out), len(s.out)))
	}
	return w
}

// run takes all blocks through the segment: a goroutine each or, where there are
// too few of them, all goroutines at work on one block.
func (g *segment) run() {
	if g.blocks >= parallel.Processors() {
		g.loop.Run()
		return
	}
	g.shared = g.workers.get()
	defer g.workers.put(g.shared)
	for block := range g.blocks {
		g.runBlock(g.shared, block, true)
	}
}

func (g *segment) runBlocks(lo, hi int) {
	w := g.workers.get()
	defer g.workers.put(w)
	for block := lo; block < hi; block++ {
		g.runBlock(w, block, false)
	}
}

// runBlock takes a block through the segment.
func (g *segment) runBlock(w *worker, block int, shared bool) {
	w.call.First, w.call.Lanes = block*g.lanes, g.lanes
	w.call.Examples = min(g.lanes, g.batch-w.call.First)
	for i := range g.steps {
		g.steps[i].runOn(g.p, w, block, shared)
	}
}

func (s *blockStep) runOn(p *Program, w *worker, block int, shared bool) {
	start := p.profile.start(s.index)
	c := &w.call
	c.In, c.Out, c.Scratch = w.in[:len(s.in)], w.out[:len(s.out)], w.scratch[s.scratch]
	for i := range s.in {
		c.In[i] = s.in[i].tensor(p, w, block)
	}
	for i := range s.out {
		c.Out[i] = s.out[i].tensor(p, w, block)
	}
	for _, b := range s.borders {
		clearBorder(b.layout, c.Out[b.out])
	}
	if s.kernel.Run != nil {
		s.kernel.Run(c)
	}
	if shared && s.parts != nil {
		s.parts.Run()
	} else {
		for part := range s.kernel.Parts {
			s.kernel.Part(c, part, w.private[s.scratch])
		}
	}
	for _, out := range s.totals {
		if c.Examples < c.Lanes {
			clearLanes(c.Out[out], c.Lanes, c.Examples)
		}
	}
	p.profile.add(s.index, start)
}

func (l *place) tensor(p *Program, w *worker, block int) *tensor.Tensor {
	switch {
	case l.local >= 0:
		return w.locals[l.local]
	case l.whole >= 0:
		return p.values[l.whole]
	}
	return l.blocks[block]
}

func clearBorder(b kernel.Block, t *tensor.Tensor) {
	switch t.DType().Size() {
	case 1:
		kernel.ClearBorder(b, bits[uint8](t))
	case 4:
		kernel.ClearBorder(b, bits[float32](t))
	default:
		kernel.ClearBorder(b, bits[float64](t))
	}
}

// clearLanes sets the lanes from the given one on to 0.
func clearLanes(t *tensor.Tensor, lanes, from int) {
	if t.DType() == tensor.Float64 {
		kernel.ClearLanes(tensor.Data[float64](t), lanes, from)
		return
	}
	kernel.ClearLanes(tensor.Data[float32](t), lanes, from)
}

// loadBlock returns a step that cuts a block out of a whole value.
func loadBlock(b kernel.Block, d tensor.DType) op.BlockKernel {
	switch d.Size() {
	case 1:
		return op.BlockKernel{Run: func(c *op.BlockCall) { load[uint8](b, c) }}
	case 4:
		return op.BlockKernel{Run: func(c *op.BlockCall) { load[float32](b, c) }}
	}
	return op.BlockKernel{Run: func(c *op.BlockCall) { load[float64](b, c) }}
}

func load[T kernel.Element](b kernel.Block, c *op.BlockCall) {
	size := b.Channels * b.Height * b.Width
	whole := bits[T](c.In[0])
	kernel.ToLanes(b, bits[T](c.Out[0]), c.Examples, whole[c.First*size:(c.First+c.Examples)*size])
}

// storeBlock returns a step that puts a block into a whole value.
func storeBlock(b kernel.Block, d tensor.DType) op.BlockKernel {
	switch d.Size() {
	case 1:
		return op.BlockKernel{Run: func(c *op.BlockCall) { store[uint8](b, c) }}
	case 4:
		return op.BlockKernel{Run: func(c *op.BlockCall) { store[float32](b, c) }}
	}
	return op.BlockKernel{Run: func(c *op.BlockCall) { store[float64](b, c) }}
}

func store[T kernel.Element](b kernel.Block, c *op.BlockCall) {
	size := b.Channels * b.Height * b.Width
	whole := bits[T](c.Out[0])
	kernel.FromLanes(b, whole[c.First*size:(c.First+c.Examples)*size], c.Examples, bits[T](c.In[0]))
}
