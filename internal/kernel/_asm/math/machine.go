package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// machine is an instruction set and a type of element. Its methods emit one
// operation each and return a fresh register, so that a kernel reads like the
// Go code that it follows.
type machine struct {
	name   string // the end of the kernels' names
	vector int    // bytes of a register
	size   int    // bytes of an element
	*tables
	held map[constant]VecVirtual // constants that have registers, throughout a loop
	turn func()                  // after an operation: see interleave
}

var (
	avx512f32 = machine{name: "32AVX512", vector: 64, size: 4}
	avx512f64 = machine{name: "64AVX512", vector: 64, size: 8}
	avx2f32   = machine{name: "32AVX2", vector: 32, size: 4}
	avx2f64   = machine{name: "64AVX2", vector: 32, size: 8}
)

// wide reports whether masks have registers of their own.
func (m machine) wide() bool { return m.vector == 64 }

// single reports whether the elements are float32.
func (m machine) single() bool { return m.size == 4 }

// lanes returns how many elements a register holds.
func (m machine) lanes() int { return m.vector / m.size }

func (m machine) goType() string {
	if m.single() {
		return "float32"
	}
	return "float64"
}

func (m machine) new() VecVirtual {
	if m.wide() {
		return ZMM()
	}
	return YMM()
}

// instruction is one operation for both types; the last two take the address of
// a constant that all lanes share.
type instruction struct{ ps, pd, psShared, pdShared func(...Op) }

func (m machine) pick(i instruction) func(...Op) {
	if m.single() {
		return i.ps
	}
	return i.pd
}

var (
	addition       = instruction{VADDPS, VADDPD, VADDPS_BCST, VADDPD_BCST}
	subtraction    = instruction{VSUBPS, VSUBPD, VSUBPS_BCST, VSUBPD_BCST}
	multiplication = instruction{VMULPS, VMULPD, VMULPS_BCST, VMULPD_BCST}
	division       = instruction{VDIVPS, VDIVPD, VDIVPS_BCST, VDIVPD_BCST}
	multiplyAdd    = instruction{VFMADD213PS, VFMADD213PD, VFMADD213PS_BCST, VFMADD213PD_BCST}
	minimum        = instruction{ps: VMINPS, pd: VMINPD}
	maximum        = instruction{ps: VMAXPS, pd: VMAXPD}
	bitAnd         = instruction{VANDPS, VANDPD, VANDPS_BCST, VANDPD_BCST}
	bitOr          = instruction{VORPS, VORPD, VORPS_BCST, VORPD_BCST}
	intAdd         = instruction{VPADDD, VPADDQ, VPADDD_BCST, VPADDQ_BCST}
	intSub         = instruction{VPSUBD, VPSUBQ, VPSUBD_BCST, VPSUBQ_BCST}
	compare        = instruction{VCMPPS, VCMPPD, VCMPPS_BCST, VCMPPD_BCST}
	blend          = instruction{VBLENDMPS, VBLENDMPD, VBLENDMPS_BCST, VBLENDMPD_BCST}
	move           = instruction{ps: VMOVUPS, pd: VMOVUPD}
)

// apply emits an instruction. Its operand x, the last input in Intel's order, may
// be a constant.
func (m machine) apply(i instruction, x Op, rest ...Op) {
	emit, x := m.operand(i, x)
	emit(append([]Op{x}, rest...)...)
	m.done()
}

// operand returns what emits an instruction that takes x, and how it names x.
func (m machine) operand(i instruction, x Op) (func(...Op), Op) {
	c, ok := x.(constant)
	switch {
	case !ok:
		return m.pick(i), x
	case m.held[c] != nil:
		return m.pick(i), m.held[c]
	case !m.wide():
		return m.pick(i), c.Mem
	case m.single():
		return i.psShared, c.Mem
	}
	return i.pdShared, c.Mem
}

// binary returns a register with a op b, where b may be a constant.
func (m machine) binary(i instruction, a, b Op) VecVirtual {
	to := m.new()
	if c, ok := a.(constant); ok {
		a = m.shared(c)
	}
	m.apply(i, b, a, to)
	return to
}

