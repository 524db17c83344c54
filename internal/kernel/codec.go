package kernel

//go:generate go run -C _asm ./codec -out ../codec_amd64.s -stubs ../codec_amd64.go -pkg kernel

import (
	"encoding/binary"
	"math"

	"github.com/mlodyssey/odyssey/numeric"
)

// RoundFloat sets dst to the values of a format that are nearest to those of x, ties to
// even: f.Decode(f.Encode(x[i], o)). dst may be x.
func RoundFloat(dst, x []float32, f *numeric.Float, o numeric.Overflow) {
	x = x[:len(dst)]
	s := newFloatState(f, o)
	for i := roundFast(dst, x, &s); i < len(x); i++ {
		dst[i] = s.round(x[i])
	}
}

// EncodeFloat sets packed to the codes of the values of x, one behind the other as
// f.Put writes them: f.Encode(x[i], o). packed has no more bytes than they take.
func EncodeFloat(packed []byte, x []float32, f *numeric.Float, o numeric.Overflow) {
	packed = wantCodes(packed, len(x), f)
	s := newFloatState(f, o)
	switch bits := f.Bits(); {
	case bits == 16:
		for i := encodeFast(packed, x, 2, &s); i < len(x); i++ {
			binary.LittleEndian.PutUint16(packed[2*i:], uint16(s.encode(x[i])))
		}
	case bits == 8:
		encodeBytes(packed, x, &s)
	case bits < 8:
		var codes [chunk]byte
		for lo := 0; lo < len(x); lo += chunk {
			some := codes[:min(chunk, len(x)-lo)]
			encodeBytes(some, x[lo:], &s)
			packCodes(packed[lo*bits/8:], some, bits)
		}
	default:
		clear(packed)
		for i, v := range x {
			f.Put(packed, i, uint16(s.encode(v)))
		}
	}
}

// DecodeFloat sets dst to the values of codes that EncodeFloat wrote.
func DecodeFloat(dst []float32, packed []byte, f *numeric.Float) {
	packed = wantCodes(packed, len(dst), f)
	s := newDecodeState(f)
	switch bits := f.Bits(); {
	case bits == 16:
		for i := decodeFast(dst, packed, 2, &s); i < len(dst); i++ {
			dst[i] = s.decode(uint32(binary.LittleEndian.Uint16(packed[2*i:])))
		}
	case bits == 8:
		decodeBytes(dst, packed, &s)
	case bits < 8:
		var codes [chunk]byte
		for lo := 0; lo < len(dst); lo += chunk {
			some := dst[lo:min(lo+chunk, len(dst))]
			unpackCodes(codes[:len(some)], packed[lo*bits/8:], bits)
			decodeBytes(some, codes[:], &s)
		}
	default:
		for i := range dst {
			dst[i] = s.decode(uint32(f.Get(packed, i)))
		}
	}
}

// chunk is how many codes are in bytes of their own at a time: a multiple of the codes
// of whole words and blocks.
const chunk = 512

// encodeBytes sets codes, of a byte each, to those of the first values of x.
func encodeBytes(codes []byte, x []float32, s *floatState) {
	x = x[:len(codes)]
	for i := encodeFast(codes, x, 1, s); i < len(x); i++ {
		codes[i] = byte(s.encode(x[i]))
	}
}

// decodeBytes is its inverse.
func decodeBytes(dst []float32, codes []byte, s *decodeState) {
	codes = codes[:len(dst)]
	for i := decodeFast(dst, codes, 1, s); i < len(dst); i++ {
		dst[i] = s.decode(uint32(codes[i]))
	}
}

// wantCodes returns the bytes that n codes take.
func wantCodes(packed []byte, n int, f *numeric.Float) []byte {
	bytes := (n*f.Bits() + 7) / 8
	wantLen("packed", len(packed), bytes)
	return packed[:bytes]
}

// Bits of float32.
const (
	float32Absolute = 1<<31 - 1
	float32Sign     = 1 << 31
	float32Inf      = 0x7F800000
	float32Quiet    = 1 << 22
	float32NaN      = float32Inf | float32Quiet
	float32Leading  = 1 << 23 // of a significand
	float32Drop     = 23      // bits of a mantissa
	float32Bias     = 127
)

// floatState is what rounding to a format needs. The assembly reads the fields in this
// order.
type floatState struct {
	clamp     uint32 // the largest magnitude; where it may be passed, the next if there were one
	half      uint32 // half of the last bit that stays, less one of the last that goes
	mask      uint32 // the bits that stay
	minNormal uint32 // 0 where the format has float32's exponents, and so its subnormals
	magic     uint32 // the number at which those of float32 are as far apart as the subnormals
	largest   uint32
	overflow  uint32 // what lies past the largest
	nanKeep   uint32 // bits of a NaN's magnitude that stay
	nanValue  uint32 // and those that are added, in a value
	nanCode   uint32 // in a code
	nanSign   uint32 // bits of its sign that stay
	drop      uint32 // how many bits go
	rebias    uint32 // what the code of a normal number has too much
	signShift uint32 // from a number's sign to a code's
}

