package kernel

import "unsafe"

// zeroStart is what rows without a start value begin at.
var zeroStart [tileRows]float32

// laneMask from element c on is set for 16-c lanes.
var laneMask [2*Lanes - 1]int32

func init() {
	for i := range Lanes {
		laneMask[i] = -1
	}
}

// bandFast computes 1 to tileRows rows in assembly, or returns false. Whoever
// filled the tile has checked that its slices hold all that the tables reach.
func bandFast(t *tile[float32], rows int) bool {
	var band func(dst *float32, dstRow int, in *float32, w *float32, wRow int, wStep int,
		pos *int32, positions int, taps *int32, terms int, start *float32, from int, rows int, mask *int32)
	switch {
	case active == portable:
		return false
	case active == avx512 && rows > 4:
		band = tile6AVX512
	case active == avx512:
		band = tile4AVX512
	case rows > 4:
		band = tile6AVX2
	default:
		band = tile4AVX2
	}
	start := t.start
	if start == nil {
		start = zeroStart[:]
	}
	band(unsafe.SliceData(t.dst), t.dstRow, unsafe.SliceData(t.in), unsafe.SliceData(t.w), t.wRow, t.wStep,
		(*int32)(unsafe.Pointer(unsafe.SliceData(t.pos))), len(t.pos), (*int32)(unsafe.Pointer(unsafe.SliceData(t.taps))), len(t.taps),
		unsafe.SliceData(start), int(t.from), rows, &laneMask[t.cut])
	return true
}