func (m machine) add(a, b Op) VecVirtual    { return m.binary(addition, a, b) }
func (m machine) sub(a, b Op) VecVirtual    { return m.binary(subtraction, a, b) }
func (m machine) mul(a, b Op) VecVirtual    { return m.binary(multiplication, a, b) }
func (m machine) div(a, b Op) VecVirtual    { return m.binary(division, a, b) }
func (m machine) and(a, b Op) VecVirtual    { return m.binary(bitAnd, a, b) }
func (m machine) or(a, b Op) VecVirtual     { return m.binary(bitOr, a, b) }
func (m machine) addInt(a, b Op) VecVirtual { return m.binary(intAdd, a, b) }
func (m machine) subInt(a, b Op) VecVirtual { return m.binary(intSub, a, b) }

// least returns min(bound, x), and x where it is NaN.
func (m machine) least(bound, x Op) VecVirtual { return m.binary(minimum, bound, x) }

// most returns max(bound, x), and x where it is NaN.
func (m machine) most(bound, x Op) VecVirtual { return m.binary(maximum, bound, x) }

// mulAdd returns a*b + c, rounded twice in float32 and once in float64, as the
// elementary functions do. c may be a constant.
func (m machine) mulAdd(a, b VecVirtual, c Op) VecVirtual {
	if m.single() {
		return m.add(m.mul(a, b), c)
	}
	to := m.new()
	VMOVAPD(a, to)
	m.apply(multiplyAdd, c, b, to)
	return to
}

// horner returns the polynomial with these coefficients, the highest first.
func (m machine) horner(x VecVirtual, coefficients ...float64) VecVirtual {
	if m.single() {
		p := m.add(m.mul(x, m.number(coefficients[0])), m.number(coefficients[1]))
		for _, c := range coefficients[2:] {
			p = m.add(m.mul(p, x), m.number(c))
		}
		return p
	}
	p := m.shared(m.number(coefficients[0]))
	for _, c := range coefficients[1:] {
		m.apply(multiplyAdd, m.number(c), x, p)
	}
	return p
}

// shared returns a register that has a constant in all lanes. It is only read.
func (m machine) shared(c constant) VecVirtual {
	if r := m.held[c]; r != nil {
		return r
	}
	return m.broadcast(c.Mem)
}

// hold returns a machine that has constants in registers: spreading each in memory
// over all lanes, again and again, takes time.
func (m machine) hold(constants []constant) machine {
	held := map[constant]VecVirtual{}
	for _, c := range constants {
		held[c] = m.shared(c)
	}
	m.held = held
	return m
}

// broadcast returns a register that has the element at from in all lanes.
func (m machine) broadcast(from Op) VecVirtual {
	to := m.new()
	if m.single() {
		VBROADCASTSS(from, to)
	} else {
		VBROADCASTSD(from, to)
	}
	m.done()
	return to
}

func (m machine) zero() VecVirtual {
	r := m.new()
	m.clear(r)
	return r
}

func (m machine) clear(r VecVirtual) {
	if m.wide() {
		VPXORD(r, r, r)
	} else {
		VPXOR(r, r, r)
	}
}

func (m machine) shiftRight(x VecVirtual, by int) VecVirtual {
	to := m.new()
	if m.single() {
		VPSRLD(U8(by), x, to)
	} else {
		VPSRLQ(U8(by), x, to)
	}
	m.done()
	return to
}

func (m machine) shiftLeft(x VecVirtual, by int) VecVirtual {
	to := m.new()
	if m.single() {
		VPSLLD(U8(by), x, to)
	} else {
		VPSLLQ(U8(by), x, to)
	}
	m.done()
	return to
}

// Comparisons that raise nothing on NaN.
const (
	equal     = U8(0x00) // false for NaN
	less      = U8(0x11) // false for NaN
	greater   = U8(0x1e) // false for NaN
	notLess   = U8(0x15) // true for NaN
	notAtMost = U8(0x16) // true for NaN
	unordered = U8(0x03) // either is NaN
	ordered   = U8(0x07)
)

// is returns the mask of the lanes where a and b compare so. b may be a
// constant.
func (m machine) is(comparison U8, a VecVirtual, b Op) Register {
	var mask Register = YMM()
	if m.wide() {
		mask = K()
	}
	emit, b := m.operand(compare, b)
	emit(comparison, b, a, mask)
	m.done()
	return mask
}

// choose returns yes where the mask is set, else no. yes may be a constant.
func (m machine) choose(mask Register, yes Op, no VecVirtual) VecVirtual {
	to := m.new()
	emit, yes := m.operand(blend, yes)
	if m.wide() {
		emit(yes, no, mask, to)
	} else if m.single() {
		VBLENDVPS(mask, yes, no, to)
	} else {
		VBLENDVPD(mask, yes, no, to)
	}
	m.done()
	return to
}
