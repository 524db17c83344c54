package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set. Its methods emit an operation on lanes of 32 bits and
// return a fresh register, so that a kernel reads like the Go code that it follows.
// Operands in memory are one number for all lanes.
type vectors struct {
	name  string
	lanes int
	wide  bool // masks have registers of their own
	new   func() VecVirtual
	constants
	held map[string]VecVirtual // numbers in memory that have a register throughout
}

var (
	avx512 = vectors{name: "AVX512", lanes: 16, wide: true, new: ZMM}
	avx2   = vectors{name: "AVX2", lanes: 8, new: YMM}
)

// constants are numbers in the program's memory, by their bits.
type constants map[uint32]Mem

func (c constants) constant(bits uint32) Mem {
	m, ok := c[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("codec%08x", bits), attr.RODATA|attr.NOPTR)
		DATA(0, U32(bits))
		c[bits] = m
	}
	return m
}

// narrow returns the same instructions on the shortest registers, which the slow ones
// take least time for.
func (v vectors) narrow() vectors {
	v.lanes, v.new, v.held = 4, XMM, nil
	return v
}

// spread returns the first lane of a register in all.
func (v vectors) spread(x VecVirtual) VecVirtual {
	r := v.new()
	VPBROADCASTD(x.AsX(), r)
	return r
}

// bytes returns the size of a register.
func (v vectors) bytes() int { return 4 * v.lanes }

// hold returns the same vectors with numbers in registers: as many as may be had, for
// AVX2 the first few.
func (v vectors) hold(numbers ...Mem) vectors {
	const few = 3
	if !v.wide {
		numbers = numbers[:min(few, len(numbers))]
	}
	held := map[string]VecVirtual{}
	for _, m := range numbers {
		held[m.Asm()] = v.broadcast(m)
	}
	v.held = held
	return v
}

// operand returns the register of a number in memory.
func (v vectors) operand(x Op) VecVirtual {
	m, ok := x.(Mem)
	if !ok {
		return x.(VecVirtual)
	}
	if r := v.held[m.Asm()]; r != nil {
		return r
	}
	return v.broadcast(m)
}

func (v vectors) broadcast(m Mem) VecVirtual {
	r := v.new()
	VPBROADCASTD(m, r)
	return r
}

func (v vectors) load(m Mem) VecVirtual {
	r := v.new()
	VMOVUPS(m, r)
	return r
}

// binary emits an instruction with a and b as its inputs, in the order of Go's operator.
func (v vectors) binary(instruction func(...Op), a, b Op) VecVirtual {
	x, y, r := v.operand(a), v.operand(b), v.new()
	instruction(y, x, r)
	return r
}

func (v vectors) and(a, b Op) VecVirtual        { return v.binary(VANDPS, a, b) }
func (v vectors) or(a, b Op) VecVirtual         { return v.binary(VORPS, a, b) }
func (v vectors) xor(a, b Op) VecVirtual        { return v.binary(VXORPS, a, b) }
func (v vectors) add(a, b Op) VecVirtual        { return v.binary(VPADDD, a, b) }
func (v vectors) sub(a, b Op) VecVirtual        { return v.binary(VPSUBD, a, b) }
func (v vectors) least(a, b Op) VecVirtual      { return v.binary(VPMINUD, a, b) }
func (v vectors) most(a, b Op) VecVirtual       { return v.binary(VPMAXUD, a, b) }
func (v vectors) left(a, by Op) VecVirtual      { return v.binary(VPSLLVD, a, by) } // 0 from 32 on
func (v vectors) right(a, by Op) VecVirtual     { return v.binary(VPSRLVD, a, by) }
func (v vectors) addFloat(a, b Op) VecVirtual   { return v.binary(VADDPS, a, b) }
func (v vectors) subFloat(a, b Op) VecVirtual   { return v.binary(VSUBPS, a, b) }
func (v vectors) times(a, b Op) VecVirtual      { return v.binary(VMULPS, a, b) }
func (v vectors) dividedBy(a, b Op) VecVirtual  { return v.binary(VDIVPS, a, b) }
func (v vectors) leftBy(a Op, n int) VecVirtual { return v.shift(VPSLLD, a, n) }

