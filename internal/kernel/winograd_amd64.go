package kernel

import "unsafe"

// winogradTilesFast fills a row of points in assembly, or returns false.
func winogradTilesFast(grad bool, r tileRow, dst []float32, l *lines[float32], minus bool, first int) bool {
	if active == portable {
		return false
	}
	fill := winogradInHalf
	switch wide := r.lanes == Lanes && active == avx512; {
	case grad && wide:
		fill = winogradGradAVX512
	case grad:
		fill = winogradGradHalf
	case wide:
		fill = winogradInAVX512
	}
	negate := uint32(0)
	if minus {
		negate = 1 << 31
	}
	for half := range winogradHalves(r.lanes) {
		i := half * HalfLanes
		fill(&dst[i], r.point, r.plane, at(l.a, i), l.aPlane, at(l.b, i), l.bPlane, negate, r.lanes, l.columns, first, r.tiles, r.channels)
	}
	return true
}

// winogradOutFast makes two rows of outputs in assembly, or returns false.
func winogradOutFast(r tileRow, l, gate *lines[float32], src, start []float32, e Epilogue) bool {
	if active == portable {
		return false
	}
	out := winogradOutHalf
	if r.lanes == Lanes && active == avx512 {
		out = winogradOutAVX512
	}
	for half := range winogradHalves(r.lanes) {
		i := half * HalfLanes
		var gateTop, gateBottom *float32
		if gate.a != nil {
			gateTop, gateBottom = &gate.a[i], &gate.b[i]
		}
		out(at(l.a, i), l.aPlane, at(l.b, i), l.bPlane, &src[i], r.point, r.plane, gateTop, gateBottom, gate.aPlane, unsafe.SliceData(start), r.lanes, l.columns, r.tiles, r.channels, chainFlags(false, e))
	}
	return true
}

// winogradHalves returns in how many parts the lanes are computed.
func winogradHalves(lanes int) int {
	if lanes == Lanes && active != avx512 {
		return 2
	}
	return 1
}
