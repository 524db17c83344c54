package numeric

import "math"

// BF16 is bfloat16, described as [BFloat16] is.
var BF16 = &Float{Name: "BF16", Exponent: 8, Mantissa: 7, Bias: 127, Special: IEEE}

// BFloat16 is the bit pattern of a bfloat16 number, the upper half of a
// float32: one sign bit, 8 exponent bits with bias 127, 7 mantissa bits. The
// largest finite value is about 3.3895e38, the smallest subnormal 2^-133.
type BFloat16 uint16

// ToBFloat16 rounds f to the nearest bfloat16, ties to even, subnormals
// included. Values half a unit past the largest become infinities. A NaN comes
// back quiet, with its sign and the high bits of its payload. These are the codes of
// BF16.Encode(f, ToInf), in less time.
func ToBFloat16(f float32) BFloat16 {
	const quiet = 0x0040
	bits := math.Float32bits(f)
	if bits&^(1<<31) > float32Inf {
		return BFloat16(bits>>16) | quiet
	}
	// The carry out of the mantissa raises the exponent, up to infinity's.
	return BFloat16(roundOff(bits, 16))
}

// Float32 returns the value of b, which float32 holds exactly. A signalling NaN stays
// one.
func (b BFloat16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }
