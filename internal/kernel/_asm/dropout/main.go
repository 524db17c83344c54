// Command dropout writes the assembly of package kernel that draws random words, and
// drops elements by them; run it by go generate ./internal/kernel.
package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	for _, v := range []vectors{
		{name: "AVX512", size: 64, new: ZMM, counters: []uint64{0, 4, 1, 5, 2, 6, 3, 7}},
		{name: "AVX2", size: 32, new: YMM, counters: []uint64{0, 2, 1, 3}},
	} {
		v.known = map[string]Mem{}
		v.order, v.even = v.data("counters", v.counters), v.data("even", []uint64{0, 2, 4, 6, 8, 10, 12, 14}[:v.size/8])
		dropout(v)
		words(v)
		wordsLanes(v)
	}
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
	order    Mem // the counters in memory
	even     Mem // even numbers
	known    map[string]Mem
}

// data returns where numbers lie that have a name.
func (v vectors) data(name string, numbers []uint64) Mem {
	if m, ok := v.known[name]; ok {
		return m
	}
	m := GLOBL(name+v.name, attr.RODATA|attr.NOPTR)
	for i, n := range numbers {
		DATA(8*i, U64(n))
	}
	v.known[name] = m
	return m
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
	TEXT("dropout"+v.name, NOSPLIT, "func(y, x *float32, sets int, state *uint64)")
	Pragma("noescape")
	Doc("dropout" + v.name + " sets each of the elements of y that sets of counters are for to x times the scale, or 0.")
	y, x, sets := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("sets"), GP64())
	p := newPhilox(v)
	least, factor := p.fixed(limit), p.fixed(scale)
	p.overSets(sets, func(half int, drawn VecVirtual) {
		value := v.new()
		VMULPS(Mem{Base: x, Disp: half * v.size}, factor, value)
		v.keep(value, drawn, least)
		VMOVUPS(value, Mem{Base: y, Disp: half * v.size})
	}, x, y)
}

func (v vectors) wide() bool { return v.size == 64 }

func (v vectors) broadcast(m Mem) VecVirtual {
	r := v.new()
	VPBROADCASTQ(m, r)
	return r
}

func (v vectors) constant(name string, c uint64) VecVirtual {
	return v.broadcast(v.data(name, []uint64{c}))
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
