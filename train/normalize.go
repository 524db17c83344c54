package train

import (
	"context"
	"fmt"

	"github.com/mlodyssey/odyssey/data"
)

// Mean and Std normalise pixels in [0, 1]: those of MNIST's training images,
// which PyTorch's examples use too.
var (
	Mean = []float32{0.1307}
	Std  = []float32{0.3081}
)

// What Settings.Normalize may be beside numbers, such as data.ParseNormalise reads.
const (
	NormalizeAuto  = "auto"  // NormalizeMNIST for Glyphs and IDX files, whose images are like those, NormalizeOwn for others
	NormalizeMNIST = "mnist" // Mean and Std
	NormalizeOwn   = "own"   // what data.Measure finds in the training examples
)

// isDrawnOrIDX reports whether a set is of MNIST's kind.
func isDrawnOrIDX(from data.Source) bool { return from.Format == "" || from.Format == data.FormatIDX }

// normalisation returns the means and the deviations that the settings ask for, with the training examples and what
// they were read from.
func (s Settings) normalisation(ctx context.Context, set data.Dataset, from data.Source) (mean, std []float32, err error) {
	name := s.Normalize
	if name == "" || name == NormalizeAuto {
		name = NormalizeOwn
		if isDrawnOrIDX(from) {
			name = NormalizeMNIST
		}
	}
	switch name {
	case NormalizeMNIST:
		return Mean, Std, nil
	case NormalizeOwn:
		if mean, std, err = data.Measure(ctx, set); err != nil {
			return nil, nil, fmt.Errorf("data %s: %w", s.Data, err)
		}
		return mean, std, nil
	}
	return s.parseNormalize()
}

// parseNormalize reads numbers.
func (s Settings) parseNormalize() (mean, std []float32, err error) {
	if mean, std, err = data.ParseNormalise(s.Normalize); err != nil {
		return nil, nil, fmt.Errorf("normalize %q: want %s, %s or %s, or %w", s.Normalize, NormalizeAuto, NormalizeMNIST, NormalizeOwn, err)
	}
	return mean, std, data.CheckNormalise([]int{len(mean)}, mean, std)
}
