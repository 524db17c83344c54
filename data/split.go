package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// splitStream keeps the draws of Split apart from all others of the same seed.
const splitStream = 0x73706c6974

// Labelled is a set that knows its labels without reading the examples.
type Labelled interface {
	Dataset
	// Label returns the label of example i.
	Label(i int) int
}

// relabelled is a set of this package that has its labels from others.
type relabelled interface {
	labels() ([]int, error)
}

// Labels returns the labels of all examples. It reads the examples of a set that is
// not Labelled.
func Labels(set Dataset) ([]int, error) {
	if s, ok := set.(relabelled); ok {
		return s.labels()
	}
	labels := make([]int, set.Len())
	if s, ok := set.(Labelled); ok {
		for i := range labels {
			labels[i] = s.Label(i)
		}
		return labels, nil
	}
	x := make([]float32, tensor.Elements(set.Shape()))
	for i := range labels {
		label, err := set.Read(i, x)
		if err != nil {
			return nil, fmt.Errorf("example %d: %w", i, err)
		}
		labels[i] = label
	}
	return labels, nil
}

// Split returns a share of the examples of each class, drawn from a seed, and
// the rest; both keep the set's order. The first has share × Len examples,
// rounded, and of each class share × its count, rounded up or down. Split panics
// unless share lies in [0, 1].
func Split(set Dataset, share float64, seed uint64) (first, rest Dataset, err error) {
	if !(share >= 0 && share <= 1) {
		panic(fmt.Sprintf("data: Split wants a share in [0, 1], not %v", share))
	}
	labels, err := Labels(set)
	if err != nil {
		return nil, nil, err
	}
	classes := map[int][]int{}
	for i, label := range labels {
		classes[label] = append(classes[label], i)
	}
	taken := make([]bool, len(labels))
	for label, n := range quotas(classes, share, len(labels)) {
		examples := classes[label]
		for _, k := range random.New(seed, splitStream, uint64(label)).Perm(len(examples))[:n] {
			taken[examples[k]] = true
		}
	}
	var in, out []int
	for i, t := range taken {
		if t {
			in = append(in, i)
		} else {
			out = append(out, i)
		}
	}
	return Subset(set, in), Subset(set, out), nil
}

// quotas returns how many of each class make up a share of all. Classes whose
// part is farthest above a whole number get one more, until all are as many as
// they should.
func quotas(classes map[int][]int, share float64, all int) map[int]int {
	type part struct {
		label int
		above float64
	}
	n := map[int]int{}
	var parts []part
	missing := int(math.Round(share * float64(all)))
	for label, examples := range classes {
		exact := float64(share * float64(len(examples)))
		n[label] = int(exact)
		missing -= n[label]
		parts = append(parts, part{label, exact - math.Floor(exact)})
	}
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(b.above, a.above), cmp.Compare(a.label, b.label))
	})
	for _, p := range parts[:max(0, min(missing, len(parts)))] {
		if n[p.label] < len(classes[p.label]) {
			n[p.label]++
		}
	}
	return n
}
