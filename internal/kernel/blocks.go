package kernel

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/numeric"
)

// EncodeBlocks packs a row: the blocks that its values make one after another, the last
// of which may be short and is filled up with zeros. codes takes b.Bytes() a block,
// scales a byte. random is nil, which rounds to the nearest, or has a word for each
// value, as b.EncodeStochastic wants it.
func EncodeBlocks(codes, scales []byte, x []float32, b *numeric.Blocks, tensor float32, random []uint32) {
	codes, scales = wantBlocks(codes, scales, len(x), b)
	random = wantRandom(random, len(x))
	s, ok := newBlockState(b, tensor, random != nil)
	if !ok {
		encodeBlocksSlowly(codes, scales, x, b, tensor, random)
		return
	}
	if b.Element.Bits() == 8 {
		encodeRow(codes, scales, x, random, b.Size, &s)
		return
	}
	var buffer [chunk]byte
	for lo := 0; lo < len(x); lo += chunk {
		hi := min(lo+chunk, len(x))
		first, end := lo/b.Size, (hi+b.Size-1)/b.Size
		some := buffer[:(end-first)*b.Size]
		encodeRow(some, scales[first:end], x[lo:hi], part(random, lo, hi), b.Size, &s)
		packCodes(codes[first*b.Bytes():end*b.Bytes()], some, b.Element.Bits())
	}
}

// DecodeBlocks sets dst to the values of a row that EncodeBlocks packed.
func DecodeBlocks(dst []float32, codes, scales []byte, b *numeric.Blocks, tensor float32) {
	codes, scales = wantBlocks(codes, scales, len(dst), b)
	if !isKnown(b) {
		decodeBlocksSlowly(dst, codes, scales, b, tensor)
		return
	}
	s, bits := newElementState(b), b.Element.Bits()
	if b != numeric.NVFP4 {
		tensor = 1
	}
	var buffer [chunk]byte
	for lo := 0; lo < len(dst); lo += chunk {
		hi := min(lo+chunk, len(dst))
		first, end := lo/b.Size, (hi+b.Size-1)/b.Size
		some := codes[first*b.Bytes() : end*b.Bytes()]
		if bits < 8 {
			unpackCodes(buffer[:(end-first)*b.Size], some, bits)
			some = buffer[:]
		}
		decodeRow(dst[lo:hi], some, scales[first:end], b, tensor, &s)
	}
}

// RoundBlocks sets dst to what DecodeBlocks makes of what EncodeBlocks makes of x. dst
// may be x.
func RoundBlocks(dst, x []float32, b *numeric.Blocks, tensor float32, random []uint32) {
	x = x[:len(dst)]
	random = wantRandom(random, len(x))
	s, ok := newBlockState(b, tensor, random != nil)
	if !ok {
		roundBlocksSlowly(dst, x, b, tensor, random)
		return
	}
	whole := len(x) / b.Size * b.Size
	if !roundBlocksFast(dst, x[:whole], whole/b.Size, random, &s) {
		whole = 0
	}
	for lo := whole; lo < len(x); lo += b.Size {
		hi := min(lo+b.Size, len(x))
		s.roundOne(dst[lo:hi], x[lo:hi], b.Size, part(random, lo, hi))
	}
}

// roundOne rounds a block that may be short: with zeros behind it where there is
// assembly, since many a row is shorter than a block.
func (s *blockState) roundOne(dst, x []float32, size int, random []uint32) {
	var values [largestBlock]float32
	var words [largestBlock]uint32
	copy(values[:], x)
	copy(words[:], random)
	whole, drawn := values[:size], words[:]
	if random == nil {
		drawn = nil
	}
	if !roundBlocksFast(whole, whole, 1, drawn, s) {
		s.round(dst, x, 1, random)
		return
	}
	copy(dst, whole)
}

