package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set: how it holds float32 lanes, and moves those
// that a mask selects.
type vectors struct {
	name  string
	lanes int
	new   func() VecVirtual // a fresh register
}

var (
	avx512 = vectors{"AVX512", 16, ZMM}
	avx2   = vectors{"AVX2", 8, YMM}
)

// wide reports whether masks have registers of their own.
func (v vectors) wide() bool { return v.lanes == 16 }

// loadMask returns the mask that begins at m.
func (v vectors) loadMask(m Mem) Register {
	words := v.new()
	VMOVUPS(m, words)
	if !v.wide() {
		return words
	}
	mask := K()
	VPMOVD2M(words, mask)
	return mask
}

// load loads the elements that a mask selects.
func (v vectors) load(m Mem, mask Register) VecVirtual {
	r := v.new()
	if v.wide() {
		VMOVUPS_Z(m, mask, r)
	} else {
		VMASKMOVPS(m, mask, r)
	}
	return r
}

// loadEven loads elements 0, 2, 4, ... of m. The two masks are for as many
// consecutive elements as a register holds, from m on and from the last of these
// on: one more might be out of bounds.
func (v vectors) loadEven(m Mem, masks [2]Register, even VecVirtual) VecVirtual {
	low, high := v.load(m, masks[0]), v.load(m.Offset(4*(v.lanes-1)), masks[1])
	if v.wide() {
		VPERMT2PS(high, even, low)
	} else {
		VSHUFPS(U8(0b11_01_10_00), high, low, low)
		VPERMPD(U8(0b11_01_10_00), low, low)
	}
	return low
}

// gather loads the elements that a mask selects, each at its own index.
func (v vectors) gather(base, index, mask Register) VecVirtual {
	at, r := Mem{Base: base, Index: index, Scale: 4}, v.new()
	if v.wide() {
		VPXORD(r, r, r)
		used := K()
		KMOVW(mask, used)
		VGATHERDPS(at, used, r)
	} else {
		VPXOR(r, r, r)
		used := YMM()
		VMOVUPS(mask, used)
		VGATHERDPS(used, at, r)
	}
	return r
}

// store stores the elements that a mask selects.
func (v vectors) store(r, mask Register, m Mem) {
	if v.wide() {
		VMOVUPS(r, mask, m)
	} else {
		VMASKMOVPS(r, mask, m)
	}
}

// take sets best to x and at to i where x is above best: greater, or the first
// NaN.
func (v vectors) take(best, at, x, i VecVirtual) {
	const ordered = U8(7)
	if v.wide() {
		number, take := K(), K()
		VCMPPS(ordered, best, best, number)
		VCMPPS(notAtMost, best, x, number, take)
		VMOVAPS(x, take, best)
		VMOVDQA32(i, take, at)
	} else {
		number, take := YMM(), YMM()
		VCMPPS(ordered, best, best, number)
		VCMPPS(notAtMost, best, x, take)
		VANDPS(number, take, take)
		VBLENDVPS(take, x, best, best)
		VBLENDVPS(take, i, at, at)
	}
}

// takeFirst is take for a best that is the least value and a number, and leaves
// at alone.
func (v vectors) takeFirst(best, x VecVirtual) {
	if v.wide() {
		take := K()
		VCMPPS(notAtMost, best, x, take)
		VMOVAPS(x, take, best)
	} else {
		take := v.new()
		VCMPPS(notAtMost, best, x, take)
		VBLENDVPS(take, x, best, best)
	}
}

func (v vectors) zero(r VecVirtual) {
	if v.wide() {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

// keepPositive sets x to 0 where gate is not positive.
func (v vectors) keepPositive(x, gate, zero VecVirtual) {
	if v.wide() {
		keep := K()
		VCMPPS(greater, zero, gate, keep)
		VMOVAPS_Z(x, keep, x)
	} else {
		VCMPPS(greater, zero, gate, gate)
		VANDPS(gate, x, x)
	}
}

// keepEqual returns x where integers i and j are equal, else 0.
func (v vectors) keepEqual(x, i, j VecVirtual) VecVirtual {
	r := v.new()
	if v.wide() {
		equal := K()
		VPCMPEQD(i, j, equal)
		VMOVAPS_Z(x, equal, r)
	} else {
		VPCMPEQD(i, j, r)
		VANDPS(x, r, r)
	}
	return r
}
