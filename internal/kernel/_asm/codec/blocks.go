package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// blockFormat is how the scale of a block comes about.
type blockFormat struct {
	name    string
	size    int // values of a block
	prepare func(v vectors, s blockState, largest VecVirtual) blockScale
}

var (
	mx    = blockFormat{"MX", 32, mxScale}
	nvfp4 = blockFormat{"NVFP4", 16, nvfp4Scale}
)

// gridState says where the fields of a gridState lie.
type gridState struct{ minNormal, magic, largest, drop Mem }

// blockState says where the fields of a blockState lie.
type blockState struct {
	element, scale                         gridState
	emax, room, zero, flip, negative, code Mem
	tensor, tensorDivisor                  Op
	absolute, exponent, leading, fraction  Mem // of float32
}

func newBlockState(v vectors, base Register) blockState {
	at := fields(base)
	return blockState{
		element: gridState{at(), at(), at(), at()},
		scale:   gridState{at(), at(), at(), at()},
		emax:    at(), room: at(), zero: at(), flip: at(), negative: at(), code: at(),
		tensor: at(), tensorDivisor: at(),
		absolute: v.constant(absolute), exponent: v.constant(exponent),
		leading: v.constant(leading), fraction: v.constant(fraction),
	}
}

// hold returns the vectors with what each element wants in registers.
func (s blockState) hold(v vectors) vectors {
	return v.hold(s.absolute, s.exponent, s.element.minNormal, s.element.magic, s.element.largest,
		s.zero, s.flip, s.negative, s.element.drop, s.leading, s.fraction)
}

// blockScale is what the elements of a block want.
type blockScale struct {
	factor, divisor VecVirtual // one of them, for the quotients
	value           VecVirtual
	code            VecVirtual // of the scale
	keep            VecVirtual // the bits of a code of an element; none where the scale is NaN
}

// place is where magnitudes lie between the values of a format: in the gap that begins
// at exponent, and as a number whose steps are that gap.
type place struct{ exponent, magic, sum VecVirtual }

// nearest returns the place of the nearest value. magic has the exponent at which
// float32's numbers are one gap apart: the sum rounds as the format does.
func (v vectors) nearest(magnitude VecVirtual, g gridState) place {
	e := v.most(v.and(magnitude, v.constant(exponent)), g.minNormal)
	magic := v.add(e, g.magic)
	return place{e, magic, v.addFloat(magnitude, magic)}
}

// stochastic returns the place of the value below, or of the one above where random is
// below the fraction of the gap, of which 32 bits count.
func (v vectors) stochastic(magnitude, random VecVirtual, g gridState) place {
	own := v.and(magnitude, v.constant(exponent))
	e := v.most(own, g.minNormal)
	by := v.add(v.rightBy(v.sub(e, own), 23), g.drop)
	significand := v.or(v.and(magnitude, v.constant(fraction)), v.constant(leading))
	thirtyTwo := v.constant(32)
	part := v.or(v.left(significand, v.sub(thirtyTwo, by)), v.right(significand, v.sub(by, thirtyTwo)))
	magic := v.add(e, g.magic)
	sum := v.add(magic, v.right(significand, by))
	return place{e, magic, v.addOneWhereBelow(sum, random, part)}
}

// addOneWhereBelow returns x + 1 where a < b, as integers without sign, else x.
func (v vectors) addOneWhereBelow(x, a, b VecVirtual) VecVirtual {
	one := v.constant(1)
	if v.wide {
		below := K()
		VPCMPUD(U8(1), b, a, below)
		return v.add(x, v.only(below, one))
	}
	notBelow := v.new()
	VPCMPEQD(v.most(a, b), a, notBelow)
	return v.add(v.add(x, one), notBelow) // a mask is -1
}

// value returns the value at a place.
func (v vectors) value(p place) VecVirtual { return v.subFloat(p.sum, p.magic) }

// code returns its code.
func (v vectors) code(p place, g gridState) VecVirtual {
	return v.add(v.sub(p.sum, p.magic), v.right(v.sub(p.exponent, g.minNormal), g.drop))
}

