package checkpoint

import (
	"fmt"

	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

// The limits that the format's reference implementation and common sense set.
const (
	maxHeader   = 100_000_000 // bytes
	maxRank     = 64          // as NumPy
	metadataKey = "__metadata__"
)

// format is an element type as files have it.
type format struct {
	name  string
	size  int          // bytes an element
	dtype tensor.DType // of the tensor that it is read into
	// widen converts elements to float32, where the tensor's type differs from
	// the file's.
	widen func(uint16) float32
}

var formats = []format{
	{name: "F64", size: 8, dtype: tensor.Float64},
	{name: "F32", size: 4, dtype: tensor.Float32},
	{name: "I64", size: 8, dtype: tensor.Int64},
	{name: "I32", size: 4, dtype: tensor.Int32},
	{name: "U8", size: 1, dtype: tensor.Uint8},
	{name: "BOOL", size: 1, dtype: tensor.Bool},
	{name: "F16", size: 2, dtype: tensor.Float32,
		widen: func(code uint16) float32 { return numeric.Float16(code).Float32() }},
	{name: "BF16", size: 2, dtype: tensor.Float32,
		widen: func(code uint16) float32 { return numeric.BFloat16(code).Float32() }},
}

func formatNamed(name string) (format, error) {
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	return format{}, fmt.Errorf("dtype %.40q is not supported, want F64, F32, F16, BF16, I64, I32, U8 or BOOL", name)
}

// formatOf returns the format in which a type's elements are written.
func formatOf(d tensor.DType) format {
	for _, f := range formats {
		if f.dtype == d && f.widen == nil {
			return f
		}
	}
	panic(fmt.Sprintf("checkpoint: no format for %v", d))
}

// entry is one tensor of a header.
type entry struct {
	name       string
	format     format
	shape      []int
	begin, end int64 // of its bytes, counted from the header's end
}

func (e *entry) errorf(format string, args ...any) error {
	return tensorError(e.name, fmt.Errorf(format, args...))
}

// tensorError names the tensor in an error. A name from a file may be long, or
// hold a line break.
func tensorError(name string, err error) error {
	return fmt.Errorf("tensor %.100q: %w", name, err)
}
