// Command dropout writes the assembly of package kernel that drops elements at
// random; run it by go generate ./internal/kernel.
package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	dropout(vectors{"AVX512", 64, ZMM, []uint64{0, 4, 1, 5, 2, 6, 3, 7}})
	dropout(vectors{"AVX2", 32, YMM, []uint64{0, 2, 1, 3}})
	Generate()
}

// vectors is an instruction set. A register holds a counter in each 64 bits; they
// are ordered so that the words of the first half of them, side by side, come out
// as one register.
type vectors struct {
	name     string
	size     int // bytes of a register
	new      func() VecVirtual
	counters []uint64
}

// Places of numbers in the state, each 64 bits.
const (
	keys       = 0 // two for each round
	at         = 20
	atHigh     = 21
	counterLow = 22
	counterTop = 23
	limit      = 24 // twice 32 bits, as the next
	scale      = 25
	rounds     = 10
)

// dropout generates a loop over sets of counters, whose words say which elements
// stay.
func dropout(v vectors) {
	counters := GLOBL("counters"+v.name, attr.RODATA|attr.NOPTR)
	for i, c := range v.counters {
		DATA(8*i, U64(c))
	}
	TEXT("dropout"+v.name, NOSPLIT, "func(y, x *float32, sets int, state *uint64)")
	Pragma("noescape")
	Doc("dropout" + v.name + " sets each of the elements of y that sets of counters are for to x times the scale, or 0.")
	y, x, sets := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("sets"), GP64())
	state := Mem{Base: Load(Param("state"), GP64())}
	fixed := func(place int) VecVirtual { return v.broadcast(state.Offset(8 * place)) }
	first, least, factor := fixed(at), fixed(limit), fixed(scale)
	high, counter2, counter3 := fixed(atHigh), fixed(counterLow), fixed(counterTop)
	m0, m1 := v.constant("philox0", 0xD2511F53), v.constant("philox1", 0xCD9E8D57)
	words, step := v.constant("word", 1<<32-1), v.constant("step", uint64(len(v.counters)))
	VPADDQ(counters, first, first)

	Label("set")
	TESTQ(sets, sets)
	JZ(LabelRef("done"))
	c := [4]VecVirtual{first, high, counter2, counter3}
	for r := range rounds {
		p0, p1, next0, next2 := v.new(), v.new(), v.new(), v.new()
		VPMULUDQ(m0, c[0], p0)
		VPMULUDQ(m1, c[2], p1)
		VPSRLQ(U8(32), p1, next0)
		VPSRLQ(U8(32), p0, next2)
		v.xor(c[1], next0)
		v.xor(c[3], next2)
		v.xor(fixed(keys+2*r), next0)
		v.xor(fixed(keys+2*r+1), next2)
		c = [4]VecVirtual{next0, p1, next2, p0}
	}
	low, top := v.join(c[0], c[1], words), v.join(c[2], c[3], words)
	for half := range 2 {
		drawn, value := v.new(), v.new()
		if half == 0 {
			VPUNPCKLQDQ(top, low, drawn)
		} else {
			VPUNPCKHQDQ(top, low, drawn)
		}
		VMULPS(Mem{Base: x, Disp: half * v.size}, factor, value)
		v.keep(value, drawn, least)
		VMOVUPS(value, Mem{Base: y, Disp: half * v.size})
	}
	VPADDQ(step, first, first)
	ADDQ(Imm(uint64(2*v.size)), x)
	ADDQ(Imm(uint64(2*v.size)), y)
	DECQ(sets)
	JMP(LabelRef("set"))
	Label("done")
	VZEROUPPER()
	RET()
}

func (v vectors) wide() bool { return v.size == 64 }

func (v vectors) broadcast(m Mem) VecVirtual {
	r := v.new()
	VPBROADCASTQ(m, r)
	return r
}

func (v vectors) constant(name string, c uint64) VecVirtual {
	return v.broadcast(ConstData(name+v.name, U64(c)))
}

func (v vectors) xor(a, b VecVirtual) {
	if v.wide() {
		VPXORQ(a, b, b)
	} else {
		VPXOR(a, b, b)
	}
}

// join returns the low words of a with those of b above them.
func (v vectors) join(a, b, low VecVirtual) VecVirtual {
	VPSLLQ(U8(32), b, b)
	if v.wide() {
		VPANDQ(low, a, a)
		VPORQ(b, a, a)
	} else {
		VPAND(low, a, a)
		VPOR(b, a, a)
	}
	return a
}

// keep sets x to 0 where a word is below the least.
func (v vectors) keep(x, word, least VecVirtual) {
	larger := v.new()
	VPMAXUD(word, least, larger)
	if v.wide() {
		stays := K()
		VPCMPEQD(word, larger, stays)
		VMOVAPS_Z(x, stays, x)
	} else {
		VPCMPEQD(word, larger, larger)
		VANDPS(larger, x, x)
	}
}
