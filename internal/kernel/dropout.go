package kernel

//go:generate go run -C _asm ./dropout -out ../dropout_amd64.s -stubs ../dropout_amd64.go -pkg kernel

import (
	"math"

	"github.com/mlodyssey/odyssey/random"
)

// Dropout sets y to 0 with probability p, else to x/(1-p). Element i of the
// slices is element first+i of the whole, and what happens to it depends on
// that, the seed and the counter alone.
func Dropout[T Float](y, x []T, p float64, seed, counter uint64, first int) {
	x = x[:len(y)]
	limit := uint32(p * (1 << 32)) // a word below it drops its element
	scale := 1 / (1 - p)
	done := 0
	if isFloat32[T]() {
		done = min(-first&3, len(y)) // up to the first of four that have one counter
		dropout(y[:done], x, limit, T(scale), seed, counter, first)
		done += dropoutFast(asFloat32(y)[done:], asFloat32(x)[done:], newDropState(seed, counter, first+done, limit, float32(scale)))
	}
	dropout(y[done:], x[done:], limit, T(scale), seed, counter, first+done)
}

func dropout[T Float](y, x []T, limit uint32, scale T, seed, counter uint64, first int) {
	key := [2]uint32{uint32(seed), uint32(seed >> 32)}
	var words [4]uint32
	for i := range y {
		at := uint64(first + i)
		if i == 0 || at%4 == 0 {
			words = random.Philox([4]uint32{uint32(at / 4), uint32(at / 4 >> 32), uint32(counter), uint32(counter >> 32)}, key)
		}
		either := [2]T{x[i] * scale, 0} // chosen without a jump, which nobody can foresee
		y[i] = either[(uint64(words[at%4])-uint64(limit))>>63]
	}
}

// dropState is what the assembly reads: round keys, the first place and the
// counter, the limit and the scale, in the places that its generator names.
type dropState [26]uint64

// dropRow is the place of the second word of the counter: the upper half of a place, or
// the row of random words.
const dropRow = 21

func newDropState(seed, counter uint64, first int, limit uint32, scale float32) dropState {
	var s dropState
	for r := range uint32(10) {
		s[2*r] = uint64(uint32(seed) + r*0x9E3779B9)
		s[2*r+1] = uint64(uint32(seed>>32) + r*0xBB67AE85)
	}
	at, twice := uint64(first)/4, uint64(1<<32+1)
	s[20], s[21], s[22], s[23] = at&math.MaxUint32, at>>32, counter&math.MaxUint32, counter>>32
	s[24], s[25] = twice*uint64(limit), twice*uint64(math.Float32bits(scale))
	return s
}

// wholeSets returns how many sets of so many elements n of them have, or 0 where
// the place of one does not fit 32 bits.
func (s *dropState) wholeSets(n, size int) int {
	if s[20]+uint64(n) > math.MaxUint32 {
		return 0
	}
	return n / size
}
