package kernel

import (
	"fmt"

	"github.com/mlodyssey/odyssey/numeric"
)

// EncodeBlocks packs a row: the blocks that its values make one after another, the last
// of which may be short and is filled up with zeros. codes takes b.Bytes() a block,
// scales a byte. random is nil, which rounds to the nearest, or has a word for each
// value, as b.EncodeStochastic wants it.
func EncodeBlocks(codes, scales []byte, x []float32, b *numeric.Blocks, tensor float32, random []uint32) {
	wantBlocks(codes, scales, len(x), b)
	if random != nil {
		wantLen("random", len(random), len(x))
	}
	for i := 0; i*b.Size < len(x); i++ {
		lo, hi := i*b.Size, min((i+1)*b.Size, len(x))
		to := codes[i*b.Bytes():][:b.Bytes()]
		if random == nil {
			scales[i] = b.Encode(to, x[lo:hi], tensor)
		} else {
			scales[i] = b.EncodeStochastic(to, x[lo:hi], tensor, random[lo:hi])
		}
	}
}

// DecodeBlocks sets dst to the values of a row that EncodeBlocks packed.
func DecodeBlocks(dst []float32, codes, scales []byte, b *numeric.Blocks, tensor float32) {
	wantBlocks(codes, scales, len(dst), b)
	for i := 0; i*b.Size < len(dst); i++ {
		b.Decode(dst[i*b.Size:min((i+1)*b.Size, len(dst))], codes[i*b.Bytes():][:b.Bytes()], scales[i], tensor)
	}
}

// RoundBlocks sets dst to what DecodeBlocks makes of what EncodeBlocks makes of x. dst
// may be x.
func RoundBlocks(dst, x []float32, b *numeric.Blocks, tensor float32, random []uint32) {
	x = x[:len(dst)]
	if random != nil {
		wantLen("random", len(random), len(x))
	}
	codes, scale := make([]byte, b.Bytes()), make([]byte, 1)
	for lo := 0; lo < len(x); lo += b.Size {
		hi := min(lo+b.Size, len(x))
		var words []uint32
		if random != nil {
			words = random[lo:hi]
		}
		EncodeBlocks(codes, scale, x[lo:hi], b, tensor, words)
		DecodeBlocks(dst[lo:hi], codes, scale, b, tensor)
	}
}

// RoundBlockLanes is RoundBlocks for one block of each of so many examples, 8 or 16,
// that lie side by side: value i of example l is x[i*lanes+l]. tensor has a scale for
// each example, or is nil where all are 1. random has words in the places of the values,
// or is nil. dst may be x.
func RoundBlockLanes(dst, x []float32, lanes int, b *numeric.Blocks, tensor []float32, random []uint32) {
	x = x[:len(dst)]
	wantLanes(lanes, len(x), b.Size)
	if tensor != nil {
		wantLen("tensor", len(tensor), lanes)
	}
	if random != nil {
		wantLen("random", len(random), len(x))
	}
	row, words := make([]float32, len(x)/lanes), make([]uint32, len(x)/lanes)
	for l := range lanes {
		scale := float32(1)
		if tensor != nil {
			scale = tensor[l]
		}
		for i := range row {
			row[i] = x[i*lanes+l]
		}
		if random == nil {
			RoundBlocks(row, row, b, scale, nil)
		} else {
			for i := range words {
				words[i] = random[i*lanes+l]
			}
			RoundBlocks(row, row, b, scale, words)
		}
		for i, v := range row {
			dst[i*lanes+l] = v
		}
	}
}

// wantBlocks panics unless there is room for the blocks of a row.
func wantBlocks(codes, scales []byte, row int, b *numeric.Blocks) {
	n := (row + b.Size - 1) / b.Size
	wantLen("codes", len(codes), n*b.Bytes())
	wantLen("scales", len(scales), n)
}

// wantLanes panics unless n values lie in 8 or 16 lanes, in at most so many positions.
func wantLanes(lanes, n, positions int) {
	if lanes != 8 && lanes != 16 || n%lanes != 0 || n/lanes > positions {
		panic(fmt.Sprintf("kernel: %d values in %d lanes, want 8 or 16 lanes of at most %d values each", n, lanes, positions))
	}
}
