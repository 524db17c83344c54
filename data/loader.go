package data

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// LoaderConfig says how a Loader makes batches.
type LoaderConfig struct {
	Batch     int       // examples in a batch
	Shuffle   bool      // a new random order each epoch, instead of the set's own
	Sampler   Sampler   // which examples an epoch has, and in what order; nil: all, as Shuffle says
	Seed      uint64    // of the random orders, and of Augment
	DropLast  bool      // leave out an epoch's last batch where it is smaller
	Mean, Std []float32 // values become (value - Mean) / Std: see Normalise and Measure; nil: they stay
	// Augment changes the images, of shape [channels height width], at random: each by the
	// seed, the epoch, its index in the set and how often the epoch had it before, mixtures by
	// the number of the batch too. nil: they stay as they are.
	Augment *augment.Policy
	// Collate has the last word on a batch, whose examples are read, changed and normalised: it
	// may change its tensors, or put others in their place. Several goroutines call it at once,
	// each for a batch of its own, and what it does must follow from the batch alone. nil: the
	// batch stays as it is.
	Collate func(*Batch) error

	Workers int // goroutines that read batches ahead; 0: all processors share in reading a batch when it is wanted
}

// Batch is some examples in tensors. Its memory is used again: it holds until
// the next iteration. The types and shapes are those that LoaderConfig.Collate finds.
type Batch struct {
	Images *tensor.Tensor // float32 [n, shape of an example...]
	Labels *tensor.Tensor // int64 [n]
	Index  []int          // the examples' indices in the set

	Epoch, Number int // its place: the epoch, and which of its batches, from 0

	// Of a policy with mixtures: an image is of the class in Others too, with what its weight
	// for the class in Labels leaves of 1. Else nil.
	Others  *tensor.Tensor // int64 [n]
	Weights *tensor.Tensor // float32 [n]
}

// Loader makes batches of a set. It is safe for concurrent use.
type Loader struct {
	set     Dataset
	config  LoaderConfig
	shape   []int
	classes int
}

// NewLoader returns a loader of set. An error says which setting cannot be met.
func NewLoader(set Dataset, c LoaderConfig) (*Loader, error) {
	if c.Sampler == nil {
		c.Sampler = everything(c.Shuffle)
	}
	if err := c.checkAugment(set.Shape()); err != nil {
		return nil, err
	}
	if err := checkFit(c.Sampler, set.Len()); err != nil {
		return nil, err
	}
	switch n := c.Sampler.Len(set.Len()); {
	case c.Batch < 1:
		return nil, fmt.Errorf("batch %d: want at least 1", c.Batch)
	case c.Batch > n:
		return nil, fmt.Errorf("batch %d is larger than an epoch's %d examples", c.Batch, n)
	case c.Workers < 0:
		return nil, fmt.Errorf("%d workers: want at least 0", c.Workers)
	}
	if err := CheckNormalise(set.Shape(), c.Mean, c.Std); err != nil {
		return nil, err
	}
	return &Loader{set, c, set.Shape(), len(set.Classes())}, nil
}

func isFinite(v float32) bool { return math.Abs(float64(v)) <= math.MaxFloat32 }

// Len returns the number of batches in an epoch.
func (l *Loader) Len() int {
	n := l.config.Sampler.Len(l.set.Len())
	if l.config.DropLast {
		return n / l.config.Batch
	}
	return (n + l.config.Batch - 1) / l.config.Batch
}

// Batches iterates over an epoch. What it yields depends on the set, the
// configuration and the epoch alone, never on the number of workers or
// processors. Workers are gone when the iteration ends, early or not. It ends
// with an error, beside a nil batch, where an example cannot be read or ctx is
// done. A panic in the set's Read becomes the consumer's: an error value with the
// stack where it began.
func (l *Loader) Batches(ctx context.Context, epoch int) iter.Seq2[*Batch, error] {
	return l.BatchesFrom(ctx, epoch, 0)
}

// BatchesFrom is Batches without the first few: what is left of an epoch that was stopped
// after these. The batches are the same.
func (l *Loader) BatchesFrom(ctx context.Context, epoch, first int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		p := l.startPipeline(ctx, epoch, first)
		defer p.stop()
		for b := first; b < l.Len(); b++ {
			batch, err := p.take(b)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(batch, nil) {
				return
			}
			p.release(b)
		}
	}
}

// pipeline fills the batches of one epoch ahead of their consumer, or without
// workers when it asks for them. Batch b lies in slot b modulo the number of
// slots, so batches come in order whoever filled them: one slot is the
// consumer's, the others are the workers'.
type pipeline struct {
	loader  *Loader
	ctx     context.Context
	cancel  context.CancelFunc
	epoch   int
	order   []int
	before  []int // how often each of these came before in the order; nil: that does not matter
	slots   []*slot
	todo    chan *slot // has room for all slots, so that sending never blocks
	workers sync.WaitGroup
}

func (l *Loader) startPipeline(ctx context.Context, epoch, first int) *pipeline {
	workers := min(l.config.Workers, max(0, l.Len()-first))
	p := &pipeline{loader: l, epoch: epoch, todo: make(chan *slot, workers+1)}
	if l.changes() {
		p.order, p.before = orderOf(l.config.Sampler, l.set.Len(), l.config.Seed, epoch)
	} else {
		p.order = l.config.Sampler.Order(l.set.Len(), l.config.Seed, epoch)
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	for range workers + 1 {
		p.slots = append(p.slots, l.newSlot(p.ctx))
	}
	for b := range workers + 1 {
		p.assign(first + b)
	}
	for range workers {
		p.workers.Go(func() {
			for s := range p.todo {
				s.ready <- s.fill()
			}
		})
	}
	return p
}

func (p *pipeline) stop() {
	p.cancel()
	close(p.todo)
	p.workers.Wait()
}

// assign has a worker fill batch b, if the epoch has one.
func (p *pipeline) assign(b int) {
	if b >= p.loader.Len() {
		return
	}
	s := p.slots[b%len(p.slots)]
	lo := b * p.loader.config.Batch
	hi := min(lo+p.loader.config.Batch, len(p.order))
	s.begin(p.epoch, b, p.order[lo:hi])
	if p.before != nil {
		s.before = p.before[lo:hi]
	}
	p.todo <- s
}

// take waits for batch b, or fills it where there are no workers.
func (p *pipeline) take(b int) (*Batch, error) {
	if p.loader.config.Workers == 0 {
		s := <-p.todo
		s.ready <- s.fill()
	}
	s := p.slots[b%len(p.slots)]
	err := <-s.ready
	if failure, ok := err.(*parallel.Panic); ok {
		panic(failure)
	}
	if p.ctx.Err() != nil {
		err = p.ctx.Err()
	}
	return &s.batch, err
}

// release gives the memory of batch b back, to the batch that comes next in
// its slot.
func (p *pipeline) release(b int) { p.assign(b + len(p.slots)) }
