package kernel

import "unsafe"

// The functions of this file compute in assembly, or report that they did not.

// maxOfFast returns the largest element of x, which is not empty.
func maxOfFast(x []float32) (float32, bool) {
	switch active {
	case avx512:
		return maxOf32AVX512(unsafe.SliceData(x), len(x)), true
	case avx2:
		return maxOf32AVX2(unsafe.SliceData(x), len(x)), true
	}
	return 0, false
}

// findFast returns the index of the first v, or NaN where it is one.
func findFast(x []float32, v float32) (int, bool) {
	if active == portable {
		return 0, false
	}
	at := 0
	for ; len(x) > asmStretch; at, x = at+asmStretch, x[asmStretch:] {
		if i := findPart(x[:asmStretch], v); i < asmStretch {
			return at + i, true
		}
	}
	return at + findPart(x, v), true
}

func findPart(x []float32, v float32) int {
	if active == avx512 {
		return find32AVX512(unsafe.SliceData(x), len(x), v)
	}
	return find32AVX2(unsafe.SliceData(x), len(x), v)
}

// argMaxLanesFast sets top and index for 16 examples of at least one element.
func argMaxLanesFast(top []float32, index []int32, x []float32) bool {
	to, at, from, n := unsafe.SliceData(top), unsafe.SliceData(index), unsafe.SliceData(x), len(x)/Lanes
	switch active {
	case avx512:
		argMaxLanes32AVX512(to, at, from, n)
	case avx2:
		argMaxLanes32AVX2(to, at, from, n)
	default:
		return false
	}
	return true
}

// sumColumnsFast sums the first columns of n rows, at least one, and returns how
// many it did.
func sumColumnsFast(dst, x []float32, n, stride int) (done int) {
	if len(dst) == 0 || active == portable {
		return 0
	}
	_ = x[(n-1)*stride+len(dst)-1]
	if active == avx512 {
		for ; done < len(dst); done += min(Lanes, len(dst)-done) {
			sumColumns32AVX512(&dst[done], &x[done], n, stride, len(dst)-done)
		}
		return done
	}
	for ; done+8 <= len(dst); done += 8 {
		sumColumns32AVX2(&dst[done], &x[done], n, stride)
	}
	return done
}
