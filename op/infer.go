package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// What several operations check of their inputs. Errors say what was expected;
// autograd.Apply adds the operation and what it was given.

func wantInputs(in []tensor.Spec, n int) error {
	if len(in) != n {
		return fmt.Errorf("want %d inputs, not %d", n, len(in))
	}
	return nil
}

// wantFloats checks that there are n inputs of one float type.
func wantFloats(in []tensor.Spec, n int) error {
	if err := wantInputs(in, n); err != nil {
		return err
	}
	for _, s := range in {
		if !s.DType.IsFloat() || s.DType != in[0].DType {
			return fmt.Errorf("want inputs of one float type")
		}
	}
	return nil
}

func wantRank(in []tensor.Spec, rank int, axes string) error {
	for _, s := range in {
		if s.Rank() != rank {
			return fmt.Errorf("want %d axes %s, not %d", rank, axes, s.Rank())
		}
	}
	return nil
}

func one(d tensor.DType, shape ...int) []tensor.Spec {
	return []tensor.Spec{tensor.NewSpec(d, shape...)}
}

// sameAsInput infers the output of a function of one float input that works
// element by element.
func sameAsInput(in []tensor.Spec) ([]tensor.Spec, error) { return InferPointwise(in, 1) }

// resolveAxes makes negative axes count from the end and sorts them. No axes
// means all of them.
func resolveAxes(axes []int, rank int) ([]int, error) {
	if len(axes) == 0 {
		for a := range rank {
			axes = append(axes, a)
		}
		return axes, nil
	}
	out := make([]int, len(axes))
	for i, a := range axes {
		var err error
		if out[i], err = resolveAxis(a, rank); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	if len(slices.Compact(slices.Clone(out))) != len(out) {
		return nil, fmt.Errorf("axes %v name one twice", axes)
	}
	return out, nil
}

// resolveAxis makes a negative axis count from the end.
func resolveAxis(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d is outside the %d axes", axis, rank)
	}
	return (axis + rank) % rank, nil
}

var (
	errNoAxis        = errors.New("want at least one axis")
	errOnePerExample = errors.New("want a value for each example")
)

// splitLast returns the number of rows along the last axis and their length.
func splitLast(shape []int) (rows, n int) {
	last := len(shape) - 1
	return tensor.Elements(shape[:last]), shape[last]
}
