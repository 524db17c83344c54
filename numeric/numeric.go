// Package numeric holds the low-precision number formats as pure functions on
// their bit patterns. It is written to be read against the specifications, and
// it is the truth that faster code is checked against.
//
// A [Float] describes a format of at most 16 bits: [F16], [BF16], [E4M3], [E5M2],
// [E3M2], [E2M3], [E2M1]. [E8M0] is a scale, a power of two. [Blocks] are
// formats whose values share a scale: [MXFP8E4M3], [MXFP8E5M2], [MXFP6E3M2],
// [MXFP6E2M3], [MXFP4], [MXINT8] and [NVFP4]. The sources are IEEE 754-2019, the
// OCP 8-bit Floating Point Specification 1.0 (OFP8), the OCP Microscaling Formats
// Specification 1.0 (MX), and NVIDIA's description of NVFP4.
//
// Conversions from float32 round to nearest, ties to even, unless stochastic
// rounding is asked for; subnormals are kept; zeros keep their sign; NaN stays
// NaN where the format has one. Nothing here allocates.
package numeric

import "math"

const (
	float32Sign     = 1 << 31
	float32Inf      = 0x7F800000
	float32Quiet    = 1 << 22
	float32Mantissa = 23 // bits
	float32Bias     = 127
)

// roundOff drops the low n bits of x, rounding to nearest, ties to even.
func roundOff[T uint32 | uint64](x T, n uint) T {
	odd := x >> n & 1
	return (x + (1<<(n-1) - 1) + odd) >> n
}

// pow2 returns 2^n, which must be a float32: n from -149 to 127.
func pow2(n int) float32 { return float32(math.Ldexp(1, n)) }

func float32NaN() float32 { return math.Float32frombits(float32Inf | float32Quiet) }
