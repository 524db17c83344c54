package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Bits of float32.
const (
	absolute = 1<<31 - 1
	exponent = 0x7f800000
	quiet    = 1 << 22
	finite   = exponent - 1 // the largest number
	leading  = 1 << 23      // of a significand
	fraction = leading - 1
	nan      = exponent | quiet
	lowScale = 0x00400000 // 2^-127, E8M0's smallest
)

// floatState says where the fields of a floatState lie.
type floatState struct {
	clamp, half, mask, minNormal, magic, largest, overflow Mem
	nanKeep, nanValue, nanCode, nanSign                    Mem
	drop, rebias, signShift                                Mem
}

func newFloatState(base Register) floatState {
	at := fields(base)
	return floatState{
		at(), at(), at(), at(), at(), at(), at(),
		at(), at(), at(), at(),
		at(), at(), at(),
	}
}

// fields returns what returns the places of one field of 32 bits after another.
func fields(base Register) func() Mem {
	next := 0
	return func() Mem {
		m := Mem{Base: base, Disp: next}
		next += 4
		return m
	}
}

// encodeFloats generates a loop that rounds numbers to a format.
func encodeFloats(v vectors, o output) {
	const arguments = ", x *float32, n int, state *uint32)"
	switch o {
	case values:
		begin("roundFloat"+v.name, "func(to *float32"+arguments, "rounds n vectors as floatState.round does.")
	case bytes:
		begin("encode8Float"+v.name, "func(to *byte"+arguments, "encodes n vectors as floatState.encode does, in codes of 8 bits.")
	case words:
		begin("encode16Float"+v.name, "func(to *byte"+arguments, "encodes n vectors as floatState.encode does, in codes of 16 bits.")
	}
	to, x, n := pointer("to"), pointer("x"), pointer("n")
	s := newFloatState(pointer("state"))
	abs, one := v.constant(absolute), v.constant(1)
	v = v.hold(abs, one, s.clamp, s.half, s.drop, s.magic, s.minNormal, s.mask, s.largest, s.overflow, s.rebias, s.signShift, s.nanKeep, s.nanSign)
	repeat("vector", n, func() {
		bits := v.load(Mem{Base: x})
		magnitude := v.and(bits, abs)
		isNaN := v.above(magnitude, v.constant(exponent))
		sign := v.xor(bits, magnitude)
		sign = v.choose(isNaN, v.and(sign, s.nanSign), sign)
		keep := v.and(magnitude, s.nanKeep)
		if o == values {
			rounded := v.choose(isNaN, v.or(keep, s.nanValue), v.round(magnitude, s))
			v.store(v.or(rounded, sign), o, Mem{Base: to})
		} else {
			code := v.choose(isNaN, v.or(v.right(keep, s.drop), s.nanCode), v.encode(magnitude, s))
			v.store(v.or(code, v.right(sign, s.signShift)), o, Mem{Base: to})
		}
		ADDQ(U8(v.bytes()), x)
		ADDQ(U8(int(o)*v.lanes), to)
	})
	end()
}

// upper returns magnitudes as the rounding of normal numbers wants them, still with the
// bits that go.
func (v vectors) upper(magnitude VecVirtual, s floatState) (clamped, upper VecVirtual, small Register) {
	clamped = v.least(magnitude, s.clamp)
	odd := v.and(v.right(clamped, s.drop), v.constant(1))
	upper = v.add(v.add(clamped, s.half), odd)
	return clamped, upper, v.above(s.minNormal, clamped)
}

// round returns the value of the format that is nearest to each magnitude.
func (v vectors) round(magnitude VecVirtual, s floatState) VecVirtual {
	clamped, upper, small := v.upper(magnitude, s)
	subnormal := v.subFloat(v.addFloat(clamped, s.magic), s.magic)
	rounded := v.choose(small, subnormal, v.and(upper, s.mask))
	return v.choose(v.above(rounded, s.largest), s.overflow, rounded)
}

// encode returns its code.
func (v vectors) encode(magnitude VecVirtual, s floatState) VecVirtual {
	clamped, upper, small := v.upper(magnitude, s)
	subnormal := v.sub(v.addFloat(clamped, s.magic), s.magic)
	return v.choose(small, subnormal, v.sub(v.right(upper, s.drop), s.rebias))
}

