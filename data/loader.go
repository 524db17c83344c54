package data

import (
	"context"
	"fmt"
	"iter"
	"math"
	"runtime/debug"
	"sync"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// orderStream keeps the draws for an epoch's order apart from all others of
// the same seed.
const orderStream = 0x6f72646572

// LoaderConfig says how a Loader makes batches.
type LoaderConfig struct {
	Batch     int     // examples in a batch
	Shuffle   bool    // a new random order each epoch, instead of the set's own
	Seed      uint64  // of the random orders
	DropLast  bool    // leave out an epoch's last batch where it is smaller
	Mean, Std float32 // values become (value - Mean) / Std; a Std of 0 means 1
	Workers   int     // goroutines that prepare batches ahead; 0 means 1
}

// Batch is some examples in tensors. Its memory is used again: it holds until
// the next iteration.
type Batch struct {
	Images *tensor.Tensor // float32 [n, shape of an example...]
	Labels *tensor.Tensor // int64 [n]
	Index  []int          // the examples' indices in the set
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
	if c.Std == 0 {
		c.Std = 1
	}
	if c.Workers == 0 {
		c.Workers = 1
	}
	switch n := set.Len(); {
	case c.Batch < 1:
		return nil, fmt.Errorf("batch %d: want at least 1", c.Batch)
	case c.Batch > n:
		return nil, fmt.Errorf("batch %d is larger than the set's %d examples", c.Batch, n)
	case c.Workers < 0:
		return nil, fmt.Errorf("%d workers: want at least 1", c.Workers)
	case !isFinite(c.Mean) || !isFinite(c.Std) || c.Std < 0:
		return nil, fmt.Errorf("mean %v and standard deviation %v: want finite numbers, the second positive", c.Mean, c.Std)
	}
	return &Loader{set, c, set.Shape(), len(set.Classes())}, nil
}

func isFinite(v float32) bool { return math.Abs(float64(v)) <= math.MaxFloat32 }

// Len returns the number of batches in an epoch.
func (l *Loader) Len() int {
	if l.config.DropLast {
		return l.set.Len() / l.config.Batch
	}
	return (l.set.Len() + l.config.Batch - 1) / l.config.Batch
}

// Batches iterates over an epoch. What it yields depends on the set, the
// configuration and the epoch alone, never on the number of workers. They
// prepare the next batches meanwhile and are gone when the iteration ends,
// early or not. It ends with an error, beside a nil batch, where an example
// cannot be read or ctx is done. A panic in the set's Read becomes the
// consumer's: an error value with the stack where it began.
func (l *Loader) Batches(ctx context.Context, epoch int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		p := l.startPipeline(ctx, l.order(epoch))
		defer p.stop()
		for b := range l.Len() {
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

func (l *Loader) order(epoch int) []int {
	n := l.set.Len()
	if l.config.Shuffle {
		return random.New(l.config.Seed, orderStream, uint64(epoch)).Perm(n)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// pipeline fills the batches of one epoch ahead of their consumer. Batch b
// lies in slot b modulo the number of slots, so batches come in order whoever
// filled them: one slot is the consumer's, the others are the workers'.
type pipeline struct {
	loader  *Loader
	ctx     context.Context
	cancel  context.CancelFunc
	order   []int
	slots   []*slot
	todo    chan *slot // has room for all slots, so that sending never blocks
	workers sync.WaitGroup
}

// slot is the memory of one batch.
type slot struct {
	batch Batch
	full  Batch      // the tensors of a whole batch, that a smaller one shares
	ready chan error // has room for one, so that workers never wait
}

func (l *Loader) startPipeline(ctx context.Context, order []int) *pipeline {
	workers := min(l.config.Workers, l.Len())
	p := &pipeline{loader: l, order: order, todo: make(chan *slot, workers+1)}
	p.ctx, p.cancel = context.WithCancel(ctx)
	for b := range workers + 1 {
		p.slots = append(p.slots, l.newSlot())
		p.assign(b)
	}
	for range workers {
		p.workers.Go(func() {
			for s := range p.todo {
				s.ready <- l.fill(p.ctx, &s.batch)
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
	s.resize(p.order[lo:min(lo+p.loader.config.Batch, len(p.order))])
	p.todo <- s
}

// take waits for batch b.
func (p *pipeline) take(b int) (*Batch, error) {
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

func (l *Loader) newSlot() *slot {
	full := Batch{
		Images: tensor.New(tensor.Float32, append([]int{l.config.Batch}, l.shape...)...),
		Labels: tensor.New(tensor.Int64, l.config.Batch),
	}
	return &slot{full: full, ready: make(chan error, 1)}
}

func (s *slot) resize(index []int) {
	images, labels := s.full.Images, s.full.Labels
	if n := len(index); n < labels.Len() {
		shape := images.Shape()[1:]
		images = tensor.FromSlice(tensor.Data[float32](images)[:n*tensor.Elements(shape)], append([]int{n}, shape...)...)
		labels = tensor.FromSlice(tensor.Data[int64](labels)[:n], n)
	}
	s.batch = Batch{images, labels, index}
}

// fill reads a batch's examples. A panic comes back as the error.
func (l *Loader) fill(ctx context.Context, b *Batch) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &parallel.Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	images, labels := tensor.Data[float32](b.Images), tensor.Data[int64](b.Labels)
	size := tensor.Elements(l.shape)
	for k, i := range b.Index {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x := images[k*size:][:size:size]
		label, err := l.set.Read(i, x)
		if err != nil {
			return fmt.Errorf("example %d: %w", i, err)
		}
		if label < 0 || label >= l.classes {
			return fmt.Errorf("example %d: label %d, want one of the set's %d classes", i, label, l.classes)
		}
		normalise(x, l.config.Mean, l.config.Std)
		labels[k] = int64(label)
	}
	return nil
}

func normalise(x []float32, mean, std float32) {
	kernel.SubScalar(x, x, mean)
	kernel.DivScalar(x, x, std)
}
