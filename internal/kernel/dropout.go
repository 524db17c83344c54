package kernel

import "github.com/mlodyssey/odyssey/random"

// Dropout sets y to 0 with probability p, else to x/(1-p). Element i of the
// slices is element first+i of the whole, and what happens to it depends on
// that, the seed and the counter alone.
func Dropout[T Float](y, x []T, p float64, seed, counter uint64, first int) {
	key := [2]uint32{uint32(seed), uint32(seed >> 32)}
	limit := uint64(p * (1 << 32)) // a word below it drops its element
	scale := T(1 / (1 - p))
	var words [4]uint32
	for i := range y {
		at := uint64(first + i)
		if i == 0 || at%4 == 0 {
			words = random.Philox([4]uint32{uint32(at / 4), uint32(at / 4 >> 32), uint32(counter), uint32(counter >> 32)}, key)
		}
		v := x[i] * scale
		if uint64(words[at%4]) < limit {
			v = 0
		}
		y[i] = v
	}
}
