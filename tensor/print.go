package tensor

import (
	"fmt"
	"strings"
)

const (
	edge      = 3    // elements shown at each end of a long axis
	printFull = 1000 // elements up to which everything is shown
)

// String shows type, shape and elements, long axes in part.
func (t *Tensor) String() string {
	var b strings.Builder
	b.WriteString(t.Spec().String())
	b.WriteByte(' ')
	if t.dtype.IsPacked() {
		t = t.Convert(Float32)
	}
	t.print(&b, nil)
	return b.String()
}

func (t *Tensor) print(b *strings.Builder, index []int) {
	axis := len(index)
	if axis == t.Rank() {
		b.WriteString(t.format(index))
		return
	}
	b.WriteByte('[')
	for i := 0; i < t.shape[axis]; i++ {
		if i > 0 {
			b.WriteString(t.separator(axis))
		}
		if t.Len() > printFull && i == edge && t.shape[axis] > 2*edge {
			b.WriteString("..." + t.separator(axis))
			i = t.shape[axis] - edge
		}
		t.print(b, append(index, i))
	}
	b.WriteByte(']')
}

func (t *Tensor) separator(axis int) string {
	if axis == t.Rank()-1 {
		return " "
	}
	return "\n" + strings.Repeat(" ", axis+1)
}

func (t *Tensor) format(index []int) string {
	switch t.dtype {
	case Float32:
		return fmt.Sprintf("%.5g", At[float32](t, index...))
	case Float64:
		return fmt.Sprintf("%.5g", At[float64](t, index...))
	case Int32:
		return fmt.Sprint(At[int32](t, index...))
	case Int64:
		return fmt.Sprint(At[int64](t, index...))
	case Uint8:
		return fmt.Sprint(At[uint8](t, index...))
	default:
		return fmt.Sprint(At[bool](t, index...))
	}
}