// RoundBlockLanes is RoundBlocks for one block of each of so many examples, 8 or 16,
// that lie side by side: value i of example l is x[i*lanes+l]. tensor has a scale for
// each example, or is nil where all are 1. random has words in the places of the values,
// or is nil. dst may be x.
func RoundBlockLanes(dst, x []float32, lanes int, b *numeric.Blocks, tensor []float32, random []uint32) {
	x = x[:len(dst)]
	wantLanes(lanes, len(x), b.Size)
	random = wantRandom(random, len(x))
	if tensor == nil {
		tensor = ones[:]
	}
	wantLen("tensor", len(tensor), lanes)
	tensor = tensor[:lanes]
	s, ok := newBlockState(b, 1, random != nil)
	for _, scale := range tensor {
		ok = ok && (b != numeric.NVFP4 || isTensorScale(scale))
	}
	switch {
	case !ok:
		roundLanesSlowly(dst, x, b, tensor, random)
	case !roundLanesFast(dst, x, lanes, tensor, random, &s):
		for l, scale := range tensor {
			s.setTensor(scale)
			if l < len(x) {
				s.round(dst[l:], x[l:], lanes, part(random, l, len(x)))
			}
		}
	}
}

var ones = [16]float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}

// encodeRow encodes blocks of a size, each element in a byte.
func encodeRow(codes, scales []byte, x []float32, random []uint32, size int, s *blockState) {
	whole := len(x) / size
	if !encodeBlocksFast(codes, scales[:whole], x, random, s) {
		whole = 0
	}
	for i := whole; i < len(scales); i++ {
		lo, hi := i*size, min((i+1)*size, len(x))
		scales[i] = s.encode(codes[lo:][:size], x[lo:hi], part(random, lo, hi))
	}
}

// decodeRow decodes blocks that have each element in a byte: at most chunk values.
func decodeRow(dst []float32, codes, scales []byte, b *numeric.Blocks, tensor float32, s *decodeState) {
	var values [chunk / smallestBlock]float32
	table := scaleTable(b)
	for i, scale := range scales {
		values[i] = table[scale]
	}
	whole := len(dst) / b.Size
	if !decodeBlocksFast(dst, codes, values[:whole], tensor, b.Size, s) {
		whole = 0
	}
	for i := whole * b.Size; i < len(dst); i++ {
		dst[i] = s.decode(uint32(codes[i])) * values[i/b.Size] * tensor
	}
}

const smallestBlock, largestBlock = 16, 32

// scaleTable returns the values of all scales.
func scaleTable(b *numeric.Blocks) *[256]float32 {
	if b == numeric.NVFP4 {
		return &nvfp4Scales
	}
	return &mxScales
}

var nvfp4Scales, mxScales = valuesOfScales(numeric.NVFP4), valuesOfScales(numeric.MXFP4)

func valuesOfScales(b *numeric.Blocks) (values [256]float32) {
	for scale := range values {
		values[scale] = b.Scale(byte(scale))
	}
	return values
}

// part returns random[lo:hi], or nil where there is none.
func part(random []uint32, lo, hi int) []uint32 {
	if random == nil {
		return nil
	}
	return random[lo:hi]
}

// wantRandom returns the words of n values, or nil where there are none.
func wantRandom(random []uint32, n int) []uint32 {
	if random == nil {
		return nil
	}
	wantLen("random", len(random), n)
	return random[:n]
}

// wantBlocks returns what the blocks of a row take.
func wantBlocks(codes, scales []byte, row int, b *numeric.Blocks) (_, _ []byte) {
	n := (row + b.Size - 1) / b.Size
	wantLen("codes", len(codes), n*b.Bytes())
	wantLen("scales", len(scales), n)
	return codes[:n*b.Bytes()], scales[:n]
}

// wantLanes panics unless n values lie in 8 or 16 lanes, in at most so many positions.
func wantLanes(lanes, n, positions int) {
	if lanes != 8 && lanes != 16 || n%lanes != 0 || n/lanes > positions {
		panic(fmt.Sprintf("kernel: %d values in %d lanes, want 8 or 16 lanes of at most %d values each", n, lanes, positions))
	}
}

// isTensorScale reports whether a scale of a tensor is none that only a mistake makes.
func isTensorScale(scale float32) bool { return scale >= 0 && scale <= math.MaxFloat32 }
