package data

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// readGrain is how many examples of a batch a processor reads at a time: as many
// as a recorded program's block has, so that they are in the cache of the one
// that works on them next.
const readGrain = 16

// slot is the memory of one batch.
type slot struct {
	loader *Loader
	ctx    context.Context
	batch  Batch
	before []int          // how often the epoch had each example before, where that matters
	full   Batch          // the tensors of a whole batch, that a smaller one shares
	ready  chan error     // has room for one, so that workers never wait
	read   *parallel.Loop // over the examples of a whole batch
	errs   []error        // of the ranges of that loop

	from, mixed augment.Batch // of a policy with mixtures
}

func (l *Loader) newSlot(ctx context.Context) *slot {
	full := Batch{
		Images: tensor.New(tensor.Float32, append([]int{l.config.Batch}, l.shape...)...),
		Labels: tensor.New(tensor.Int64, l.config.Batch),
	}
	if l.mixes() {
		full.Others, full.Weights = tensor.New(tensor.Int64, l.config.Batch), tensor.New(tensor.Float32, l.config.Batch)
	}
	s := &slot{loader: l, ctx: ctx, full: full, ready: make(chan error, 1)}
	grain := readGrain
	if l.config.Workers > 0 {
		grain = l.config.Batch // other processors have the consumer's work
	}
	s.errs = make([]error, (l.config.Batch+grain-1)/grain)
	s.read = parallel.NewLoop(l.config.Batch, grain, func(lo, hi int) {
		s.errs[lo/grain] = s.readExamples(lo, min(hi, len(s.batch.Index)))
	})
	return s
}

// changes reports whether images are changed one by one.
func (l *Loader) changes() bool { return l.config.Augment != nil && l.config.Augment.Each != nil }

// mixes reports whether batches have images of two classes.
func (l *Loader) mixes() bool { return l.config.Augment != nil && len(l.config.Augment.Mix) > 0 }

// begin makes the slot that of a batch, of the examples at the indices.
func (s *slot) begin(epoch, number int, index []int) {
	s.batch = Batch{
		Epoch: epoch, Number: number,
		Images: firstOf[float32](s.full.Images, len(index)), Labels: firstOf[int64](s.full.Labels, len(index)), Index: index,
		Others: firstOf[int64](s.full.Others, len(index)), Weights: firstOf[float32](s.full.Weights, len(index)),
	}
}

// firstOf returns the first n along axis 0 of a tensor, if there is one, in the same memory.
func firstOf[T tensor.Element](t *tensor.Tensor, n int) *tensor.Tensor {
	if t == nil || n == t.Shape()[0] {
		return t
	}
	shape := t.Shape()[1:]
	return tensor.FromSlice(tensor.Data[T](t)[:n*tensor.Elements(shape)], append([]int{n}, shape...)...)
}

// fill reads a batch's examples and collates them. Of several errors it returns that of the first
// example; a panic comes back as an error.
func (s *slot) fill() (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *parallel.Panic:
			err = v
		default:
			err = &parallel.Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	s.read.Run()
	for _, err := range s.errs {
		if err != nil {
			return err
		}
	}
	if l := s.loader; l.mixes() {
		s.mix()
		s.normaliseAll()
	}
	return s.collate()
}

// collate hands the batch to the function that has the last word.
func (s *slot) collate() error {
	collate := s.loader.config.Collate
	if collate == nil || s.ctx.Err() != nil {
		return s.ctx.Err()
	}
	if err := collate(&s.batch); err != nil {
		return fmt.Errorf("batch %d of epoch %d: collate: %w", s.batch.Number, s.batch.Epoch, err)
	}
	return nil
}

func (s *slot) readExamples(lo, hi int) error {
	l, b := s.loader, &s.batch
	images, labels := tensor.Data[float32](b.Images), tensor.Data[int64](b.Labels)
	size := tensor.Elements(l.shape)
	for k := lo; k < hi; k++ {
		if s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		i, x := b.Index[k], images[k*size:][:size:size]
		label, err := l.set.Read(i, x)
		if err != nil {
			return fmt.Errorf("example %d: %w", i, err)
		}
		if label < 0 || label >= l.classes {
			return fmt.Errorf("example %d: label %d, want one of the set's %d classes", i, label, l.classes)
		}
		if l.changes() {
			change(l.config.Augment.Each, l.shape, x, augment.RepeatStream(l.config.Seed, b.Epoch, i, s.before[k]))
		}
		if !l.mixes() {
			Normalise(x, l.config.Mean, l.config.Std)
		}
		labels[k] = int64(label)
	}
	return nil
}

// normaliseAll normalises a batch that is mixed.
func (s *slot) normaliseAll() {
	images, size := tensor.Data[float32](s.batch.Images), tensor.Elements(s.loader.shape)
	for ; len(images) > 0; images = images[size:] {
		Normalise(images[:size], s.loader.config.Mean, s.loader.config.Std)
	}
}