func (v vectors) rightBy(a Op, n int) VecVirtual { return v.shift(VPSRLD, a, n) }

// signs returns words of ones for negative numbers, else zeros.
func (v vectors) signs(a Op) VecVirtual { return v.shift(VPSRAD, a, 31) }

func (v vectors) shift(instruction func(...Op), a Op, n int) VecVirtual {
	x, r := v.operand(a), v.new()
	instruction(U8(n), x, r)
	return r
}

// float returns integers as floating-point numbers.
func (v vectors) float(a Op) VecVirtual {
	r := v.new()
	VCVTDQ2PS(a, r)
	return r
}

// above returns the mask of the lanes where a > b, as integers with sign.
func (v vectors) above(a, b Op) Register {
	x, y := v.operand(a), v.operand(b)
	if v.wide {
		mask := K()
		VPCMPD(U8(6), y, x, mask) // not at most
		return mask
	}
	mask := v.new()
	VPCMPGTD(y, x, mask)
	return mask
}

// equalFloats returns the mask of the lanes where a == b.
func (v vectors) equalFloats(a, b Op) Register {
	x, y := v.operand(a), v.operand(b)
	var mask Register = v.new()
	if v.wide {
		mask = K()
	}
	VCMPPS(U8(0), y, x, mask)
	return mask
}

// choose returns yes where the mask is set, else no.
func (v vectors) choose(mask Register, yes, no Op) VecVirtual {
	a, b, r := v.operand(yes), v.operand(no), v.new()
	if v.wide {
		VPBLENDMD(a, b, mask, r)
	} else {
		VBLENDVPS(mask, a, b, r)
	}
	return r
}

// only returns a where the mask is set, else 0.
func (v vectors) only(mask Register, a Op) VecVirtual {
	x := v.operand(a)
	r := v.new()
	if v.wide {
		VMOVDQA32_Z(x, mask, r)
	} else {
		VANDPS(x, mask, r)
	}
	return r
}

// mostOfLanes returns the largest of all lanes in each of a narrow register.
func (v vectors) mostOfLanes(x VecVirtual) VecVirtual {
	if v.lanes == 16 {
		high := YMM()
		VEXTRACTI64X4(U8(1), x, high)
		VPMAXUD(x.AsY(), high, high)
		x = high
	}
	high := XMM()
	VEXTRACTI128(U8(1), x, high)
	VPMAXUD(x.AsX(), high, high)
	for _, swap := range []U8{0b01_00_11_10, 0b10_11_00_01} { // halves, neighbours
		swapped := XMM()
		VPSHUFD(swap, high, swapped)
		VPMAXUD(swapped, high, high)
	}
	return high
}

// output is what becomes of a lane: its 32 bits, or the low 8 or 16.
type output int

const (
	values output = 4
	bytes  output = 1
	words  output = 2
)

// store stores all lanes of x, whose higher bits are 0.
func (v vectors) store(x VecVirtual, o output, to Mem) {
	switch {
	case o == values:
		VMOVUPS(x, to)
	case v.wide && o == bytes:
		VPMOVDB(x, to)
	case v.wide:
		VPMOVDW(x, to)
	default:
		low, high := x.AsX(), XMM()
		VEXTRACTI128(U8(1), x, high)
		VPACKUSDW(high, low, high)
		if o == bytes {
			VPACKUSWB(high, high, high)
			VMOVQ(high, to)
		} else {
			VMOVDQU(high, to)
		}
	}
}

// widen loads codes of 8 or 16 bits.
func (v vectors) widen(o output, from Mem) VecVirtual {
	r := v.new()
	if o == bytes {
		VPMOVZXBD(from, r)
	} else {
		VPMOVZXWD(from, r)
	}
	return r
}

// repeat emits a loop that runs n times, and destroys n.
func repeat(name string, n Register, body func()) {
	TESTQ(n, n)
	JZ(LabelRef(name + "Done"))
	Label(name)
	body()
	DECQ(n)
	JNZ(LabelRef(name))
	Label(name + "Done")
}

func begin(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(append([]string{name + " " + doc[0]}, doc[1:]...)...)
}

func end() {
	VZEROUPPER()
	RET()
}

func pointer(name string) Register { return Load(Param(name), GP64()) }
