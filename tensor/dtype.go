package tensor

import "fmt"

// DType is the type of a tensor's elements.
type DType uint8

// The element types.
const (
	Invalid DType = iota
	Float32
	Float64
	Int32
	Int64
	Uint8
	Bool
)

var dtypes = [...]struct {
	name string
	size int
}{
	Invalid: {"invalid", 0},
	Float32: {"float32", 4},
	Float64: {"float64", 8},
	Int32:   {"int32", 4},
	Int64:   {"int64", 8},
	Uint8:   {"uint8", 1},
	Bool:    {"bool", 1},
}

// String returns the type's name, such as "float32".
func (d DType) String() string {
	if int(d) < len(dtypes) {
		return dtypes[d].name
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// MarshalText makes JSON have the type's name.
func (d DType) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Size returns the bytes that one element takes.
func (d DType) Size() int { return dtypes[d].size }

// IsFloat reports whether the type is a floating-point one: only those have
// gradients.
func (d DType) IsFloat() bool { return d == Float32 || d == Float64 }

// Element is the set of Go types that a tensor's elements can have.
type Element interface {
	float32 | float64 | int32 | int64 | uint8 | bool
}

// TypeOf returns the DType of a Go type.
func TypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	default:
		return Bool
	}
}