// mxScale is blockState.mxScale.
func mxScale(v vectors, s blockState, largest VecVirtual) blockScale {
	isNaN := v.above(largest, v.constant(finite))
	code := v.sub(v.most(v.rightBy(v.add(largest, s.room), 23), s.emax), s.emax)
	smallest := v.constant(lowScale)
	value := v.most(v.leftBy(code, 23), smallest)
	reciprocal := v.most(v.leftBy(v.sub(v.constant(254), code), 23), smallest)
	return blockScale{
		factor: reciprocal,
		value:  v.choose(isNaN, v.constant(nan), value),
		code:   v.choose(isNaN, v.constant(255), code),
		keep:   v.drop(isNaN, s.code),
	}
}

// nvfp4Scale is blockState.nvfp4Scale.
func nvfp4Scale(v vectors, s blockState, largest VecVirtual) blockScale {
	const six, e4m3NaN, e4m3NaNCode = 0x40c00000, 0x7ff00000, 0x7f
	isNaN := v.above(largest, v.constant(finite))
	quotient := v.dividedBy(v.dividedBy(largest, v.constant(six)), s.tensorDivisor)
	p := v.nearest(v.least(quotient, s.scale.largest), s.scale)
	value := v.value(p)
	return blockScale{
		divisor: v.orInf(v.times(value, s.tensor)),
		value:   v.choose(isNaN, v.constant(e4m3NaN), value),
		code:    v.choose(isNaN, v.constant(e4m3NaNCode), v.code(p, s.scale)),
		keep:    v.drop(isNaN, s.code),
	}
}

// orInf returns x, and Inf in the place of zeros: dividing by it gives zeros.
func (v vectors) orInf(x VecVirtual) VecVirtual {
	zero := v.xor(x, x)
	return v.choose(v.equalFloats(x, zero), v.constant(exponent), x)
}

func (b blockScale) quotient(v vectors, x VecVirtual) VecVirtual {
	if b.divisor != nil {
		return v.dividedBy(x, b.divisor)
	}
	return v.times(x, b.factor)
}

// spread returns a scale of narrow registers in all lanes; its code stays where it is.
func (b blockScale) spread(v vectors, o output) blockScale {
	if b.divisor != nil {
		b.divisor = v.spread(b.divisor)
	} else {
		b.factor = v.spread(b.factor)
	}
	if o == values {
		b.value = v.spread(b.value)
	} else {
		b.keep = v.spread(b.keep)
	}
	return b
}

// drop returns 0 where the mask is set, else a.
func (v vectors) drop(mask Register, a Op) VecVirtual {
	x := v.operand(a)
	return v.choose(mask, v.xor(x, x), x)
}

// element returns what becomes of a number in a block: a value, or a code.
func (v vectors) element(x VecVirtual, random *Mem, s blockState, b blockScale, o output) VecVirtual {
	quotient := b.quotient(v, x)
	magnitude := v.and(quotient, s.absolute)
	sign := v.xor(quotient, magnitude)
	magnitude = v.least(magnitude, s.element.largest)
	var p place
	if random == nil {
		p = v.nearest(magnitude, s.element)
	} else {
		p = v.stochastic(magnitude, v.load(*random), s.element)
	}
	if o == values {
		value := v.addFloat(v.or(v.value(p), sign), s.zero)
		value = v.times(value, b.value)
		if b.divisor != nil {
			value = v.times(value, s.tensor)
		}
		return value
	}
	negative := v.signs(sign)
	code := v.xor(v.code(p, s.element), v.and(negative, s.flip))
	return v.and(v.add(code, v.and(negative, s.negative)), b.keep)
}

