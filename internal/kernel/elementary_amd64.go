package kernel

import "unsafe"

// functionFast32 computes in assembly, or returns false. The slices have one
// length.
func functionFast32(f function, dst, x []float32) bool {
	to, from, n := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst)
	switch active {
	case avx512:
		switch f {
		case fnExp:
			exp32AVX512(to, from, n)
		case fnLog:
			log32AVX512(to, from, n)
		case fnTanh:
			tanh32AVX512(to, from, n)
		case fnSigmoid:
			sigmoid32AVX512(to, from, n)
		case fnErf:
			erf32AVX512(to, from, n)
		}
	case avx2:
		switch f {
		case fnExp:
			exp32AVX2(to, from, n)
		case fnLog:
			log32AVX2(to, from, n)
		case fnTanh:
			tanh32AVX2(to, from, n)
		case fnSigmoid:
			sigmoid32AVX2(to, from, n)
		case fnErf:
			erf32AVX2(to, from, n)
		}
	default:
		return false
	}
	return true
}

// functionFast64 computes in assembly, or returns false. The slices have one
// length.
func functionFast64(f function, dst, x []float64) bool {
	to, from, n := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst)
	switch active {
	case avx512:
		switch f {
		case fnExp:
			exp64AVX512(to, from, n)
		case fnLog:
			log64AVX512(to, from, n)
		case fnTanh:
			tanh64AVX512(to, from, n)
		case fnSigmoid:
			sigmoid64AVX512(to, from, n)
		case fnErf:
			erf64AVX512(to, from, n)
		}
	case avx2:
		switch f {
		case fnExp:
			exp64AVX2(to, from, n)
		case fnLog:
			log64AVX2(to, from, n)
		case fnTanh:
			tanh64AVX2(to, from, n)
		case fnSigmoid:
			sigmoid64AVX2(to, from, n)
		case fnErf:
			erf64AVX2(to, from, n)
		}
	default:
		return false
	}
	return true
}
