package kernel

import "github.com/mlodyssey/odyssey/random"

// Words sets dst to random words: those of the positions from first on of a row. The
// word of position p of row r is word p%4 of
//
//	random.Philox({p/4, r, counter, counter>>32}, {seed, seed>>32})
//
// in which each takes its low 32 bits.
func Words(dst []uint32, seed, counter uint64, row uint32, first int) {
	head := min(-first&3, len(dst)) // up to the first of four that have one counter
	words(dst[:head], 1, seed, counter, row, first)
	done := head + wordsFast(dst[head:], newWordState(seed, counter, row, first+head))
	words(dst[done:], 1, seed, counter, row, first+done)
}

// WordsLanes sets dst to the words of the positions from first on of so many rows, 8 or
// 16, from row on, side by side: dst[i*lanes+l] is that of position first+i of row+l.
func WordsLanes(dst []uint32, lanes int, seed, counter uint64, row uint32, first int) {
	wantLanes(lanes, len(dst), len(dst))
	head := min(-first&3, len(dst)/lanes)
	wordsLanes(dst[:head*lanes], lanes, seed, counter, row, first)
	done := head + wordsLanesFast(dst[head*lanes:], lanes, newWordState(seed, counter, row, first+head))
	wordsLanes(dst[done*lanes:], lanes, seed, counter, row, first+done)
}

func wordsLanes(dst []uint32, lanes int, seed, counter uint64, row uint32, first int) {
	for l := range min(lanes, len(dst)) {
		words(dst[l:], lanes, seed, counter, row+uint32(l), first)
	}
}

// newWordState returns what the assembly reads: where a dropout has the upper half of a
// place, words have their row.
func newWordState(seed, counter uint64, row uint32, first int) dropState {
	s := newDropState(seed, counter, first, 0, 0)
	s[dropRow] = uint64(row)
	return s
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
