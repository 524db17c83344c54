package kernel

import "unsafe"

// The loops are called by name, not from a table, so that slices of arrays on the
// stack stay there. Those of AVX2 alone are no faster in wider registers.

// binaryFast computes in assembly, or returns false. The slices have one length.
func binaryFast(op operation, dst, a, b []float32) bool {
	if active == portable {
		return false
	}
	to, x, y, n, wide := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), len(dst), active == avx512
	switch op {
	case opAdd:
		if wide {
			addAVX512(to, x, y, n)
		} else {
			addAVX2(to, x, y, n)
		}
	case opSub:
		if wide {
			subAVX512(to, x, y, n)
		} else {
			subAVX2(to, x, y, n)
		}
	case opMul:
		if wide {
			mulAVX512(to, x, y, n)
		} else {
			mulAVX2(to, x, y, n)
		}
	case opDiv:
		divAVX2(to, x, y, n)
	case opGate:
		if wide {
			gateAVX512(to, x, y, n)
		} else {
			gateAVX2(to, x, y, n)
		}
	default:
		return false
	}
	return true
}

// mulAddFast is binaryFast for MulAdd.
func mulAddFast(dst, a, b, c []float32) bool {
	to, x, y, z, n := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), unsafe.SliceData(c), len(dst)
	switch active {
	case avx512:
		mulAddAVX512(to, x, y, z, n)
	case avx2:
		mulAddAVX2(to, x, y, z, n)
	}
	return active != portable
}

// unaryFast is binaryFast for one input.
func unaryFast(op operation, dst, x []float32) bool {
	if active == portable {
		return false
	}
	to, from, n, wide := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst), active == avx512
	switch op {
	case opNeg:
		negAVX2(to, from, n)
	case opReLU:
		if wide {
			reluAVX512(to, from, n)
		} else {
			reluAVX2(to, from, n)
		}
	case opSqrt:
		sqrtAVX2(to, from, n)
	default:
		return false
	}
	return true
}

// sumFast sums in assembly, or reports false.
func sumFast(x []float32) (float32, bool) {
	if active == portable {
		return 0, false
	}
	return sumAVX2(unsafe.SliceData(x), len(x)), true
}
