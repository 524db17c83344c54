package kernel

import "math"

// LayerNorm sets each row of y, of n elements, to
//
//	(x - mean) * (1 / sqrt(variance + eps)) * gain + bias
//
// where mean = sum(x) / n and variance = sum((x - mean)^2) / n, in the order of
// Sum. gain and bias have n elements.
func LayerNorm[T Float](y, x, gain, bias []T, rows, n int, eps T) {
	gain, bias = gain[:n], bias[:n]
	for r := range rows {
		row := x[r*n : (r+1)*n]
		mean := Sum(row) / T(n)
		variance := squares(row, mean) / T(n)
		scale := 1 / T(math.Sqrt(float64(variance+eps)))
		normalise(y[r*n:(r+1)*n], row, gain, bias, mean, scale)
	}
}

// squares returns the sum of (x - mean)^2.
func squares[T Float](x []T, mean T) T {
	return inPieces(len(x), func(lo, hi int) T { return squaresPiece(x[lo:hi], mean) })
}

func squaresPiece[T Float](x []T, mean T) T {
	var s [partials]T
	if isFloat32[T]() && squaresFast(asFloat32(s[:]), asFloat32(x), float32(mean)) {
		return tree(&s)
	}
	for i, v := range x {
		d := v - mean
		s[i%partials] += T(d * d)
	}
	return tree(&s)
}

// normalise sets y = (x - mean) * scale * gain + bias.
func normalise[T Float](y, x, gain, bias []T, mean, scale T) {
	y, gain, bias = y[:len(x)], gain[:len(x)], bias[:len(x)]
	for lo := 0; lo < len(x); lo += asmStretch {
		hi := min(lo+asmStretch, len(x))
		normalisePart(y[lo:hi], x[lo:hi], gain[lo:hi], bias[lo:hi], mean, scale)
	}
}

func normalisePart[T Float](y, x, gain, bias []T, mean, scale T) {
	if isFloat32[T]() && normaliseFast(asFloat32(y), asFloat32(x), asFloat32(gain), asFloat32(bias), float32(mean), float32(scale)) {
		return
	}
	for i, v := range x {
		y[i] = T((v-mean)*scale*gain[i]) + bias[i]
	}
}
