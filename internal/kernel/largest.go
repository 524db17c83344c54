package kernel

import "math"

// LargestFinite returns the largest finite magnitude, 0 where there is none.
func LargestFinite(x []float32) float32 {
	largest := uint32(0)
	for _, v := range x {
		largest = max(largest, finiteMagnitude(v))
	}
	return math.Float32frombits(largest)
}

// LargestFiniteLanes raises largest[l], for each of so many lanes, 8 or 16, to the
// largest finite magnitude of lane l: of x[i*lanes+l] for all i.
func LargestFiniteLanes(largest, x []float32, lanes int) {
	wantLanes(lanes, len(x), len(x))
	largest = largest[:lanes]
	for ; len(x) > 0; x = x[lanes:] {
		for l, v := range x[:lanes] {
			largest[l] = max(largest[l], math.Float32frombits(finiteMagnitude(v)))
		}
	}
}

// finiteMagnitude returns the bits of |v|, which are in the order of the magnitudes, or
// 0 where v is Inf or NaN.
func finiteMagnitude(v float32) uint32 {
	const inf = 0x7F800000
	bits := math.Float32bits(v) &^ (1 << 31)
	if bits >= inf {
		return 0
	}
	return bits
}