// decodeState says where the fields of a decodeState lie.
type decodeState struct {
	top, flip, negative, magnitude, drop, rebias, minNormal, smallest, largest, inf Mem
}

func newDecodeState(base Register) decodeState {
	at := fields(base)
	return decodeState{at(), at(), at(), at(), at(), at(), at(), at(), at(), at()}
}

// holdDecoder returns the vectors with what decode wants in registers.
func (v vectors) holdDecoder(s decodeState) vectors {
	return v.hold(s.top, s.drop, s.rebias, s.minNormal, s.smallest, s.magnitude, s.flip, s.negative, s.largest, s.inf,
		v.constant(exponent), v.constant(quiet), v.constant(1<<31))
}

// decode returns the values of codes.
func (v vectors) decode(code VecVirtual, s decodeState) VecVirtual {
	sign := v.signs(v.left(code, s.top))
	flipped := v.xor(code, v.and(sign, s.flip))
	m := v.and(v.add(flipped, v.and(sign, s.negative)), s.magnitude)
	normal := v.add(v.left(m, s.drop), s.rebias)
	value := v.choose(v.above(s.minNormal, m), v.times(v.float(m), s.smallest), normal)
	value = v.or(value, v.only(v.above(m, s.largest), v.constant(exponent)))
	value = v.or(value, v.only(v.above(m, s.inf), v.constant(quiet)))
	return v.or(value, v.and(sign, v.constant(1<<31)))
}

// decodeFloats generates a loop that decodes codes of 8 or 16 bits.
func decodeFloats(v vectors, o output) {
	begin(map[output]string{bytes: "decode8", words: "decode16"}[o]+"Float"+v.name, "func(dst *float32, codes *byte, n int, state *uint32)",
		"decodes n vectors of codes as decodeState.decode does.")
	dst, codes, n := pointer("dst"), pointer("codes"), pointer("n")
	s := newDecodeState(pointer("state"))
	v = v.holdDecoder(s)
	repeat("vector", n, func() {
		VMOVUPS(v.decode(v.widen(o, Mem{Base: codes}), s), Mem{Base: dst})
		ADDQ(U8(int(o)*v.lanes), codes)
		ADDQ(U8(v.bytes()), dst)
	})
	end()
}

// decodeBlocks generates a loop over blocks of so many vectors, each with a scale.
func decodeBlocks(v vectors) {
	begin("decodeBlocks"+v.name, "func(dst *float32, codes *byte, scales *float32, tensor *float32, blocks int, vectors int, state *uint32)",
		"decodes blocks of vectors of codes as decodeState.decode does, and multiplies by the scale of",
		"each block and by that of the tensor.")
	dst, codes, scales, blocks := pointer("dst"), pointer("codes"), pointer("scales"), pointer("blocks")
	tensor := v.broadcast(Mem{Base: pointer("tensor")})
	s := newDecodeState(pointer("state"))
	vectors, left := pointer("vectors"), GP64()
	v = v.holdDecoder(s)
	repeat("block", blocks, func() {
		scale := v.broadcast(Mem{Base: scales})
		MOVQ(vectors, left)
		repeat("vector", left, func() {
			value := v.times(v.decode(v.widen(bytes, Mem{Base: codes}), s), scale)
			VMOVUPS(v.times(value, tensor), Mem{Base: dst})
			ADDQ(U8(v.lanes), codes)
			ADDQ(U8(v.bytes()), dst)
		})
		ADDQ(U8(4), scales)
	})
	end()
}

// largestFinite generates a loop over vectors that lie so many bytes apart.
func largestFinite(v vectors) {
	begin("largestFinite"+v.name, "func(largest *float32, x *float32, n int, stride int)",
		"raises the vector of largest to the largest finite magnitudes of n vectors of x.")
	largest, x, n, stride := pointer("largest"), pointer("x"), pointer("n"), pointer("stride")
	most := v.load(Mem{Base: largest})
	abs, inf := v.constant(absolute), v.constant(exponent)
	v = v.hold(abs, inf)
	repeat("vector", n, func() {
		magnitude := v.and(v.load(Mem{Base: x}), abs)
		VPMAXUD(v.only(v.above(inf, magnitude), magnitude), most, most)
		ADDQ(stride, x)
	})
	VMOVUPS(most, Mem{Base: largest})
	end()
}
