package data

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// memory is a set whose examples lie one after the other.
type memory[E uint8 | float32] struct {
	shape   []int
	size    int
	values  []E
	of      []int // labels
	classes []string
}

// NewMemory returns a set of examples of a shape that lie one after the other in
// memory, each with its label. Bytes are pixels: 255 becomes 1. It keeps the
// slices. An error says what does not fit together.
func NewMemory[E uint8 | float32](shape []int, values []E, labels []int, classes []string) (Dataset, error) {
	if err := tensor.CheckShape(tensor.Float32, shape); err != nil {
		return nil, err
	}
	size := tensor.Elements(shape)
	switch {
	case size == 0:
		return nil, fmt.Errorf("examples of shape %v: want at least one value", shape)
	case len(values)%size != 0 || len(values)/size != len(labels):
		return nil, fmt.Errorf("%d values for %d labels, want %d for each: shape %v", len(values), len(labels), size, shape)
	case len(classes) == 0:
		return nil, errors.New("no classes: want at least one")
	}
	for i, label := range labels {
		if label < 0 || label >= len(classes) {
			return nil, fmt.Errorf("label %d of example %d, want one of the %d classes", label, i, len(classes))
		}
	}
	return &memory[E]{slices.Clone(shape), size, values, labels, classes}, nil
}

func (s *memory[E]) Len() int          { return len(s.of) }
func (s *memory[E]) Shape() []int      { return s.shape }
func (s *memory[E]) Classes() []string { return s.classes }
func (s *memory[E]) Label(i int) int   { return s.of[i] }

func (s *memory[E]) Read(i int, x []float32) (label int, err error) {
	switch values := any(s.values[i*s.size:][:s.size]).(type) {
	case []uint8:
		kernel.Unit(x, values)
	case []float32:
		copy(x, values)
	}
	return s.of[i], nil
}
