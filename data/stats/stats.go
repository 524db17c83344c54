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
}

// moments are those of one channel. The squares are of what values are off the mean: those of the
// values themselves are too large, where the mean is, to tell how far apart they are.
type moments struct{ n, mean, squares float64 }

// add takes the values of one more image: Chan, Golub, LeVeque, Updating formulae and a pairwise
// algorithm for computing sample variances, 1979.
func (m *moments) add(values []float32) {
	k := float64(len(values))
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	mean, squares := sum/k, 0.0
	for _, v := range values {
		d := float64(v) - mean
		squares += float64(d * d)
	}
	n, off := m.n+k, mean-m.mean
	m.squares += squares + float64(off*off*m.n*k/n)
	m.mean += off * k / n
	m.n = n
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
	channels := make([]moments, planes(s.Shape))
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
	for _, c := range channels {
		s.Mean = append(s.Mean, c.mean)
		s.Std = append(s.Std, math.Sqrt(c.squares/c.n))
	}
	return s, nil
}

// planes returns how many channels have figures of their own.
func planes(shape []int) int {
	if len(shape) == 3 {
		return shape[0]
	}
	return 1
}

func (s *Stats) add(channels []moments, x []float32) {
	size := len(x) / len(channels)
	for k := range channels {
		values := x[k*size:][:size]
		channels[k].add(values)
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
