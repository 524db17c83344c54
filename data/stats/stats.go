// Package stats tells of a data set what lies in it and what is wrong with it. It
// is apart from data so that only programs that draw depend on a plotting
// library.
package stats

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/tensor"
)

// Stats is what a set's values and labels are like.
type Stats struct {
	Examples int       `json:"examples"`
	Shape    []int     `json:"shape"`
	Mean     []float64 `json:"mean"` // of each channel of images, or else of all values
	Std      []float64 `json:"std"`  // the standard deviation, likewise
	Min      float64   `json:"min"`
	Max      float64   `json:"max"`
	Classes  []string  `json:"classes"`
	Counts   []int     `json:"counts"` // examples of each class

	Normalise string `json:"normalize"` // Mean and Std as data.Measure rounds and data.FormatNormalise writes them
}

// Of reads all examples of a set, which must be in order: see Verify. It returns
// the context's error where that is done.
func Of(ctx context.Context, set data.Dataset) (*Stats, error) {
	s := &Stats{
		Examples: set.Len(), Shape: set.Shape(), Classes: set.Classes(), Counts: make([]int, len(set.Classes())),
		Min: math.Inf(1), Max: math.Inf(-1),
	}
	if s.Examples == 0 {
		return nil, fmt.Errorf("no examples, want at least one")
	}
	channels := make([]data.Moments, data.Channels(s.Shape))
	x := make([]float32, tensor.Elements(s.Shape))
	for i := range s.Examples {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		label, err := set.Read(i, x)
		if err == nil {
			err = check(label, x, len(s.Classes), false)
		}
		if err != nil {
			return nil, fmt.Errorf("example %d: %w", i, err)
		}
		s.Counts[label]++
		s.add(channels, x)
	}
	var mean, std []float32
	for _, c := range channels {
		s.Mean, s.Std = append(s.Mean, c.Mean()), append(s.Std, c.Std())
		m, d := c.Rounded()
		mean, std = append(mean, m), append(std, d)
	}
	s.Normalise = data.FormatNormalise(mean, std)
	return s, nil
}

func (s *Stats) add(channels []data.Moments, x []float32) {
	size := len(x) / len(channels)
	for k := range channels {
		values := x[k*size:][:size]
		channels[k].Add(values)
		s.Min, s.Max = min(s.Min, float64(slices.Min(values))), max(s.Max, float64(slices.Max(values)))
	}
}

// check returns what is wrong with an example.
func check(label int, x []float32, classes int, image bool) error {
	if label < 0 || label >= classes {
		return fmt.Errorf("label %d, want one of the set's %d classes", label, classes)
	}
	for i, v := range x {
		switch {
		case math.IsNaN(float64(v)) || math.IsInf(float64(v), 0):
			return fmt.Errorf("value %d is %v, want a finite number", i, v)
		case image && (v < 0 || v > 1):
			return fmt.Errorf("value %d is %v, want a pixel from 0 to 1", i, v)
		}
	}
	return nil
}

// Verify reads all examples of a set, calls report with each that cannot be
// read, has no label of the set's, or has values that are not finite or, in
// images, not in [0, 1], and returns how many those are.
func Verify(ctx context.Context, set data.Dataset, report func(example int, err error)) (wrong int, err error) {
	shape, classes := set.Shape(), len(set.Classes())
	x := make([]float32, tensor.Elements(shape))
	for i := range set.Len() {
		if err := ctx.Err(); err != nil {
			return wrong, err
		}
		label, err := set.Read(i, x)
		if err == nil {
			err = check(label, x, classes, len(shape) == 3)
		}
		if err != nil {
			wrong++
			report(i, err)
		}
	}
	return wrong, nil
}

// Readable returns the names of classes as they can be shown: those of spaces, and with control
// codes, which the classes of texts may be, in quotes.
func Readable(classes []string) []string {
	names := make([]string, len(classes))
	for i, name := range classes {
		names[i] = name
		if strings.TrimSpace(name) == "" || !printable.Is(name) {
			names[i] = strconv.Quote(name)
		}
	}
	return names
}
