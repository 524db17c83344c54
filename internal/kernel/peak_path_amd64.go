package kernel

import "unsafe"

// peakFast runs peak in assembly and returns how many elements that computes, or
// 0 where there is none.
func peakFast(x []float32, rounds int) (elements int) {
	half := float32(0.5)
	switch active {
	case avx512:
		peakAVX512(unsafe.SliceData(x), &half, rounds)
		return peakChains * Lanes
	case avx2:
		peakAVX2(unsafe.SliceData(x), &half, rounds)
		return peakChains / 2 * Lanes / 2 // 12 registers of 8 lanes
	}
	return 0
}
