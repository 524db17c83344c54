package tensor

import (
	"encoding/binary"
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
