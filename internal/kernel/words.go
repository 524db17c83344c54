package kernel

import "github.com/mlodyssey/odyssey/random"

// Words sets dst to random words: those of the positions from first on of a row. The
// word of position p of row r is word p%4 of
//
//	random.Philox({p/4, r, counter, counter>>32}, {seed, seed>>32})
//
// in which each takes its low 32 bits.
func Words(dst []uint32, seed, counter uint64, row uint32, first int) {
	words(dst, 1, seed, counter, row, first)
}

// WordsLanes sets dst to the words of the positions from first on of so many rows, 8 or
// 16, from row on, side by side: dst[i*lanes+l] is that of position first+i of row+l.
func WordsLanes(dst []uint32, lanes int, seed, counter uint64, row uint32, first int) {
	wantLanes(lanes, len(dst), len(dst))
	for l := range lanes {
		if l < len(dst) {
			words(dst[l:], lanes, seed, counter, row+uint32(l), first)
		}
	}
}

// words sets elements 0, stride, 2*stride, ... of dst to the words of a row.
func words(dst []uint32, stride int, seed, counter uint64, row uint32, first int) {
	key := [2]uint32{uint32(seed), uint32(seed >> 32)}
	var four [4]uint32
	for i := 0; i < len(dst); i += stride {
		at := uint64(first + i/stride)
		if i == 0 || at%4 == 0 {
			four = random.Philox([4]uint32{uint32(at / 4), row, uint32(counter), uint32(counter >> 32)}, key)
		}
		dst[i] = four[at%4]
	}
}
