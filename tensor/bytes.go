package tensor

import (
	"encoding/binary"
	"unsafe"
)

// binary.Append and Decode have fast paths for slices of fixed-size types.

func appendBytes[T Element](b []byte, data []T) []byte {
	b, err := binary.Append(b, binary.LittleEndian, data)
	if err != nil {
		panic(err) // every Element has a fixed size
	}
	return b
}

func decodeBytes[T Element](data []T, b []byte) {
	if _, err := binary.Decode(b, binary.LittleEndian, data); err != nil {
		panic(err)
	}
}

// Word is what elements are as mere bits.
type Word interface{ uint8 | uint32 | uint64 }

// Bits returns the elements of a row-major tensor in order as the bits of as many
// bytes that they are. The slice shares the tensor's storage.
func Bits[T Word](t *Tensor) []T {
	switch t.dtype {
	case Float32:
		return as[T](t, Data[float32](t))
	case Float64:
		return as[T](t, Data[float64](t))
	case Int32:
		return as[T](t, Data[int32](t))
	case Int64:
		return as[T](t, Data[int64](t))
	case Uint8:
		return as[T](t, Data[uint8](t))
	default:
		return as[T](t, Data[bool](t))
	}
}

func as[T Word, S Element](t *Tensor, s []S) []T {
	if size := int(unsafe.Sizeof(*new(T))); t.dtype.Size() != size {
		Fail("tensor.Bits", []Spec{t.Spec()}, "the elements are not of %d bytes", size)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
