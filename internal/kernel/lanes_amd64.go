package kernel

import "unsafe"

// blockSize is the least size, in every direction, of what the assembly below
// takes. The callers have checked the slices.
const blockSize = 8

// transposeFast transposes in assembly, or returns false.
func transposeFast(dst []float32, dstStride int, src []float32, srcStride, rows, cols int) bool {
	if active == portable || rows < blockSize || cols < blockSize {
		return false
	}
	if active == avx512 && rows >= 2*blockSize && cols >= 2*blockSize {
		transposeAVX512(unsafe.SliceData(dst), dstStride, unsafe.SliceData(src), srcStride, rows, cols)
		return true
	}
	transposeAVX2(unsafe.SliceData(dst), dstStride, unsafe.SliceData(src), srcStride, rows, cols)
	return true
}

// prefetchFast fetches n words into the second cache in assembly, where there is
// some.
func prefetchFast(p *float32, n int) {
	if active != portable {
		prefetchFar(p, 0, 1, n)
	}
}

// prefetchRowsFast is prefetch in assembly, where there is some.
func prefetchRowsFast(p []float32, stride, rows, n int) {
	if active != portable {
		prefetchRows(unsafe.SliceData(p), stride, rows, n)
	}
}

// sumHalvesFast sums in assembly, or returns false.
func sumHalvesFast(dst, low, high []float32) bool {
	if active == portable || len(dst) < blockSize {
		return false
	}
	sumHalvesAVX2(unsafe.SliceData(dst), unsafe.SliceData(low), unsafe.SliceData(high), len(dst))
	return true
}

// sumLanesFast sums in assembly, or returns false.
func sumLanesFast(dst, src []float32) bool {
	if active == portable || len(dst) < blockSize {
		return false
	}
	sumLanesAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), len(dst))
	return true
}
