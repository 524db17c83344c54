package kernel

import "github.com/mlodyssey/odyssey/numeric"

// What no format of package numeric has, or no scale of a tensor is, goes through that
// package itself.

func encodeBlocksSlowly(codes, scales []byte, x []float32, b *numeric.Blocks, tensor float32, random []uint32) {
	for i := range scales {
		lo, hi := i*b.Size, min((i+1)*b.Size, len(x))
		to := codes[i*b.Bytes():][:b.Bytes()]
		if random == nil {
			scales[i] = b.Encode(to, x[lo:hi], tensor)
		} else {
			scales[i] = b.EncodeStochastic(to, x[lo:hi], tensor, random[lo:hi])
		}
	}
}

func decodeBlocksSlowly(dst []float32, codes, scales []byte, b *numeric.Blocks, tensor float32) {
	for i, scale := range scales {
		lo, hi := i*b.Size, min((i+1)*b.Size, len(dst))
		b.Decode(dst[lo:hi], codes[i*b.Bytes():][:b.Bytes()], scale, tensor)
	}
}

func roundBlocksSlowly(dst, x []float32, b *numeric.Blocks, tensor float32, random []uint32) {
	codes, scale := make([]byte, b.Bytes()), make([]byte, 1)
	for lo := 0; lo < len(x); lo += b.Size {
		hi := min(lo+b.Size, len(x))
		encodeBlocksSlowly(codes, scale, x[lo:hi], b, tensor, part(random, lo, hi))
		decodeBlocksSlowly(dst[lo:hi], codes, scale, b, tensor)
	}
}

func roundLanesSlowly(dst, x []float32, b *numeric.Blocks, tensor []float32, random []uint32) {
	lanes := len(tensor)
	row, words := make([]float32, len(x)/lanes), []uint32(nil)
	if random != nil {
		words = make([]uint32, len(row))
	}
	for l, scale := range tensor {
		for i := range row {
			row[i] = x[i*lanes+l]
		}
		for i := range words {
			words[i] = random[i*lanes+l]
		}
		roundBlocksSlowly(row, row, b, scale, words)
		for i, v := range row {
			dst[i*lanes+l] = v
		}
	}
}
