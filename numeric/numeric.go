// Package numeric holds the low-precision number formats as pure functions on
// their bit patterns. It is written to be read against the specifications, and
// it is the truth that faster code is checked against.
//
// Conversions from float32 round to nearest, ties to even; subnormals are kept;
// a value past the largest finite one by half a unit or more becomes an
// infinity; NaN stays NaN.
package numeric

const float32Inf = 0x7F800000

// roundOff drops the low n bits of x, rounding to nearest, ties to even.
func roundOff(x uint32, n uint) uint32 {
	odd := x >> n & 1
	return (x + (1<<(n-1) - 1) + odd) >> n
}
