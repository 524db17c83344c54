package callback

import (
	"cmp"
	"fmt"
	"image/png"
	"io"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
)

// Samples draws, after each epoch, examples of the test set with what the network takes them for: some
// from all over it, or over Set. A wrong guess shows as "guess not class".
type Samples struct {
	train.Quiet

	Path       string // a PNG picture
	Classifier *train.Classifier
	Set        data.Dataset // of images; nil: the test set
	Rows, Cols int          // 0: 4 and 8
}

// Evaluation draws the picture.
func (s *Samples) Evaluation(l *train.Loop) error {
	set := s.Set
	if set == nil {
		set = l.Config.Test
	}
	if set == nil {
		return nil
	}
	rows, cols := cmp.Or(s.Rows, 4), cmp.Or(s.Cols, 8)
	shown := spread(set, rows*cols)
	told := told{Dataset: shown}
	x := make([]float32, tensor.Elements(set.Shape()))
	for i := range told.Len() {
		caption, err := s.caption(shown, i, x)
		if err != nil {
			return err
		}
		told.captions = append(told.captions, caption)
	}
	sheet, err := data.Sheet(told, rows, cols)
	if err != nil {
		return err
	}
	return checkpoint.WriteFileAtomic(s.Path, func(w io.Writer) error { return png.Encode(w, sheet) })
}

// spread returns so many examples from all over a set, which may be in the order of its classes.
func spread(set data.Dataset, most int) data.Dataset {
	index := make([]int, min(most, set.Len()))
	for i := range index {
		index[i] = int(int64(i) * int64(set.Len()) / int64(len(index)))
	}
	return data.Subset(set, index)
}

// caption reads an example into x and says what the network takes it for.
func (s *Samples) caption(set data.Dataset, i int, x []float32) (string, error) {
	label, err := set.Read(i, x)
	if err != nil {
		return "", fmt.Errorf("example %d: %w", i, err)
	}
	guesses, err := s.Classifier.Predict(x)
	if err != nil {
		return "", err
	}
	guess, class := guesses[0].Class, set.Classes()[label]
	if guess != class {
		return fmt.Sprintf("%s not %s", guess, class), nil
	}
	return guess, nil
}

// told is a set whose examples are each of a class of their own, with a caption for its name.
type told struct {
	data.Dataset
	captions []string
}

func (t told) Classes() []string { return t.captions }

func (t told) Read(i int, x []float32) (label int, err error) {
	_, err = t.Dataset.Read(i, x)
	return i, err
}