func newFloatState(f *numeric.Float, o numeric.Overflow) floatState {
	drop := uint32(float32Drop - f.Mantissa)
	s := floatState{
		half:      1<<(drop-1) - 1,
		mask:      ^uint32(1<<drop - 1),
		minNormal: minNormal(f),
		magic:     uint32(float32Bias+1-f.Bias+int(drop)) << float32Drop,
		largest:   math.Float32bits(f.Max()),
		nanSign:   float32Sign,
		drop:      drop,
		rebias:    uint32(float32Bias-f.Bias) << f.Mantissa,
		signShift: uint32(32 - f.Bits()),
	}
	top := uint32(1)<<(f.Bits()-1) - 1
	mantissa := uint32(1)<<f.Mantissa - 1
	switch f.Special {
	case numeric.IEEE:
		s.overflow, s.nanValue = float32Inf, float32NaN
		s.nanKeep = s.mask & (float32Leading - 1)
		s.nanCode = top - mantissa | float32Quiet>>drop
	case numeric.OnlyNaN:
		s.nanValue, s.nanCode = float32NaN|mantissa<<drop, top
		s.overflow = s.nanValue
	case numeric.Finite:
		s.nanValue, s.nanCode, s.nanSign = s.largest, top, 0
	}
	s.clamp = s.largest
	if o == numeric.ToInf && f.Special != numeric.Finite {
		s.clamp += 1 << drop
	}
	return s
}

// minNormal returns the bits of a format's smallest normal number, or 0 where the format
// has float32's exponents: its subnormals then are float32's, without their last bits.
func minNormal(f *numeric.Float) uint32 {
	if f.Bias == float32Bias {
		return 0
	}
	return uint32(float32Bias+1-f.Bias) << float32Drop
}

// round returns the value that is nearest to v.
func (s *floatState) round(v float32) float32 {
	magnitude, sign := split(v)
	if magnitude > float32Inf {
		return math.Float32frombits(magnitude&s.nanKeep | s.nanValue | sign&s.nanSign)
	}
	magnitude = min(magnitude, s.clamp)
	rounded := s.upper(magnitude) & s.mask
	if magnitude < s.minNormal {
		rounded = math.Float32bits(float32(s.lower(magnitude) - math.Float32frombits(s.magic)))
	}
	if rounded > s.largest {
		rounded = s.overflow
	}
	return math.Float32frombits(rounded | sign)
}

// encode returns its code.
func (s *floatState) encode(v float32) uint32 {
	magnitude, sign := split(v)
	if magnitude > float32Inf {
		return magnitude&s.nanKeep>>s.drop | s.nanCode | sign&s.nanSign>>s.signShift
	}
	magnitude = min(magnitude, s.clamp)
	code := s.upper(magnitude)>>s.drop - s.rebias
	if magnitude < s.minNormal {
		code = math.Float32bits(s.lower(magnitude)) - s.magic
	}
	return code | sign>>s.signShift
}

// split returns the bits of |v| and of its sign.
func split(v float32) (magnitude, sign uint32) {
	bits := math.Float32bits(v)
	return bits & float32Absolute, bits & float32Sign
}

// upper rounds a normal magnitude, in the bits that stay: a carry out of the mantissa
// raises the exponent.
func (s *floatState) upper(magnitude uint32) uint32 {
	return magnitude + s.half + magnitude>>s.drop&1
}

// lower rounds a subnormal one, to a number whose last bits count the subnormals.
func (s *floatState) lower(magnitude uint32) float32 {
	return float32(math.Float32frombits(magnitude) + math.Float32frombits(s.magic))
}

// decodeState is what the values of a format's codes need. The assembly reads the fields
// in this order.
type decodeState struct {
	top       uint32  // from a code's sign to the top of a word
	flip      uint32  // all ones where negative codes are complements, else 0
	negative  uint32  // 1 where they are, else 0
	magnitude uint32  // the bits of a code's magnitude
	drop      uint32  // how many bits of mantissa float32 has more
	rebias    uint32  // float32's exponent of a normal code less its own
	minNormal uint32  // the code of the smallest normal number
	smallest  float32 // the distance of the subnormals
	largest   uint32  // the code of the largest number
	inf       uint32  // the code above which all are NaN
}

func newDecodeState(f *numeric.Float) decodeState {
	top := uint32(1)<<(f.Bits()-1) - 1
	s := decodeState{
		top:       uint32(32 - f.Bits()),
		magnitude: top,
		drop:      uint32(float32Drop - f.Mantissa),
		rebias:    uint32(float32Bias-f.Bias) << float32Drop,
		largest:   top,
		inf:       top,
	}
	if f.Bias != float32Bias {
		s.minNormal, s.smallest = 1<<f.Mantissa, f.Smallest()
	}
	switch f.Special {
	case numeric.IEEE:
		s.inf = top - (1<<f.Mantissa - 1)
		s.largest = s.inf - 1
	case numeric.OnlyNaN:
		s.largest--
	}
	return s
}

// newInt8State is newDecodeState for two's complement: all codes are subnormals.
func newInt8State(f *numeric.Float) decodeState {
	s := newDecodeState(f)
	s.flip, s.negative, s.magnitude = math.MaxUint32, 1, math.MaxUint8
	s.largest, s.inf, s.minNormal = math.MaxUint8, math.MaxUint8, math.MaxUint8
	return s
}

// decode returns the value of a code.
func (s *decodeState) decode(code uint32) float32 {
	sign := uint32(int32(code<<s.top) >> 31)
	m := (code ^ sign&s.flip + sign&s.negative) & s.magnitude
	bits := m<<s.drop + s.rebias
	if m < s.minNormal {
		bits = math.Float32bits(float32(float32(m) * s.smallest))
	}
	if m > s.largest {
		bits |= float32Inf
	}
	if m > s.inf {
		bits |= float32Quiet
	}
	return math.Float32frombits(bits | sign&float32Sign)
}
