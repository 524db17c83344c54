package kernel

import "math"

// LayerNorm sets each row of y, of n elements, to
//
//	(x - mean) * (1 / sqrt(variance + eps)) * gain + bias
//
// where mean = sum(x) / n and variance = sum((x - mean)^2) / n, in the order of
// Sum. gain and bias have n elements, or are nil: then they have no part, bias
// wherever gain is.
func LayerNorm[T Float](y, x, gain, bias []T, rows, n int, eps T) {
	for r := range rows {
		row := x[r*n : (r+1)*n]
		mean, scale := layerScale(row, eps)
		normalise(y[r*n:(r+1)*n], row, gain, bias, mean, scale)
	}
}

// RMSNorm is LayerNorm with a mean of 0.
func RMSNorm[T Float](y, x, gain, bias []T, rows, n int, eps T) {
	for r := range rows {
		row := x[r*n : (r+1)*n]
		normalise(y[r*n:(r+1)*n], row, gain, bias, 0, rmsScale(row, eps))
	}
}

// layerScale returns the mean of a row, and 1 / sqrt(variance + eps).
func layerScale[T Float](row []T, eps T) (mean, scale T) {
	n := T(len(row))
	mean = Sum(row) / n
	return mean, 1 / T(math.Sqrt(float64(squares(row, mean)/n+eps)))
}

func rmsScale[T Float](row []T, eps T) T {
	return 1 / T(math.Sqrt(float64(squares(row, 0)/T(len(row))+eps)))
}

// LayerNormGrad sets dx to the gradient of LayerNorm's x, where g is that of y:
//
//	(h - sum(h)/n - z * sum(h*z)/n) * scale
//
// with h = g * gain, z = (x - mean) * scale and scale = 1 / sqrt(variance + eps).
// Row by row it adds g * z to dgain and g to dbias. All of gain, dgain and dbias
// have n elements, or are nil; scratch has 2n.
func LayerNormGrad[T Float](dx, dgain, dbias, x, g, gain []T, rows, n int, eps T, scratch []T) {
	for r := range rows {
		lo, hi := r*n, (r+1)*n
		mean, scale := layerScale(x[lo:hi], eps)
		normGradRow(dx[lo:hi], dgain, dbias, x[lo:hi], g[lo:hi], gain, mean, scale, true, scratch)
	}
}

// RMSNormGrad is LayerNormGrad for RMSNorm: without sum(h)/n.
func RMSNormGrad[T Float](dx, dgain, dbias, x, g, gain []T, rows, n int, eps T, scratch []T) {
	for r := range rows {
		lo, hi := r*n, (r+1)*n
		normGradRow(dx[lo:hi], dgain, dbias, x[lo:hi], g[lo:hi], gain, 0, rmsScale(x[lo:hi], eps), false, scratch)
	}
}

func normGradRow[T Float](dx, dgain, dbias, x, g, gain []T, mean, scale T, centred bool, scratch []T) {
	n := len(x)
	if gain != nil {
		gain, dgain, dbias = gain[:n], dgain[:n], dbias[:n]
		if isFloat32[T]() && n <= Piece && normGradFast(asFloat32(dx), asFloat32(dgain), asFloat32(dbias), asFloat32(x), asFloat32(g), asFloat32(gain), float32(mean), float32(scale), centred) {
			return
		}
	}
	z, h := scratch[:n], g
	normalise(z, x, nil, nil, mean, scale)
	if gain != nil {
		h = scratch[n : 2*n]
		Mul(h, g, gain)
		Mul(dx, g, z)
		Add(dgain, dgain, dx)
		Add(dbias, dbias, g)
	}
	Mul(dx, h, z)
	MulScalar(z, z, Sum(dx)/T(n))
	var level T
	if centred {
		level = Sum(h) / T(n)
	}
	SubScalar(dx, h, level)
	Sub(dx, dx, z)
	MulScalar(dx, dx, scale)
}

// normGradFast is normGradRow in assembly, or reports false.
func normGradFast(dx, dgain, dbias, x, g, gain []float32, mean, scale float32, centred bool) bool {
	var sums [2 * partials]float32
	if !normGradSumsFast(sums[:], dgain, dbias, x, g, gain, mean, scale) {
		return false
	}
	n, level := float32(len(x)), float32(0)
	if centred {
		level = tree((*[partials]float32)(sums[:partials])) / n
	}
	normGradRowFast(dx, x, g, gain, mean, scale, level, tree((*[partials]float32)(sums[partials:]))/n)
	return true
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

// normalise sets y = (x - mean) * scale * gain + bias, or less where these are nil.
func normalise[T Float](y, x, gain, bias []T, mean, scale T) {
	if bias == nil {
		SubScalar(y, x, mean)
		MulScalar(y, y, scale)
		if gain != nil {
			Mul(y, y, gain[:len(y)])
		}
		return
	}
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
