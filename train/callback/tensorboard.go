package callback

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/tensorboard"
)

// TensorBoard writes event files into a directory, for TensorBoard to show: loss, accuracy and learning rate after each
// Every-th step, and after each epoch its outcome, the metrics of the evaluation, and histograms
// of the weights and, where Config.Gradients is set, of the gradients of its last step.
type TensorBoard struct {
	train.Quiet
	Dir   string
	Every int // 0: 100 steps

	writer  *tensorboard.Writer
	made    bool // the directory was
	written bool // something was
}

// Start opens a new event file. What an earlier one has of steps that now come again is dropped when it is shown; so a run
// at its beginning takes no directory with the events of another one.
func (b *TensorBoard) Start(l *train.Loop) (err error) {
	b.writer, b.written = nil, false
	files, err := os.ReadDir(b.Dir)
	if b.made = errors.Is(err, fs.ErrNotExist); err != nil && !b.made {
		return err
	}
	for _, f := range files {
		if l.Number() == 0 && strings.HasPrefix(f.Name(), "events.out.tfevents.") {
			return fmt.Errorf("%s: there are events already (%s), want a directory without, or that of the run that goes on", b.Dir, f.Name())
		}
	}
	if b.writer, err = tensorboard.Create(b.Dir, tensorboard.Config{}); err != nil {
		return err
	}
	return b.writer.Restart(l.Number() + 1)
}

// Step writes where the run stands.
func (b *TensorBoard) Step(l *train.Loop) error {
	if !every(cmp.Or(b.Every, 100), l) {
		return nil
	}
	return b.scalars(l.Number(), map[string]float64{
		"step/loss": l.Progress.Loss, "step/accuracy": l.Progress.Accuracy, "step/learning_rate": l.LearningRate(),
	})
}

// Evaluation writes the outcome of an epoch.
func (b *TensorBoard) Evaluation(l *train.Loop) error {
	e, at := l.Epochs[len(l.Epochs)-1], l.Number()
	values := map[string]float64{
		"epoch/train_loss": e.TrainLoss, "epoch/train_accuracy": e.TrainAccuracy, "epoch/images_per_second": e.ImagesPerSecond,
	}
	if l.Config.Test != nil {
		values["epoch/test_loss"], values["epoch/test_accuracy"] = e.TestLoss, e.TestAccuracy
	}
	for name, v := range train.Values(l.Config.Metrics) {
		values["epoch/"+name] = v
	}
	if err := b.scalars(at, values); err != nil {
		return err
	}
	for _, v := range nn.Variables(l.Config.Model) {
		if err := b.histogram("weights/"+v.Name, at, v.Value.Tensor()); err != nil {
			return err
		}
	}
	for _, g := range l.Gradients() {
		if err := b.histogram("gradients/"+g.Name, at, g.Tensor); err != nil {
			return err
		}
	}
	return nil
}

// scalars writes values in the order of their names.
func (b *TensorBoard) scalars(step int, values map[string]float64) error {
	b.written = true
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := b.writer.Scalar(name, step, values[name]); err != nil {
			return err
		}
	}
	return nil
}

func (b *TensorBoard) histogram(tag string, step int, t *tensor.Tensor) error {
	if d := t.DType(); d != tensor.Float32 && d != tensor.Float64 {
		return nil
	}
	h, err := tensorboard.NewHistogram(tensor.Data[float64](t.Convert(tensor.Float64)))
	if err != nil {
		return nil // of a tensor with a NaN there is none
	}
	return b.writer.Histogram(tag, step, h)
}

// End closes the file. It takes it away again if nothing came to be written.
func (b *TensorBoard) End(*train.Loop, error) error {
	if b.writer == nil {
		return nil
	}
	err := b.writer.Close()
	if b.written {
		return err
	}
	err = errors.Join(err, os.Remove(b.writer.Path()))
	if b.made {
		os.Remove(b.Dir) // fails, as it should, where something else is in it by now
	}
	return err
}
