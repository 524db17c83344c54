package kernel

import "math"

// LargestFinite returns the largest finite magnitude, 0 where there is none.
func LargestFinite(x []float32) (largest float32) {
	const lanes = 16
	var each [lanes]float32
	whole := len(x) / lanes * lanes
	if !largestFast(each[:], x[:whole], lanes) {
		whole = 0
	}
	for _, v := range each {
		largest = max(largest, v)
	}
	for _, v := range x[whole:] {
		largest = max(largest, finiteMagnitude(v))
	}
	return largest
}

// LargestFiniteLanes raises largest[l], for each of so many lanes, 8 or 16, to the
// largest finite magnitude of lane l: of x[i*lanes+l] for all i.
func LargestFiniteLanes(largest, x []float32, lanes int) {
	wantLanes(lanes, len(x), len(x))
	largest = largest[:lanes]
	if largestFast(largest, x, lanes) {
		return
	}
	for ; len(x) > 0; x = x[lanes:] {
		for l, v := range x[:lanes] {
			largest[l] = max(largest[l], finiteMagnitude(v))
		}
	}
}

// finiteMagnitude returns |v|, or 0 where v is Inf or NaN.
func finiteMagnitude(v float32) float32 {
	magnitude, _ := split(v)
	if magnitude >= float32Inf {
		return 0
	}
	return math.Float32frombits(magnitude)
}
