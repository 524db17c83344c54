package kernel

import (
	"math"
	"unsafe"
)

// Float is the set of element types that the kernels compute in.
type Float interface{ float32 | float64 }

// isFloat32 reports whether T is float32, which is decided when a function is
// compiled for T.
func isFloat32[T Float]() bool { return isWord[T]() }

// isWord reports whether the elements of a type have the four bytes of a float32.
func isWord[T any]() bool { return unsafe.Sizeof(*new(T)) == 4 }

// asFloat32 returns s, which must be of float32 or another word, as such.
func asFloat32[T any](s []T) []float32 { return *(*[]float32)(unsafe.Pointer(&s)) }

// FMA32 returns x*y + z, rounded once to float32: what a hardware fused
// multiply-add gives.
func FMA32(x, y, z float32) float32 {
	product := float64(x) * float64(y) // exact: so only the sum rounds
	sum := product + float64(z)
	if doubtful(sum) {
		return roundedOnce(product, float64(z), sum)
	}
	return float32(sum)
}

// doubtful reports whether rounding sum, itself rounded to float64, to float32
// may give another value than rounding the exact sum: only where sum lies
// halfway between two float32. For a subnormal result those midpoints have
// other bits, so all of that range is in doubt.
func doubtful(sum float64) bool {
	const (
		dropped = 1<<29 - 1          // the bits that float32 does not keep
		half    = 1 << 28            // a midpoint's
		tiny    = (1023-126)<<53 - 1 // the smallest normal float32, doubled to drop the sign, less one
	)
	bits := math.Float64bits(sum)
	return bits&dropped == half || bits<<1-1 < tiny // zero wraps round: it is in no doubt
}

// roundedOnce returns x + y rounded to float32, given sum, their rounded sum in
// float64. It first rounds to odd: where the sum was inexact and its last bit is
// even, the neighbour on the exact sum's side takes its place, so that the
// conversion sees on which side of a midpoint the exact sum lies (Boldo and
// Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
func roundedOnce(x, y, sum float64) float32 {
	back := sum - x
	err := (x - (sum - back)) + (y - back) // Knuth's TwoSum: sum + err is exact
	bits := math.Float64bits(sum)
	if err != 0 && bits&1 == 0 {
		if (err > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
	}
	return float32(math.Float64frombits(bits))
}

// fmaLanes adds w[i*step] * x[i] to sum[i], each rounded once.
func fmaLanes[T Float](sum, w []T, step int, x []T) {
	if isFloat32[T]() {
		fmaLanes32(asFloat32(sum), asFloat32(w), step, asFloat32(x))
		return
	}
	x = x[:len(sum)]
	for i := range sum {
		sum[i] = T(math.FMA(float64(w[i*step]), float64(x[i]), float64(sum[i])))
	}
}

// fmaLanes32 has FMA32 written out, since the compiler does not inline that.
func fmaLanes32(sum, w []float32, step int, x []float32) {
	x = x[:len(sum)]
	for i := range sum {
		product := float64(w[i*step]) * float64(x[i])
		s := product + float64(sum[i])
		if doubtful(s) {
			sum[i] = roundedOnce(product, float64(sum[i]), s)
		} else {
			sum[i] = float32(s)
		}
	}
}
