package numeric

import "math"

// Float describes a binary floating-point format of at most 16 bits: from the
// top a sign, an exponent e and a mantissa m. Its values are
//
//	(-1)^sign · 2^(e-Bias) · 1.m, or where e is 0
//	(-1)^sign · 2^(1-Bias) · 0.m: the zeros and the subnormals,
//
// apart from the codes that Special sets aside. Codes without sign are in the
// order of their values. The formats that this package describes are variables; a
// further one needs exponents within float32's, 1-Bias of at least -126, so that
// float32 holds every value exactly.
type Float struct {
	Name     string // as safetensors spells it
	Exponent int    // bits
	Mantissa int    // bits
	Bias     int
	Special  Special
}

// Special says which codes of a format are no finite numbers.
type Special uint8

const (
	IEEE    Special = iota // the top exponent: Inf where the mantissa is 0, else NaN
	OnlyNaN                // the top exponent with the top mantissa, a NaN; no Inf
	Finite                 // none
)

// Overflow says what becomes of values past the largest finite one: of Inf, and of
// those that would round to a number beyond it if the format had more codes.
type Overflow uint8

const (
	// Saturate makes them the largest finite value.
	Saturate Overflow = iota
	// ToInf makes them Inf, or NaN in a format that has NaN but no Inf. A format
	// with neither saturates.
	ToInf
)

// Bits returns the width of a code.
func (t *Float) Bits() int { return 1 + t.Exponent + t.Mantissa }

// Max returns the largest finite value.
func (t *Float) Max() float32 { return t.Decode(t.largest()) }

// MinNormal returns the smallest normal value.
func (t *Float) MinNormal() float32 { return pow2(1 - t.Bias) }

// Smallest returns the smallest positive value, a subnormal.
func (t *Float) Smallest() float32 { return pow2(1 - t.Bias - t.Mantissa) }

// MaxExponent returns the exponent of the largest finite value: floor(log2(Max)),
// the emax of the MX specification.
func (t *Float) MaxExponent() int { return int(t.largest()>>t.Mantissa) - t.Bias }

// PowerScale returns the largest power of two that brings a magnitude to at most Max, from 2^-126 to
// 2^126, so that its reciprocal is normal too. It is 1 for 0.
func (t *Float) PowerScale(largest float32) float32 {
	if largest == 0 {
		return 1
	}
	_, exponent := math.Frexp(float64(t.Max()) / float64(largest)) // the quotient is at least 2^(exponent-1)
	return pow2(max(-126, min(exponent-1, 126)))
}

func (t *Float) sign() uint16 { return 1 << (t.Exponent + t.Mantissa) }

// inf returns the lowest code of the top exponent: Inf's, in the manner of IEEE.
func (t *Float) inf() uint16 { return t.sign() - 1<<t.Mantissa }

// largest returns the code of the largest finite value.
func (t *Float) largest() uint16 {
	switch t.Special {
	case IEEE:
		return t.inf() - 1
	case OnlyNaN:
		return t.sign() - 2
	default:
		return t.sign() - 1
	}
}

// Decode returns the value of a code, of which only the low Bits count. float32
// holds it exactly. A signalling NaN comes back quiet.
func (t *Float) Decode(code uint16) float32 {
	sign := uint32(code>>(t.Bits()-1)) << 31
	abs := code & (t.sign() - 1)
	mantissa := uint32(abs) & (1<<t.Mantissa - 1)
	widen := float32Mantissa - t.Mantissa
	switch {
	case abs > t.largest() && mantissa == 0: // of IEEE formats alone
		return math.Float32frombits(sign | float32Inf)
	case abs > t.largest():
		return math.Float32frombits(sign | float32Inf | float32Quiet | mantissa<<widen)
	case abs < 1<<t.Mantissa: // a zero or a subnormal
		return math.Float32frombits(sign | math.Float32bits(float32(mantissa)*t.Smallest()))
	default:
		rebias := uint32(float32Bias-t.Bias) << float32Mantissa
		return math.Float32frombits(sign | (uint32(abs)<<widen + rebias))
	}
}

