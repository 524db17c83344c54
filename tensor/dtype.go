package tensor

import (
	"fmt"

	"github.com/mlodyssey/odyssey/numeric"
)

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

	// Packed types, for storage: see [DType.IsPacked].
	Float16
	BFloat16
	Float8E4M3
	Float8E5M2
	Float6E3M2
	Float6E2M3
	Float4E2M1
	MXFP8E4M3
	MXFP8E5M2
	MXFP6E3M2
	MXFP6E2M3
	MXFP4
	MXINT8
	NVFP4
)

var dtypes = [...]struct {
	name   string
	size   int
	float  *numeric.Float
	blocks *numeric.Blocks
}{
	Invalid: {name: "invalid"},
	Float32: {name: "float32", size: 4},
	Float64: {name: "float64", size: 8},
	Int32:   {name: "int32", size: 4},
	Int64:   {name: "int64", size: 8},
	Uint8:   {name: "uint8", size: 1},
	Bool:    {name: "bool", size: 1},

	Float16:    {name: "float16", float: numeric.F16},
	BFloat16:   {name: "bfloat16", float: numeric.BF16},
	Float8E4M3: {name: "float8_e4m3", float: numeric.E4M3},
	Float8E5M2: {name: "float8_e5m2", float: numeric.E5M2},
	Float6E3M2: {name: "float6_e3m2", float: numeric.E3M2},
	Float6E2M3: {name: "float6_e2m3", float: numeric.E2M3},
	Float4E2M1: {name: "float4_e2m1", float: numeric.E2M1},
	MXFP8E4M3:  {name: "mxfp8_e4m3", blocks: numeric.MXFP8E4M3},
	MXFP8E5M2:  {name: "mxfp8_e5m2", blocks: numeric.MXFP8E5M2},
	MXFP6E3M2:  {name: "mxfp6_e3m2", blocks: numeric.MXFP6E3M2},
	MXFP6E2M3:  {name: "mxfp6_e2m3", blocks: numeric.MXFP6E2M3},
	MXFP4:      {name: "mxfp4", blocks: numeric.MXFP4},
	MXINT8:     {name: "mxint8", blocks: numeric.MXINT8},
	NVFP4:      {name: "nvfp4", blocks: numeric.NVFP4},
}

// String returns the type's name, such as "float32".
func (d DType) String() string {
	if int(d) < len(dtypes) {
		return dtypes[d].name
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// DTypeNamed returns the type of a name, as String gives it.
func DTypeNamed(name string) (d DType, ok bool) {
	for d = range DType(len(dtypes)) {
		if d != Invalid && d.String() == name {
			return d, true
		}
	}
	return Invalid, false
}

// MarshalText makes JSON have the type's name.
func (d DType) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Size returns the bytes that one element takes, 0 for a packed type: see [Spec.Bytes].
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
