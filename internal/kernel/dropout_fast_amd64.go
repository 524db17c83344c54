package kernel

import "unsafe"

// dropoutFast drops elements in assembly and returns how many: a multiple of 4.
func dropoutFast(y, x []float32, s dropState) (done int) {
	to, from := unsafe.SliceData(y), unsafe.SliceData(x)
	switch active {
	case avx512:
		sets := s.wholeSets(len(y), 32)
		dropoutAVX512(to, from, sets, &s[0])
		return 32 * sets
	case avx2:
		sets := s.wholeSets(len(y), 16)
		dropoutAVX2(to, from, sets, &s[0])
		return 16 * sets
	}
	return 0
}
