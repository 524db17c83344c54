// Package data reads labelled examples and puts them into batches: datasets in
// known file formats, combinators, and the Loader that shuffles and normalises.
package data

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

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

// LimitStratified returns n examples of set, or all of it where it has no more: of each class its share, and of those
// the first, in the set's order. Shares are rounded down, and the classes with the largest remainders, of equals
// the first, get one more until all are n. It panics where n is negative.
func LimitStratified(set Dataset, n int) (Dataset, error) {
	if n >= set.Len() {
		return set, nil
	}
	labels, err := Labels(set)
	if err != nil {
		return nil, err
	}
	left := shares(labels, n)
	index := make([]int, 0, n)
	for i, label := range labels {
		if left[label] > 0 {
			left[label]--
			index = append(index, i)
		}
	}
	return &subset{set, index}, nil
}

// shares returns how many of each class are among n of all.
func shares(labels []int, n int) map[int]int {
	count := map[int]int{}
	for _, label := range labels {
		count[label]++
	}
	of, missing := map[int]int{}, n
	for label, c := range count {
		of[label] = int(int64(n) * int64(c) / int64(len(labels)))
		missing -= of[label]
	}
	remainder := func(label int) int64 { return int64(n) * int64(count[label]) % int64(len(labels)) }
	classes := slices.SortedFunc(maps.Keys(count), func(a, b int) int {
		return cmp.Or(cmp.Compare(remainder(b), remainder(a)), cmp.Compare(a, b))
	})
	for _, label := range classes[:missing] {
		of[label]++
	}
	return of
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
