package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/data"
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
		return "", fmt.Errorf("%s: %v: want tables [[transform]] alone", flag, key)
	}
	policy, err := augment.FromTables(file.Transform)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return policy.String(), nil
}

// allTransforms is the policy of `data show` that stands for every transform in turn.
const allTransforms = "all"

// pairs returns a set with each example, and then what the policy makes of it.
func (c showCommand) pairs(set data.Dataset) (data.Dataset, error) {
	if c.Augment == allTransforms {
		return newGallery(set, c.Seed)
	}
	text, err := policyText(c.Augment)
	if err != nil {
		return nil, err
	}
	policy, err := augment.Parse(text)
	if err != nil {
		return nil, err
	}
	changed, err := data.Augmented(set, policy.Each, c.Seed, 1)
	if err != nil {
		return nil, err
	}
	return &alternating{set, changed}, nil
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
	names   []string
	changed []data.Dataset
}

func newGallery(set data.Dataset, seed uint64) (*gallery, error) {
	g := &gallery{Dataset: set}
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
	example := i / 2 % g.Dataset.Len()
	if i%2 == 0 {
		return g.Dataset.Read(example, x)
	}
	_, err = g.changed[i/2].Read(example, x)
	return len(g.Dataset.Classes()) + i/2, err
}
