package tensor

import (
	"fmt"
	"math"
	"slices"
)

// Spec is what can be said of a tensor without its data: element type and
// shape.
type Spec struct {
	DType DType
	Shape []int
}

// NewSpec returns the spec of a type and a shape.
func NewSpec(d DType, shape ...int) Spec { return Spec{d, shape} }

// String returns, for example, "float32[64 1 28 28]".
func (s Spec) String() string { return fmt.Sprintf("%v%v", s.DType, s.Shape) }

// Rank returns the number of axes.
func (s Spec) Rank() int { return len(s.Shape) }

// Elements returns the number of elements: the product of the shape, 1 for a
// scalar.
func (s Spec) Elements() int { return Elements(s.Shape) }

// Equal reports whether two specs have the same type and shape.
func (s Spec) Equal(o Spec) bool { return s.DType == o.DType && slices.Equal(s.Shape, o.Shape) }

// Elements returns the product of a shape's sizes, 1 for the empty shape.
func Elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// CheckShape returns an error where a size is negative or the elements, at
// size bytes each, are more than memory could hold. Shapes that come from a
// file go through it before anything is allocated.
func CheckShape(d DType, shape []int) error {
	n := 1
	empty := slices.Contains(shape, 0)
	for _, s := range shape {
		if s < 0 {
			return fmt.Errorf("shape %v has a negative size", shape)
		}
		if !empty && s > (math.MaxInt-cacheLine)/mostBytes(d)/n {
			return fmt.Errorf("shape %v has too many elements", shape)
		}
		if !empty {
			n *= s
		}
	}
	return nil
}

// mostBytes bounds what an element may take by itself, of a packed type with a block for it,
// and its bits.
func mostBytes(d DType) int {
	if d.IsPacked() {
		return 64
	}
	return max(1, d.Size())
}

// Broadcast returns the shape that two shapes have in common under NumPy's
// rule: aligned at the last axis, sizes are equal or one of them is 1 or
// missing.
func Broadcast(a, b []int) ([]int, error) {
	out := make([]int, max(len(a), len(b)))
	for i := range out {
		x, y := sizeFromEnd(a, len(out)-i), sizeFromEnd(b, len(out)-i)
		switch {
		case x == y || y == 1:
			out[i] = x
		case x == 1:
			out[i] = y
		default:
			return nil, fmt.Errorf("sizes %d and %d at axis %d do not broadcast", x, y, i-len(out))
		}
	}
	return out, nil
}

func sizeFromEnd(shape []int, k int) int {
	if k > len(shape) {
		return 1
	}
	return shape[len(shape)-k]
}
