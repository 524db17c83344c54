package kernel

import (
	"math"

	"github.com/mlodyssey/odyssey/numeric"
)

// gridState is what rounding to a format without Inf and NaN needs.
type gridState struct {
	minNormal uint32 // the exponent below which the gaps stay the same
	magic     uint32 // from a number's exponent to that of numbers one of its gaps apart
	largest   uint32
	drop      uint32 // how many bits of mantissa float32 has more
}

func newGridState(f *numeric.Float) gridState {
	drop := uint32(float32Drop - f.Mantissa)
	return gridState{minNormal(f), drop << float32Drop, math.Float32bits(f.Max()), drop}
}

// place is where a magnitude lies among the values of a format: in the gap that begins
// at exponent, and as a number, sum, in steps of that gap from magic on.
type place struct{ exponent, magic, sum uint32 }

// nearest returns the place of the nearest value. magic is the number at which float32's
// are one gap apart, so that adding it rounds as the format does.
func (g *gridState) nearest(magnitude uint32) place {
	exponent := max(magnitude&float32Inf, g.minNormal)
	magic := exponent + g.magic
	return place{exponent, magic, math.Float32bits(float32(math.Float32frombits(magnitude) + math.Float32frombits(magic)))}
}

// stochastic returns the place of the value below, or of the one above where random is
// below the fraction of the gap, of which 32 bits count. A float32 subnormal lies too low
// for any.
func (g *gridState) stochastic(magnitude, random uint32) place {
	own := magnitude & float32Inf
	exponent := max(own, g.minNormal)
	by := (exponent-own)>>float32Drop + g.drop
	significand := magnitude&(float32Leading-1) | float32Leading
	fraction := significand<<(32-by) | significand>>(by-32) // a shift by a negative number leaves nothing
	magic := exponent + g.magic
	sum := magic + significand>>by
	if random < fraction {
		sum++
	}
	return place{exponent, magic, sum}
}

// value returns the value at a place.
func (g *gridState) value(p place) uint32 {
	return math.Float32bits(float32(math.Float32frombits(p.sum) - math.Float32frombits(p.magic)))
}

// code returns its code.
func (g *gridState) code(p place) uint32 { return p.sum - p.magic + (p.exponent-g.minNormal)>>g.drop }

// blockState is what rounding in blocks needs. The assembly reads the fields up to
// tensorDivisor in this order.
type blockState struct {
	element       gridState
	scale         gridState // of NVFP4
	emax          uint32    // the exponent of the largest element
	room          uint32    // what carries the bits of magnitudes that would saturate to the next exponent; 0: they may
	zero          uint32    // what added to a value makes zeros lose their sign, or keep it
	flip          uint32    // all ones where negative codes are complements, else 0
	negative      uint32    // what a negative code has more
	code          uint32    // the bits of a code
	tensor        float32
	tensorDivisor float32 // Inf for 0, so that scales are 0

	nvfp4 bool
}

// newBlockState returns what rounding to a format needs, or false where the format, or
// the scale of the tensor, is none that package numeric makes.
func newBlockState(b *numeric.Blocks, tensor float32, stochastic bool) (s blockState, ok bool) {
	if !isKnown(b) || b == numeric.NVFP4 && !isTensorScale(tensor) {
		return s, false
	}
	bits := b.Element.Bits()
	s = blockState{
		element:  newGridState(b.Element),
		emax:     uint32(b.Element.MaxExponent()),
		zero:     float32Sign,
		negative: 1 << (bits - 1),
		code:     1<<bits - 1,
	}
	switch b {
	case numeric.NVFP4:
		s.nvfp4, s.scale = true, newGridState(numeric.E4M3)
		s.setTensor(tensor)
	case numeric.MXINT8:
		s.zero, s.flip, s.negative = 0, math.MaxUint32, 1
	default:
		if stochastic {
			s.room = (float32Leading - 1) &^ math.Float32bits(b.Element.Max())
		}
	}
	return s, true
}

