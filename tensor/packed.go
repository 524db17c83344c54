package tensor

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
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
	scale  float32 // of the tensor, 1 in MX formats
}

// Packed returns the storage of a packed tensor, which it shares: the codes, the scales of
// the blocks, and the scale of the tensor, which is 1 where there is none.
func Packed(t *Tensor) (codes, scales []byte, scale float32) {
	p, ok := t.data.(*packed)
	if !ok {
		Fail("tensor.Packed", []Spec{t.Spec()}, "want a packed tensor")
	}
	return p.codes, p.scales, p.scale
}

// SetScale sets the scale of a tensor: in NVFP4, where it is part of Bytes and SetBytes, or
// in a packed type without blocks. There each element is the value of its code times the
// scale, rounded to float32; it is 1 at first, and part of neither.
func (t *Tensor) SetScale(scale float32) {
	if t.dtype.Float() == nil && t.dtype != NVFP4 {
		Fail("Tensor.SetScale", []Spec{t.Spec()}, "want a packed type with a scale of the tensor")
	}
	t.data.(*packed).scale = scale
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
	p := &packed{scale: 1}
	if d == NVFP4 {
		p.scale = 0
	}
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
	Scale    float32            // of the tensor, in types without blocks: the numbers are divided by it first; 0: 1
}

// Pack returns a tensor's elements, as float32, in a packed type. Convert does so too, with
// the nearest and, in float16 and bfloat16, with Inf for what is too large.
func Pack(x *Tensor, d DType, p Packing) *Tensor {
	if !d.IsPacked() {
		Fail("tensor.Pack", []Spec{x.Spec()}, "%v is not a packed type", d)
	}
	t := New(d, x.shape...)
	if x.dtype != Float32 {
		x = x.Convert(Float32)
	}
	to, values := t.data.(*packed), Data[float32](x.Contiguous())
	f := d.Float()
	if f == nil {
		packBlocks(to, values, rowLength(x.shape), d.Blocks(), p)
		return t
	}
	if to.scale = cmp.Or(p.Scale, 1); to.scale != 1 {
		values = slices.Clone(values)
		for i := range values {
			values[i] /= to.scale
		}
	}
	packFloats(to.codes, values, f, p)
	return t
}

// packGrain is how many values are packed at a time: of any type, what they take is
// whole bytes.
const packGrain = 1 << 14

// inGrains calls body with parts of n values, on all processors.
func inGrains(n int, body func(lo, hi int)) {
	parallel.For((n+packGrain-1)/packGrain, 1, func(lo, hi int) { body(lo*packGrain, min(hi*packGrain, n)) })
}

func packFloats(codes []byte, values []float32, f *numeric.Float, p Packing) {
	if p.Random != nil {
		for i, v := range values {
			f.Put(codes, i, f.EncodeStochastic(v, p.Random(i), p.Overflow))
		}
		return
	}
	inGrains(len(values), func(lo, hi int) {
		kernel.EncodeFloat(codes[lo*f.Bits()/8:], values[lo:hi], f, p.Overflow)
	})
}

func packBlocks(to *packed, values []float32, row int, b *numeric.Blocks, p Packing) {
	if b == numeric.NVFP4 {
		to.scale = b.TensorScale(kernel.LargestFinite(values))
	}
	l := newBlockLayout(b, len(values), row)
	pack := func(lo, hi int) {
		l.runs(lo, hi, func(block, first, end int) {
			kernel.EncodeBlocks(to.codes[block*b.Bytes():], to.scales[block:], values[first:end], b, to.scale, p.words(first, end))
		})
	}
	if p.Random == nil {
		parallel.For(l.blocks, l.grain, pack)
		return
	}
	for lo := 0; lo < l.blocks; lo += l.grain { // in order, as Random may mind it
		pack(lo, min(lo+l.grain, l.blocks))
	}
}

// words returns the random bits of some elements, or nil to round to the nearest.
func (p Packing) words(first, end int) []uint32 {
	if p.Random == nil {
		return nil
	}
	words := make([]uint32, end-first)
	for i := range words {
		words[i] = p.Random(first + i)
	}
	return words
}

// blockLayout is where the blocks of a tensor lie among its values.
type blockLayout struct {
	row, size int // values
	perRow    int // blocks
	blocks    int
	grain     int // blocks to do at a time
}

func newBlockLayout(b *numeric.Blocks, values, row int) blockLayout {
	if row > 0 && row%b.Size == 0 {
		row = values // no block is filled up: all rows are like one
	}
	l := blockLayout{row: row, size: b.Size, perRow: (row + b.Size - 1) / b.Size, grain: packGrain / b.Size}
	if values > 0 {
		l.blocks = values / row * l.perRow
	}
	return l
}

// runs calls body with blocks lo to hi: those of a row at a time, with the first block
// and where its values begin and end.
func (l blockLayout) runs(lo, hi int, body func(block, first, end int)) {
	for lo < hi {
		row, at := lo/l.perRow, lo%l.perRow
		n := min(l.perRow-at, hi-lo)
		body(lo, row*l.row+at*l.size, row*l.row+min((at+n)*l.size, l.row))
		lo += n
	}
}

// unpack sets dst to the elements of a packed tensor.
func unpack(dst []float32, t *Tensor) {
	from := t.data.(*packed)
	if f := t.dtype.Float(); f != nil {
		inGrains(len(dst), func(lo, hi int) {
			kernel.DecodeFloat(dst[lo:hi], from.codes[lo*f.Bits()/8:], f)
			if from.scale != 1 {
				kernel.MulScalar(dst[lo:hi], dst[lo:hi], from.scale)
			}
		})
		return
	}
	b := t.dtype.Blocks()
	l := newBlockLayout(b, len(dst), rowLength(t.shape))
	parallel.For(l.blocks, l.grain, func(lo, hi int) {
		l.runs(lo, hi, func(block, first, end int) {
			kernel.DecodeBlocks(dst[first:end], from.codes[block*b.Bytes():], from.scales[block:], b, from.scale)
		})
	})
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
