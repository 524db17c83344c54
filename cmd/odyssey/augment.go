package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/tensor"
)

// policyText returns a policy as augment.Parse reads it: what a flag says, or what a TOML file
// that it names says, so that a run's settings hold the policy and not the file's name.
func policyText(flag string) (string, error) {
	if !strings.HasSuffix(flag, ".toml") {
		return flag, nil
	}
	var file struct {
		Transform []map[string]any `toml:"transform"`
	}
	meta, err := toml.DecodeFile(flag, &file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	for _, key := range meta.Undecoded() {
		if key[0] != "transform" { // whose keys, at any depth, are for FromTables
			return "", fmt.Errorf("%s: %v: want tables [[transform]] alone", flag, key)
		}
	}
	policy, err := augment.FromTables(file.Transform)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return policy.String(), nil
}

// allTransforms is the policy of `data show` that stands for every transform in turn.
const allTransforms = "all"

// pairs returns a set with each example at some indices, and then what the policy makes of it.
func (c showCommand) pairs(set data.Dataset, index []int) (data.Dataset, error) {
	text, err := policyText(c.Augment)
	if err != nil {
		return nil, err
	}
	policy, err := augment.Parse(text)
	if err != nil {
		return nil, err
	}
	changed, err := newChangedSet(set, index, policy, c.Seed)
	if err != nil {
		return nil, err
	}
	return &alternating{data.Subset(set, index), changed}, nil
}

// mixedAtATime is how many examples are mixed with each other: few, for one draw says how much of
// another is in each of them.
const mixedAtATime = 16

// changedSet has what a policy makes of examples in the first epoch of training, but for the partners
// that it mixes them with: these are neighbours on the sheet. The class is that of the larger part.
type changedSet struct {
	data.Dataset
	loader  *data.Loader
	mu      sync.Mutex
	batches map[int]*changedBatch // some of whose examples were read
}

type changedBatch struct {
	images []float32
	labels []int64
	unread int // how many reads it is kept for
}

// picked is a sampler of some examples.
type picked []int

func (p picked) Len(int) int                  { return len(p) }
func (p picked) Order(int, uint64, int) []int { return p }

func newChangedSet(set data.Dataset, index []int, policy *augment.Policy, seed uint64) (*changedSet, error) {
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: min(mixedAtATime, len(index)), Sampler: picked(index), Seed: seed, Augment: policy})
	if err != nil {
		return nil, err
	}
	return &changedSet{Dataset: data.Subset(set, index), loader: loader, batches: map[int]*changedBatch{}}, nil
}

func (c *changedSet) Read(i int, x []float32) (label int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	number, at := i/mixedAtATime, i%mixedAtATime
	b := c.batches[number]
	if b == nil {
		if b, err = c.load(number); err != nil {
			return 0, err
		}
		c.batches[number] = b
	}
	if b.unread--; b.unread == 0 {
		delete(c.batches, number)
	}
	size := len(b.images) / len(b.labels)
	copy(x, b.images[at*size:][:size])
	return int(b.labels[at]), nil
}

func (c *changedSet) load(number int) (*changedBatch, error) {
	for b, err := range c.loader.BatchesFrom(context.Background(), 1, number) {
		if err != nil {
			return nil, err
		}
		labels := slices.Clone(tensor.Data[int64](b.Labels))
		for k := range labels {
			if b.Weights != nil && tensor.Data[float32](b.Weights)[k] < 0.5 {
				labels[k] = tensor.Data[int64](b.Others)[k]
			}
		}
		return &changedBatch{slices.Clone(tensor.Data[float32](b.Images)), labels, len(labels)}, nil
	}
	return nil, fmt.Errorf("no batch %d of an epoch", number)
}

// alternating has the examples of two sets in turn.
type alternating struct {
	data.Dataset
	other data.Dataset
}

func (a *alternating) Len() int { return 2 * a.Dataset.Len() }

func (a *alternating) Read(i int, x []float32) (label int, err error) {
	if i%2 == 1 {
		return a.other.Read(i/2, x)
	}
	return a.Dataset.Read(i/2, x)
}

// gallery has, for each transform of the table that keeps the shape, an example and what the
// transform makes of it, under its name.
type gallery struct {
	data.Dataset
	index   []int // of the examples that are shown
	names   []string
	changed []data.Dataset
}

func newGallery(set data.Dataset, index []int, seed uint64) (*gallery, error) {
	g := &gallery{Dataset: set, index: index}
	for _, row := range augment.Table() {
		made, err := augment.New(row.Name, row.Show)
		if err != nil {
			return nil, err
		}
		t, each := made.(augment.Transform)
		if !each {
			continue // mixes whole batches
		}
		if changed, err := data.Augmented(set, t, seed, 1); err == nil {
			g.names, g.changed = append(g.names, row.Name), append(g.changed, changed)
		}
	}
	if len(g.changed) == 0 {
		return nil, fmt.Errorf("no transform keeps examples of shape %v", set.Shape())
	}
	return g, nil
}

func (g *gallery) Len() int { return 2 * len(g.changed) }

func (g *gallery) Classes() []string { return slices.Concat(g.Dataset.Classes(), g.names) }

func (g *gallery) Read(i int, x []float32) (label int, err error) {
	example := g.index[i/2%len(g.index)]
	if i%2 == 0 {
		return g.Dataset.Read(example, x)
	}
	_, err = g.changed[i/2].Read(example, x)
	return len(g.Dataset.Classes()) + i/2, err
}