// isKnown reports whether a format is one of package numeric's.
func isKnown(b *numeric.Blocks) bool {
	switch b {
	case numeric.MXFP8E4M3, numeric.MXFP8E5M2, numeric.MXINT8, numeric.MXFP6E2M3, numeric.MXFP6E3M2, numeric.MXFP4, numeric.NVFP4:
		return true
	}
	return false
}

func (s *blockState) setTensor(tensor float32) { s.tensor, s.tensorDivisor = tensor, orInf(tensor) }

// orInf returns x, and Inf for a zero: dividing by it gives a zero.
func orInf(x float32) float32 {
	if x == 0 {
		return float32(math.Inf(1))
	}
	return x
}

// blockScale is what the elements of a block want.
type blockScale struct {
	divisor float32
	value   float32
	code    byte
	keep    uint32 // the bits of a code of an element; none where the scale is NaN
}

// scaleOf returns the scale of a block whose largest magnitude has these bits.
func (s *blockState) scaleOf(largest uint32) blockScale {
	switch {
	case s.nvfp4:
		return s.nvfp4Scale(largest)
	case largest >= float32Inf:
		return blockScale{divisor: 1, value: math.Float32frombits(float32NaN), code: byte(numeric.E8M0NaN)}
	}
	code := max((largest+s.room)>>float32Drop, s.emax) - s.emax
	value := math.Float32frombits(max(code<<float32Drop, float32Leading/2))
	return blockScale{value, value, byte(code), s.code}
}

func (s *blockState) nvfp4Scale(largest uint32) blockScale {
	const nan, nanCode = 0x7FF00000, 0x7F // of E4M3
	if largest >= float32Inf {
		return blockScale{divisor: 1, value: math.Float32frombits(nan), code: nanCode}
	}
	quotient := math.Float32frombits(largest) / 6 / s.tensorDivisor
	p := s.scale.nearest(min(math.Float32bits(quotient), s.scale.largest))
	value := math.Float32frombits(s.scale.value(p))
	return blockScale{orInf(value * s.tensor), value, byte(s.scale.code(p)), s.code}
}

// round rounds the block of x[0], x[stride], x[2*stride], ...
func (s *blockState) round(dst, x []float32, stride int, random []uint32) {
	b := s.scaleOf(largestBits(x, stride))
	zero := math.Float32frombits(s.zero)
	for i := 0; i < len(x); i += stride {
		p, sign := s.place(x[i], i, random, &b)
		v := float32(math.Float32frombits(s.element.value(p)|sign)+zero) * b.value
		if s.nvfp4 {
			v *= s.tensor
		}
		dst[i] = v
	}
}

// encode encodes a block, each element in a byte, and returns the scale.
func (s *blockState) encode(codes []byte, x []float32, random []uint32) (scale byte) {
	b := s.scaleOf(largestBits(x, 1))
	for i, v := range x {
		p, sign := s.place(v, i, random, &b)
		negative := uint32(int32(sign) >> 31)
		codes[i] = byte((s.element.code(p) ^ negative&s.flip + negative&s.negative) & b.keep)
	}
	clear(codes[len(x):])
	return b.code
}

// place returns the place and the sign of value i of a block.
func (s *blockState) place(v float32, i int, random []uint32, b *blockScale) (place, uint32) {
	magnitude, sign := split(v / b.divisor)
	magnitude = min(magnitude, s.element.largest)
	if random == nil {
		return s.element.nearest(magnitude), sign
	}
	return s.element.stochastic(magnitude, random[i]), sign
}

// largestBits returns the largest magnitude of x[0], x[stride], ... as bits, which are in
// the order of the magnitudes, NaNs last.
func largestBits(x []float32, stride int) (largest uint32) {
	for i := 0; i < len(x); i += stride {
		magnitude, _ := split(x[i])
		largest = max(largest, magnitude)
	}
	return largest
}

// newElementState returns what the values of a format's elements need.
func newElementState(b *numeric.Blocks) decodeState {
	if b == numeric.MXINT8 {
		return newInt8State(b.Element)
	}
	return newDecodeState(b.Element)
}
