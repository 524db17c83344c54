// Package data reads labelled examples and puts them into batches: datasets in
// known file formats, combinators, and the Loader that shuffles and normalises.
package data

import "fmt"

// Dataset is a set of labelled examples. It is safe for concurrent use.
type Dataset interface {
	// Len returns the number of examples.
	Len() int
	// Shape returns the shape of one example: [channels height width] for
	// images.
	Shape() []int
	// Classes returns the names of the classes. A label is an index into it.
	Classes() []string
	// Read fills x, which has one element for each of the shape's, with example
	// i and returns its label. The values of images lie in [0, 1].
	Read(i int, x []float32) (label int, err error)
}

// subset is some of the examples of another set.
type subset struct {
	Dataset
	index []int
}

// Subset returns the examples of set at the indices, in their order. It panics
// where an index is outside the set. It keeps the slice.
func Subset(set Dataset, index []int) Dataset {
	for _, i := range index {
		if i < 0 || i >= set.Len() {
			panic(fmt.Sprintf("data: Subset wants indices in [0, %d), not %d", set.Len(), i))
		}
	}
	return &subset{set, index}
}

func (s *subset) Len() int { return len(s.index) }

func (s *subset) Read(i int, x []float32) (label int, err error) {
	return s.Dataset.Read(s.index[i], x)
}

// Limit returns the first n examples of set, or all of it where it has no
// more. It panics where n is negative.
func Limit(set Dataset, n int) Dataset {
	if n >= set.Len() {
		return set
	}
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return &subset{set, index}
}
