package numeric

import "math"

// F16 is IEEE 754-2019 binary16, described as [Float16] is.
var F16 = &Float{Name: "F16", Exponent: 5, Mantissa: 10, Bias: 15, Special: IEEE}

// Float16 is the bit pattern of an IEEE 754-2019 binary16 number: one sign bit,
// 5 exponent bits with bias 15, 10 mantissa bits. The largest finite value is
// 65504, the smallest subnormal 2^-24.
type Float16 uint16

const (
	float16Sign  = 0x8000
	float16Inf   = 0x7C00
	float16Quiet = 0x0200
	float16Drop  = 23 - 10 // mantissa bits that float32 has more

	float16Rebias    = (127 - 15) << 23
	float16MinNormal = 0x38800000 // the float32 bits of 2^-14
	float16Overflow  = 0x477FF000 // of 65520, half a unit past the largest
)

// ToFloat16 rounds f to the nearest float16, ties to even. Magnitudes from
// 65520 on become infinities. A NaN comes back quiet, with its sign and the
// high bits of its payload, as processors' own conversions do. These are the codes
// of F16.Encode(f, ToInf), in less time.
func ToFloat16(f float32) Float16 {
	bits := math.Float32bits(f)
	sign := Float16(bits>>16) & float16Sign
	abs := bits &^ (1 << 31)
	switch {
	case abs > float32Inf:
		return sign | float16Inf | float16Quiet | Float16(abs>>float16Drop)&(float16Quiet-1)
	case abs >= float16Overflow:
		return sign | float16Inf
	case abs < float16MinNormal:
		// The numbers next to 0.5 lie 2^-24 apart, just as the subnormals do: the
		// sum rounds as they want, and leaves their code in its low bits.
		const half = 0x3F000000
		sum := math.Float32frombits(abs) + 0.5
		return sign | Float16(math.Float32bits(sum)-half)
	default:
		return sign | Float16(roundOff(abs-float16Rebias, float16Drop))
	}
}

// Float32 returns the value of h, which float32 holds exactly. A signalling NaN
// comes back quiet.
func (h Float16) Float32() float32 {
	sign := uint32(h&float16Sign) << 16
	abs := uint32(h &^ float16Sign)
	switch {
	case abs > float16Inf:
		return math.Float32frombits(sign | float32Inf | (abs|float16Quiet)<<float16Drop)
	case abs == float16Inf:
		return math.Float32frombits(sign | float32Inf)
	case abs < 1<<10: // zero and the subnormals: multiples of 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(abs)*0x1p-24))
	default:
		return math.Float32frombits(sign | (abs<<float16Drop + float16Rebias))
	}
}
