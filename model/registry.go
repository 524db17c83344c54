package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/nn"
)

// Names lists the networks that New knows.
func Names() []string {
	var names []string
	for _, e := range registry {
		names = append(names, e.name)
	}
	return names
}

var registry = []struct {
	name  string
	input []int // shape of one example
	make  func(classes int, seed uint64) nn.Module
}{
	{"lenet5", []int{1, 28, 28}, func(classes int, seed uint64) nn.Module { return NewLeNet5(classes, seed) }},
}

// New returns a network by name, for examples of a shape and a number of
// classes, with parameters drawn from a seed.
func New(name string, input []int, classes int, seed uint64) (nn.Module, error) {
	for _, e := range registry {
		if e.name != name {
			continue
		}
		if !slices.Equal(e.input, input) {
			return nil, fmt.Errorf("model %s takes examples of shape %v, not %v", name, e.input, input)
		}
		if classes < 1 {
			return nil, fmt.Errorf("model %s wants at least one class, not %d", name, classes)
		}
		return e.make(classes, seed), nil
	}
	return nil, fmt.Errorf("unknown model %q: want one of %s", name, strings.Join(Names(), ", "))
}