// Encode rounds f to the nearest value, ties to even, and returns its code. A NaN
// comes back quiet, with its sign and the high bits of its payload. A format
// without NaN makes of it its largest value, without sign: the MX specification
// leaves that open, and this is what NVIDIA's processors do (PTX,
// cvt.rn.satfinite).
func (t *Float) Encode(f float32, o Overflow) uint16 {
	if f != f {
		return t.nan(f)
	}
	return t.finish(f, roundOff(t.position(f), 32), o)
}

// EncodeStochastic rounds f to one of its two neighbours: to the one further from
// zero if random is below its fraction of the gap, as a multiple of 2^-32 rounded
// down. For a uniformly distributed random that is unbiased, up to 2^-32 of a gap,
// between zero and the first subnormal too; values of the format stay what they
// are. Within a gap above the largest value f overflows with that probability, and
// beyond always. NaN is as in Encode.
func (t *Float) EncodeStochastic(f float32, random uint32, o Overflow) uint16 {
	if f != f {
		return t.nan(f)
	}
	return t.finish(f, (t.position(f)+uint64(^random))>>32, o)
}

// position returns where |f| lies among the codes, which follow their values, as
// a number with 32 bits after the point: a code, and the fraction of the gap to
// the next. Only fractions below 2^-8 lose bits.
func (t *Float) position(f float32) uint64 {
	bits := math.Float32bits(f) &^ float32Sign
	exponent, significand := int(bits>>float32Mantissa), uint64(bits&(1<<float32Mantissa-1))
	if exponent == 0 {
		exponent = 1
	} else {
		significand |= 1 << float32Mantissa
	}
	above := exponent - float32Bias - (1 - t.Bias) // the lowest exponent
	drop := float32Mantissa - t.Mantissa
	if above < 0 {
		return significand << 32 >> (drop - above)
	}
	// The leading bit of a normal significand counts as one exponent more.
	return uint64(above)<<(32+t.Mantissa) + significand<<32>>drop
}

// finish gives a rounded magnitude the sign of f, or lets it overflow.
func (t *Float) finish(f float32, code uint64, o Overflow) uint16 {
	sign := uint16(math.Float32bits(f)>>31) * t.sign()
	switch {
	case code <= uint64(t.largest()):
		return sign | uint16(code)
	case o == ToInf && t.Special == IEEE:
		return sign | t.inf()
	case o == ToInf && t.Special == OnlyNaN:
		return sign | (t.sign() - 1)
	default:
		return sign | t.largest()
	}
}

// nan returns the code that a NaN becomes.
func (t *Float) nan(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits>>31) * t.sign()
	switch t.Special {
	case IEEE:
		payload := (bits | float32Quiet) & (1<<float32Mantissa - 1) >> (float32Mantissa - t.Mantissa)
		return sign | t.inf() | uint16(payload)
	case OnlyNaN:
		return sign | (t.sign() - 1)
	default:
		return t.largest()
	}
}

// Put writes code i of codes that follow each other without gaps, the first in the lowest
// bits of the first byte, over zeros.
func (t *Float) Put(packed []byte, i int, code uint16) {
	at := i * t.Bits()
	bits := uint32(code) << (at % 8)
	for k := at / 8; bits != 0; k++ {
		packed[k] |= byte(bits)
		bits >>= 8
	}
}

// Get reads code i of such codes.
func (t *Float) Get(packed []byte, i int) uint16 {
	at := i * t.Bits()
	bits := uint32(0)
	for k := range (at%8 + t.Bits() + 7) / 8 {
		bits |= uint32(packed[at/8+k]) << (8 * k)
	}
	return uint16(bits >> (at % 8) & (1<<t.Bits() - 1))
}
