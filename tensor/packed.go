package tensor

import (
	"encoding/binary"
	"math"

	"github.com/mlodyssey/odyssey/numeric"
)

// Packed types hold their elements as codes of few bits, whose values package numeric
// defines. They are for storage: a packed tensor lies row by row, has no views but
// Reshape, and its elements are had by Convert. Elements follow each other without gaps,
// the first in the lowest bits, in whole bytes at the end. In types with blocks each row,
// along the last axis, is cut into blocks, the last one filled up with zeros.

// packed is the storage of a packed type.
type packed struct {
	codes  []byte
	scales []byte  // of each block
	scale  float32 // of the tensor
}

// IsPacked reports whether the type is a packed one.
func (d DType) IsPacked() bool { return Float16 <= d && d <= NVFP4 }

// Float returns the format of a packed type without blocks, else nil.
func (d DType) Float() *numeric.Float { return dtypes[d].float }

// Blocks returns the format of a packed type with blocks, else nil.
func (d DType) Blocks() *numeric.Blocks { return dtypes[d].blocks }

// Bytes returns how many bytes a tensor takes, with all scales.
func (s Spec) Bytes() int {
	switch b := s.DType.Blocks(); {
	case b != nil:
		n := blockCount(b, s.Shape) * (b.Bytes() + 1)
		if s.DType == NVFP4 {
			n += 4
		}
		return n
	case s.DType.Float() != nil:
		return (s.Elements()*s.DType.Float().Bits() + 7) / 8
	}
	return s.Elements() * s.DType.Size()
}

// blockCount returns how many blocks hold the rows of a shape.
func blockCount(b *numeric.Blocks, shape []int) int {
	row := rowLength(shape)
	if row == 0 {
		return 0
	}
	return Elements(shape) / row * ((row + b.Size - 1) / b.Size)
}

// rowLength returns the size of the last axis, 1 for a scalar.
func rowLength(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[len(shape)-1]
}

func newPacked(d DType, shape []int) *Tensor {
	p := &packed{}
	if b := d.Blocks(); b != nil {
		n := blockCount(b, shape)
		p.codes, p.scales = make([]byte, n*b.Bytes()), make([]byte, n)
	} else {
		p.codes = make([]byte, Spec{d, shape}.Bytes())
	}
	return &Tensor{dtype: d, shape: shape, strides: rowMajor(shape), data: p}
}

// wantUnpacked panics for a packed tensor, which has no such view.
func (t *Tensor) wantUnpacked(op string) {
	if t.dtype.IsPacked() {
		Fail(op, []Spec{t.Spec()}, "a packed tensor has no views: Convert it first")
	}
}

// Packing is how numbers become elements of a packed type. The zero value rounds to the
// nearest, ties to even, and makes numbers that are too large the largest there is.
type Packing struct {
	Overflow numeric.Overflow   // of types without blocks, whose blocks saturate
	Random   func(i int) uint32 // where it is not nil, rounds element i stochastically by its bits
}

// Pack returns a tensor's elements, as float32, in a packed type. Convert does so too, with
// the nearest and, in float16 and bfloat16, with Inf for what is too large.
func Pack(x *Tensor, d DType, p Packing) *Tensor {
	if !d.IsPacked() {
		Fail("tensor.Pack", []Spec{x.Spec()}, "%v is not a packed type", d)
	}
	t := New(d, x.shape...)
	values := Data[float32](x.Convert(Float32))
	if f := d.Float(); f != nil {
		packFloats(t.data.(*packed).codes, values, f, p)
	} else {
		packBlocks(t.data.(*packed), values, rowLength(x.shape), d.Blocks(), p)
	}
	return t
}

func packFloats(codes []byte, values []float32, f *numeric.Float, p Packing) {
	for i, v := range values {
		code := uint16(0)
		if p.Random == nil {
			code = f.Encode(v, p.Overflow)
		} else {
			code = f.EncodeStochastic(v, p.Random(i), p.Overflow)
		}
		f.Put(codes, i, code)
	}
}

func packBlocks(to *packed, values []float32, row int, b *numeric.Blocks, p Packing) {
	if b == numeric.NVFP4 {
		to.scale = b.TensorScale(largestFinite(values))
	}
	random := make([]uint32, b.Size)
	block := 0
	for first := 0; first < len(values); first += row {
		for lo := 0; lo < row; lo += b.Size {
			n := min(b.Size, row-lo)
			codes, some := to.codes[block*b.Bytes():][:b.Bytes()], values[first+lo:][:n]
			if p.Random == nil {
				to.scales[block] = b.Encode(codes, some, to.scale)
			} else {
				for i := range n {
					random[i] = p.Random(first + lo + i)
				}
				to.scales[block] = b.EncodeStochastic(codes, some, to.scale, random[:n])
			}
			block++
		}
	}
}

// largestFinite returns the largest finite magnitude.
func largestFinite(values []float32) (largest float32) {
	for _, v := range values {
		if v = float32(math.Abs(float64(v))); v <= math.MaxFloat32 {
			largest = max(largest, v)
		}
	}
	return largest
}

// unpack sets dst to the elements of a packed tensor.
func unpack(dst []float32, t *Tensor) {
	from := t.data.(*packed)
	if f := t.dtype.Float(); f != nil {
		for i := range dst {
			dst[i] = f.Decode(f.Get(from.codes, i))
		}
		return
	}
	b, row, block := t.dtype.Blocks(), rowLength(t.shape), 0
	for first := 0; first < len(dst); first += row {
		for lo := 0; lo < row; lo += b.Size {
			b.Decode(dst[first+lo:][:min(b.Size, row-lo)], from.codes[block*b.Bytes():][:b.Bytes()], from.scales[block], from.scale)
			block++
		}
	}
}

func (p *packed) copyFrom(src *packed) {
	copy(p.codes, src.codes)
	copy(p.scales, src.scales)
	p.scale = src.scale
}

// appendTo appends the codes, the scales of the blocks and, in NVFP4, that of the tensor.
func (p *packed) appendTo(b []byte, d DType) []byte {
	b = append(append(b, p.codes...), p.scales...)
	if d == NVFP4 {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(p.scale))
	}
	return b
}

// setBytes is the inverse of appendTo.
func (p *packed) setBytes(d DType, b []byte) {
	b = b[copy(p.codes, b):]
	b = b[copy(p.scales, b):]
	if d == NVFP4 {
		p.scale = math.Float32frombits(binary.LittleEndian.Uint32(b))
	}
}
