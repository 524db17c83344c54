package data

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/mlodyssey/odyssey/internal/kernel"
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
	full   Batch          // the tensors of a whole batch, that a smaller one shares
	ready  chan error     // has room for one, so that workers never wait
	read   *parallel.Loop // over the examples of a whole batch
	errs   []error        // of the ranges of that loop
}

func (l *Loader) newSlot(ctx context.Context) *slot {
	full := Batch{
		Images: tensor.New(tensor.Float32, append([]int{l.config.Batch}, l.shape...)...),
		Labels: tensor.New(tensor.Int64, l.config.Batch),
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

func (s *slot) resize(index []int) {
	images, labels := s.full.Images, s.full.Labels
	if n := len(index); n < labels.Len() {
		shape := images.Shape()[1:]
		images = tensor.FromSlice(tensor.Data[float32](images)[:n*tensor.Elements(shape)], append([]int{n}, shape...)...)
		labels = tensor.FromSlice(tensor.Data[int64](labels)[:n], n)
	}
	s.batch = Batch{images, labels, index}
}

// fill reads a batch's examples. Of several errors it returns that of the first
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
		normalise(x, l.config.Mean, l.config.Std)
		labels[k] = int64(label)
	}
	return nil
}

func normalise(x []float32, mean, std float32) {
	kernel.SubScalar(x, x, mean)
	kernel.DivScalar(x, x, std)
}
