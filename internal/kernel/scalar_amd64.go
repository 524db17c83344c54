package kernel

import "unsafe"

// scalarFast32 computes in assembly, or returns false. The slices have one
// length.
func scalarFast32(op scalarOperation, dst, x []float32, c float32) bool {
	if active == portable {
		return false
	}
	to, from := unsafe.SliceData(dst), unsafe.SliceData(x)
	switch op {
	case opSubScalar:
		subScalar32AVX2(to, from, c, len(dst))
	case opMulScalar:
		mulScalar32AVX2(to, from, c, len(dst))
	case opDivScalar:
		divScalar32AVX2(to, from, c, len(dst))
	}
	return true
}

// scalarFast64 computes in assembly, or returns false. The slices have one
// length.
func scalarFast64(op scalarOperation, dst, x []float64, c float64) bool {
	if active == portable {
		return false
	}
	to, from := unsafe.SliceData(dst), unsafe.SliceData(x)
	switch op {
	case opSubScalar:
		subScalar64AVX2(to, from, c, len(dst))
	case opMulScalar:
		mulScalar64AVX2(to, from, c, len(dst))
	case opDivScalar:
		divScalar64AVX2(to, from, c, len(dst))
	}
	return true
}
