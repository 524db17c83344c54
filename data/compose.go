package data

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/mlodyssey/odyssey/tensor"
)

// Skipped returns the files of a set, or of those that it is made of, that could not be read, by their paths,
// with what is wrong with each. Those left out are no examples of the set, nor of others that were split from
// the same: see FolderConfig.SkipUnreadable. In the place of those replaced stood others when they were read, so far: see
// [SkipUnreadable].
func Skipped(set Dataset) (leftOut, replaced map[string]error) {
	leftOut, replaced = map[string]error{}, map[string]error{}
	addSkipped(set, leftOut, replaced)
	return leftOut, replaced
}

func addSkipped(set Dataset, leftOut, replaced map[string]error) {
	if s, ok := set.(interface {
		skipped(leftOut, replaced map[string]error)
	}); ok {
		s.skipped(leftOut, replaced)
	}
	if s, ok := set.(interface{ parts() []Dataset }); ok {
		for _, part := range s.parts() {
			addSkipped(part, leftOut, replaced)
		}
	}
}

func (s *subset) parts() []Dataset       { return []Dataset{s.Dataset} }
func (c *concatenated) parts() []Dataset { return c.sets }
func (r *repeated) parts() []Dataset     { return []Dataset{r.Dataset} }
func (m *mapped) parts() []Dataset       { return []Dataset{m.Dataset} }
func (c *cached) parts() []Dataset       { return []Dataset{c.Dataset} }
func (c *DiskCache) parts() []Dataset    { return []Dataset{c.set} }
func (a *augmented) parts() []Dataset    { return []Dataset{a.Dataset} }
func (s *skipping) parts() []Dataset     { return []Dataset{s.Dataset} }

func (s *subset) labels() ([]int, error) {
	all, err := Labels(s.Dataset)
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(s.index))
	for k, i := range s.index {
		labels[k] = all[i]
	}
	return labels, nil
}

// concatenated is sets one after the other.
type concatenated struct {
	Dataset // the first
	sets    []Dataset
	ends    []int // the index after each set's last example
}

// Concat returns the examples of sets one after the other. They must have the
// same shape and the same classes.
func Concat(sets ...Dataset) (Dataset, error) {
	if len(sets) == 0 {
		return nil, errors.New("no sets to be put together, want at least one")
	}
	c := &concatenated{Dataset: sets[0], sets: sets}
	n := 0
	for i, s := range sets {
		if !slices.Equal(s.Shape(), sets[0].Shape()) {
			return nil, fmt.Errorf("set %d has examples of shape %v, want %v as the first", i, s.Shape(), sets[0].Shape())
		}
		if !slices.Equal(s.Classes(), sets[0].Classes()) {
			return nil, fmt.Errorf("set %d has other classes than the first: %.80q, not %.80q", i, s.Classes(), sets[0].Classes())
		}
		n += s.Len()
		c.ends = append(c.ends, n)
	}
	return c, nil
}

func (c *concatenated) Len() int { return c.ends[len(c.ends)-1] }

func (c *concatenated) Read(i int, x []float32) (label int, err error) {
	k := sort.SearchInts(c.ends, i+1)
	if k > 0 {
		i -= c.ends[k-1]
	}
	return c.sets[k].Read(i, x)
}

func (c *concatenated) labels() (all []int, err error) {
	for _, s := range c.sets {
		labels, err := Labels(s)
		if err != nil {
			return nil, err
		}
		all = append(all, labels...)
	}
	return all, nil
}

// repeated is a set several times.
type repeated struct {
	Dataset
	times int
}

// Repeat returns the examples of set so many times over, for epochs that are
// longer. It panics where times is not positive.
func Repeat(set Dataset, times int) Dataset {
	if times < 1 {
		panic(fmt.Sprintf("data: Repeat wants at least 1 time, not %d", times))
	}
	return &repeated{set, times}
}

func (r *repeated) Len() int { return r.times * r.Dataset.Len() }

func (r *repeated) Read(i int, x []float32) (label int, err error) {
	return r.Dataset.Read(i%r.Dataset.Len(), x)
}

func (r *repeated) labels() ([]int, error) {
	labels, err := Labels(r.Dataset)
	return slices.Repeat(labels, r.times), err
}

// mapped is a set whose examples go through a function.
type mapped struct {
	Dataset
	shape   []int
	f       func(i int, dst, src []float32) error
	scratch sync.Pool // of *[]float32
}

// Map returns a set whose example i, of the given shape, is what f writes to dst
// for example i of set, which is src. f is called by several goroutines at once;
// the same example should always come out the same. Labels stay.
func Map(set Dataset, shape []int, f func(i int, dst, src []float32) error) Dataset {
	size := tensor.Elements(set.Shape())
	return &mapped{Dataset: set, shape: slices.Clone(shape), f: f, scratch: sync.Pool{New: func() any {
		x := make([]float32, size)
		return &x
	}}}
}

func (m *mapped) Shape() []int { return m.shape }

func (m *mapped) Read(i int, x []float32) (label int, err error) {
	src := m.scratch.Get().(*[]float32)
	defer m.scratch.Put(src)
	if label, err = m.Dataset.Read(i, *src); err != nil {
		return 0, err
	}
	return label, m.f(i, x[:tensor.Elements(m.shape)], *src)
}

func (m *mapped) labels() ([]int, error) { return Labels(m.Dataset) }