// blockRows generates a loop over blocks whose values follow each other.
func blockRows(v vectors, f blockFormat, o output) {
	if o == values {
		begin("roundBlocks"+f.name+v.name, "func(dst *float32, x *float32, random *uint32, blocks int, state *uint32)",
			"rounds blocks as blockState.round does.")
	} else {
		begin("encodeBlocks"+f.name+v.name, "func(codes *byte, scales *byte, x *float32, random *uint32, blocks int, state *uint32)",
			"encodes blocks as blockState.encode does, each element in a byte.")
	}
	to, scales := blockOutputs(o)
	x, random := pointer("x"), pointer("random")
	blocks := pointer("blocks")
	s := newBlockState(v, pointer("state"))
	v = s.hold(v)
	eitherRounding(random, func(name string, stochastic bool) {
		repeat(name, blocks, func() {
			numbers, most := v.loadBlock(x, f.size, s)
			b := f.prepare(v.narrow(), s, v.mostOfLanes(most)).spread(v, o)
			for i, number := range numbers {
				words := Mem{Base: random, Disp: i * v.bytes()}
				v.store(v.element(number, onlyIf(stochastic, &words), s, b, o), o, Mem{Base: to, Disp: i * v.lanes * int(o)})
			}
			if o == bytes {
				storeScale(b, scales)
			}
			ADDQ(U32(4*f.size), x)
			if stochastic {
				ADDQ(U32(4*f.size), random)
			}
			ADDQ(U32(f.size*int(o)), to)
		})
	})
}

// blockOutputs returns where the elements and the scales go.
func blockOutputs(o output) (to, scales Register) {
	if o == values {
		return pointer("dst"), nil
	}
	return pointer("codes"), pointer("scales")
}

// storeScale stores the code of a scale, and moves on by it.
func storeScale(b blockScale, scales Register) {
	code := GP32()
	VMOVD(b.code.AsX(), code)
	MOVB(code.As8(), Mem{Base: scales})
	INCQ(scales)
}

// loadBlock loads a block, and returns the largest magnitudes in its lanes too, as bits.
func (v vectors) loadBlock(x Register, size int, s blockState) (numbers []VecVirtual, most VecVirtual) {
	for i := 0; i < size; i += v.lanes {
		number := v.load(Mem{Base: x, Disp: 4 * i})
		magnitude := v.and(number, s.absolute)
		if most == nil {
			most = magnitude
		} else {
			most = v.most(most, magnitude)
		}
		numbers = append(numbers, number)
	}
	return numbers, most
}

// onlyIf returns m where it is wanted.
func onlyIf(wanted bool, m *Mem) *Mem {
	if !wanted {
		return nil
	}
	return m
}

// eitherRounding emits code for rounding to the nearest, which is taken where random is
// nil, and for rounding by it.
func eitherRounding(random Register, code func(name string, stochastic bool)) {
	TESTQ(random, random)
	JNZ(LabelRef("random"))
	code("nearestLoop", false)
	end()
	Label("random")
	code("randomLoop", true)
	end()
}

// blockLanes generates what rounds a block in each lane, whose positions lie so many
// bytes apart.
func blockLanes(v vectors, f blockFormat) {
	begin("roundLanes"+f.name+v.name, "func(dst *float32, x *float32, random *uint32, tensor *float32, positions int, stride int, state *uint32)",
		"rounds a block in each lane as blockState.round does, with a tensor scale in each lane of NVFP4.")
	dst, x, random := pointer("dst"), pointer("x"), pointer("random")
	positions, stride := pointer("positions"), pointer("stride")
	s := newBlockState(v, pointer("state"))
	if f.name == nvfp4.name {
		tensor := v.load(Mem{Base: pointer("tensor")})
		s.tensor, s.tensorDivisor = tensor, v.orInf(tensor)
	}
	most := v.new()
	VXORPS(most, most, most)
	at, left := GP64(), GP64()
	MOVQ(x, at)
	MOVQ(positions, left)
	repeat("largest", left, func() {
		VPMAXUD(v.and(v.load(Mem{Base: at}), s.absolute), most, most)
		ADDQ(stride, at)
	})
	b := f.prepare(v, s, most)
	v = s.hold(v)
	eitherRounding(random, func(name string, stochastic bool) {
		repeat(name, positions, func() {
			words := Mem{Base: random}
			VMOVUPS(v.element(v.load(Mem{Base: x}), onlyIf(stochastic, &words), s, b, values), Mem{Base: dst})
			ADDQ(stride, x)
			ADDQ(stride, dst)
			if stochastic {
				ADDQ(stride, random)
			}
		})
	})
}
