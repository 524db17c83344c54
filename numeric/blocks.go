package numeric

import (
	"fmt"
	"math"
)

// Blocks describes a format in which Size neighbouring values share a scale of one
// byte. A block is
//
//	scale    1 byte: E8M0 in the MX formats, E4M3 in NVFP4
//	elements Size·Element.Bits() bits: element i starts at bit i·Element.Bits(), with
//	         bit 0 the lowest of byte 0. So elements of 8 bits are a byte each, four
//	         of 6 bits take three bytes, little endian, and two of 4 bits share a
//	         byte, the first in its low half.
//
// and stands for the values element · scale, in NVFP4 element · scale · tensor, where
// tensor is a scale that all blocks of a tensor share. Values that are missing from
// the last block of a row are zeros.
type Blocks struct {
	Name    string
	Size    int    // values a block
	Element *Float // in MXINT8 the values of its elements, which are two's complement

	nvfp4 bool
}

// Bytes returns the size of a block's packed elements, without the scale.
func (b *Blocks) Bytes() int { return b.Size * b.Element.Bits() / 8 }

// BitsPerValue returns what a value of a full block takes, its part of the scale
// included; NVFP4 has another 32 bits a tensor.
func (b *Blocks) BitsPerValue() float64 { return float64(8*b.Bytes()+8) / float64(b.Size) }

// TensorScale returns the scale of a whole tensor whose largest finite magnitude is
// given: in NVFP4 largest / (6 · 448), rounded to float32; in other formats 1.
func (b *Blocks) TensorScale(largest float32) float32 {
	if !b.nvfp4 {
		return 1
	}
	return largest / nvfp4Range
}

// Scale returns the value of a block's scale.
func (b *Blocks) Scale(scale byte) float32 {
	if b.nvfp4 {
		return E4M3.Decode(uint16(scale))
	}
	return E8M0(scale).Float32()
}

// Encode writes the elements of a block of at most Size values into packed, of
// length Bytes, and returns the scale. Elements are v / scale, in NVFP4
// v / (scale · tensor) with each operation rounded to float32, rounded to nearest,
// ties to even, and saturated. They are zeros, with the sign of v, where the divisor
// is zero. A block with a NaN or an Inf takes the scale NaN, and zero elements.
// The MX formats ignore tensor.
func (b *Blocks) Encode(packed []byte, values []float32, tensor float32) (scale byte) {
	return b.encode(packed, values, tensor, nil)
}

// EncodeStochastic is Encode with the elements rounded stochastically, by one
// element of random for each value: see [Float.EncodeStochastic]. In the MX formats of
// floating-point elements a scale is twice that of Encode where the largest value would
// saturate with that: so all are rounded without bias. In NVFP4, whose scales are
// Encode's, the largest value of a block saturates where its scale was rounded down, and
// in MXINT8 where it is past 127/64 times its scale.
func (b *Blocks) EncodeStochastic(packed []byte, values []float32, tensor float32, random []uint32) (scale byte) {
	if len(random) != len(values) {
		panic(fmt.Sprintf("numeric: %d random numbers for %d values", len(random), len(values)))
	}
	return b.encode(packed, values, tensor, random)
}

// Decode works out the first values of a block: element · scale · tensor, from left
// to right, with each product rounded to float32. Where the scale is NaN, all are.
// The MX formats ignore tensor.
func (b *Blocks) Decode(values []float32, packed []byte, scale byte, tensor float32) {
	b.check(packed, values)
	s := b.Scale(scale)
	for i := range values {
		v := b.decodeElement(b.Element.Get(packed, i)) * s
		if b.nvfp4 {
			v *= tensor
		}
		values[i] = v
	}
}

func (b *Blocks) encode(packed []byte, values []float32, tensor float32, random []uint32) byte {
	b.check(packed, values)
	clear(packed)
	largest := largestMagnitude(values)
	if !(largest <= math.MaxFloat32) {
		return b.scaleNaN()
	}
	scale := b.scaleOf(largest, tensor, random != nil)
	divisor := b.divisor(scale, tensor)
	for i, v := range values {
		var code uint16
		if q := quotient(v, divisor); random == nil {
			code = b.Element.Encode(q, Saturate)
		} else {
			code = b.Element.EncodeStochastic(q, random[i], Saturate)
		}
		b.Element.Put(packed, i, b.encodeElement(code))
	}
	return scale
}

func (b *Blocks) check(packed []byte, values []float32) {
	if len(packed) != b.Bytes() || len(values) > b.Size {
		panic(fmt.Sprintf("numeric: %s block of %d bytes for %d values, want %d for at most %d",
			b.Name, len(packed), len(values), b.Bytes(), b.Size))
	}
}

// largestMagnitude returns the largest |v|, or NaN if there is one.
func largestMagnitude(values []float32) float32 {
	largest := uint32(0) // as bits: they are in the order of the magnitudes, NaNs last
	for _, v := range values {
		largest = max(largest, math.Float32bits(v)&^float32Sign)
	}
	return math.Float32frombits(largest)
}

// scaleOf returns the scale of a block with the given largest magnitude, for nearest
// or for stochastic rounding.
func (b *Blocks) scaleOf(largest, tensor float32, stochastic bool) byte {
	if b.nvfp4 {
		return nvfp4Scale(largest, tensor)
	}
	return byte(mxScale(largest, b.Element, stochastic))
}

func (b *Blocks) scaleNaN() byte {
	if b.nvfp4 {
		return byte(E4M3.nan(float32NaN()))
	}
	return byte(E8M0NaN)
}

// divisor returns what the values of a block are divided by.
func (b *Blocks) divisor(scale byte, tensor float32) float32 {
	if b.nvfp4 {
		return b.Scale(scale) * tensor
	}
	return b.Scale(scale)
}

// quotient returns v / divisor, or zero where the divisor is.
func quotient(v, divisor float32) float32 {
	if divisor == 0 {
		return v * 0
	}
	return v / divisor
}

// encodeElement makes of a code of Element what is packed, decodeElement of what is
// packed a value. They differ in MXINT8 alone, whose integers the code has as sign
// and magnitude.
func (b *Blocks) encodeElement(code uint16) uint16 {
	if b.Element != fixed8 {
		return code
	}
	if code&fixed8.sign() != 0 {
		return uint16(uint8(-(code &^ fixed8.sign())))
	}
	return code
}

func (b *Blocks) decodeElement(code uint16) float32 {
	if b.Element != fixed8 {
		return b.Element.Decode(code)
	}
	return float32(int8(code)) * fixed8.Smallest()
}
