package kernel

import "unsafe"

// The functions of this file compute in assembly, or report false. None takes
// an empty slice where the portable code does not.

func shiftExpFast(y, x, top, sums []float32) bool {
	to, from, shift, sum := unsafe.SliceData(y), unsafe.SliceData(x), unsafe.SliceData(top), unsafe.SliceData(sums)
	switch active {
	case avx512:
		shiftExp32AVX512(to, from, len(x), shift, sum)
	case avx2:
		shiftExp32AVX2(to, from, len(x), shift, sum)
	default:
		return false
	}
	return true
}

func scaleByFast(y, by []float32) bool {
	to, factors := unsafe.SliceData(y), unsafe.SliceData(by)
	switch active {
	case avx512:
		scaleBy32AVX512(to, len(y), factors)
	case avx2:
		scaleBy32AVX2(to, len(y), factors)
	default:
		return false
	}
	return true
}

func squaresFast(sums, x []float32, mean float32) bool {
	to, from := unsafe.SliceData(sums), unsafe.SliceData(x)
	switch active {
	case avx512:
		squares32AVX512(to, from, len(x), mean)
	case avx2:
		squares32AVX2(to, from, len(x), mean)
	default:
		return false
	}
	return true
}

func normaliseFast(y, x, gain, bias []float32, mean, scale float32) bool {
	to, from, g, b := unsafe.SliceData(y), unsafe.SliceData(x), unsafe.SliceData(gain), unsafe.SliceData(bias)
	switch active {
	case avx512:
		normalise32AVX512(to, from, g, b, len(x), mean, scale)
	case avx2:
		normalise32AVX2(to, from, g, b, len(x), mean, scale)
	default:
		return false
	}
	return true
}

func normGradSumsFast(sums, dgain, dbias, x, g, gain []float32, mean, scale float32) bool {
	to, dg, db := unsafe.SliceData(sums), unsafe.SliceData(dgain), unsafe.SliceData(dbias)
	row, up, factors := unsafe.SliceData(x), unsafe.SliceData(g), unsafe.SliceData(gain)
	switch active {
	case avx512:
		normGradSums32AVX512(to, dg, db, row, up, factors, len(x), mean, scale)
	case avx2:
		normGradSums32AVX2(to, dg, db, row, up, factors, len(x), mean, scale)
	default:
		return false
	}
	return true
}

func normGradRowFast(dx, x, g, gain []float32, mean, scale, level, share float32) {
	to, row, up, factors := unsafe.SliceData(dx), unsafe.SliceData(x), unsafe.SliceData(g), unsafe.SliceData(gain)
	if active == avx512 {
		normGradRow32AVX512(to, row, up, factors, len(x), mean, scale, level, share)
	} else {
		normGradRow32AVX2(to, row, up, factors, len(x), mean, scale, level, share)
	}
}
