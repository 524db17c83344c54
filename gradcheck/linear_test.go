package gradcheck

import (
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/op"
)

// An operation that is linear says so, and is then tried on drawn inputs. One that
// has kinks may be linear between them.
func TestLinearOperationsSaySo(t *testing.T) {
	for _, e := range op.Table() {
		if e.Kinks != "" {
			continue
		}
		for _, set := range linearSets(e) {
			if !slices.ContainsFunc(e.Linear, func(said []int) bool { return isSubset(set, said) }) {
				t.Errorf("%s is linear in inputs %v, and Linear does not say so: %v", e.Name, set, e.Linear)
			}
		}
	}
}

// linearSets returns the inputs, and pairs of inputs, in which an operation is
// linear on all cases, and not 0.
func linearSets(e op.Entry) (sets [][]int) {
	most := 0
	for _, c := range e.Cases {
		most = max(most, len(c.In))
	}
	for i := range most {
		for j := range i + 1 {
			if set := slices.Compact([]int{j, i}); isLinear(e, set) {
				sets = append(sets, set)
			}
		}
	}
	return sets
}

func isLinear(e op.Entry, set []int) bool {
	something := false
	for i, c := range e.Cases {
		if set[0] >= len(c.In) {
			return false
		}
		for k, a := range c.In {
			if slices.Contains(set, k) && !a.Spec.DType.IsFloat() {
				return false
			}
		}
		s := stream(e.Name, i)
		if off := nonlinearity(c.Op, set, samples(c.In, s), samples(c.In, s), 1.7, -0.6); !(off <= LinearBound) {
			return false
		}
		for _, y := range op.Apply(c.Op, constants(samples(c.In, s))...) {
			something = something || largest(y.Tensor()) > 0
		}
	}
	return something
}

func isSubset(a, b []int) bool {
	return !slices.ContainsFunc(a, func(i int) bool { return !slices.Contains(b, i) })
}
