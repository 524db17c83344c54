package kernel

import "unsafe"

// The loops are of AVX2 alone: memory holds wider registers back.

// binaryFast computes in assembly, or returns false. The slices have one length.
func binaryFast(op operation, dst, a, b []float32) bool {
	if active == portable {
		return false
	}
	to, x, y := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b)
	switch op {
	case opAdd:
		addAVX2(to, x, y, len(dst))
	case opSub:
		subAVX2(to, x, y, len(dst))
	case opMul:
		mulAVX2(to, x, y, len(dst))
	case opDiv:
		divAVX2(to, x, y, len(dst))
	case opGate:
		gateAVX2(to, x, y, len(dst))
	default:
		return false
	}
	return true
}

// unaryFast is binaryFast for one input.
func unaryFast(op operation, dst, x []float32) bool {
	if active == portable {
		return false
	}
	to, from := unsafe.SliceData(dst), unsafe.SliceData(x)
	switch op {
	case opNeg:
		negAVX2(to, from, len(dst))
	case opReLU:
		reluAVX2(to, from, len(dst))
	case opSqrt:
		sqrtAVX2(to, from, len(dst))
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
