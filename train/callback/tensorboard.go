package callback

import (
	"cmp"
	"maps"
	"slices"

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

	writer *tensorboard.Writer
}

// Start opens a new event file. What an earlier one has of steps that now come again is dropped when it is shown.
func (b *TensorBoard) Start(l *train.Loop) (err error) {
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

// End closes the file.
func (b *TensorBoard) End(*train.Loop, error) error {
	if b.writer == nil {
		return nil
	}
	return b.writer.Close()
}
