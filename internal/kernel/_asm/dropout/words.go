package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// philox is the generator of random words with what it needs throughout in registers.
type philox struct {
	vectors
	state  Mem
	m0, m1 VecVirtual
	low    VecVirtual // the lower half of 64 bits
}

func newPhilox(v vectors) philox {
	return philox{
		vectors: v,
		state:   Mem{Base: Load(Param("state"), GP64())},
		m0:      v.constant("philox0", 0xD2511F53), m1: v.constant("philox1", 0xCD9E8D57),
		low: v.constant("word", 1<<32-1),
	}
}

// fixed returns a register that has a number of the state in each 64 bits.
func (p philox) fixed(place int) VecVirtual { return p.broadcast(p.state.Offset(8 * place)) }

// draw returns the four words of each counter, with something above them.
func (p philox) draw(c [4]VecVirtual) [4]VecVirtual {
	for r := range rounds {
		p0, p1, next0, next2 := p.new(), p.new(), p.new(), p.new()
		VPMULUDQ(p.m0, c[0], p0)
		VPMULUDQ(p.m1, c[2], p1)
		VPSRLQ(U8(32), p1, next0)
		VPSRLQ(U8(32), p0, next2)
		p.xor(c[1], next0)
		p.xor(c[3], next2)
		p.xor(p.fixed(keys+2*r), next0)
		p.xor(p.fixed(keys+2*r+1), next2)
		c = [4]VecVirtual{next0, p1, next2, p0}
	}
	return c
}

// overSets emits a loop over sets of counters that follow each other, and ends the
// function. use gets the words of either half of them in their order, and the pointers
// move on by both halves.
func (p philox) overSets(sets Register, use func(half int, drawn VecVirtual), pointers ...Register) {
	first, high, counter2, counter3 := p.fixed(at), p.fixed(atHigh), p.fixed(counterLow), p.fixed(counterTop)
	step := p.constant("step", uint64(len(p.counters)))
	VPADDQ(p.order, first, first)
	Label("set")
	TESTQ(sets, sets)
	JZ(LabelRef("done"))
	c := p.draw([4]VecVirtual{first, high, counter2, counter3})
	low, top := p.join(c[0], c[1], p.low), p.join(c[2], c[3], p.low)
	for half, unpack := range []func(...Op){unpackLow, unpackHigh} {
		drawn := p.new()
		unpack(top, low, drawn)
		use(half, drawn)
	}
	VPADDQ(step, first, first)
	for _, pointer := range pointers {
		ADDQ(Imm(uint64(2*p.size)), pointer)
	}
	DECQ(sets)
	JMP(LabelRef("set"))
	Label("done")
	VZEROUPPER()
	RET()
}

func unpackLow(o ...Op)  { VPUNPCKLQDQ(o[0], o[1], o[2]) }
func unpackHigh(o ...Op) { VPUNPCKHQDQ(o[0], o[1], o[2]) }

// words generates a loop over sets of counters that writes their words.
func words(v vectors) {
	TEXT("words"+v.name, NOSPLIT, "func(dst *uint32, sets int, state *uint64)")
	Pragma("noescape")
	Doc("words" + v.name + " sets dst to the words of sets of counters, which have a row in the place of the upper half of theirs.")
	dst, sets := Load(Param("dst"), GP64()), Load(Param("sets"), GP64())
	newPhilox(v).overSets(sets, func(half int, drawn VecVirtual) {
		VMOVUPS(drawn, Mem{Base: dst, Disp: half * v.size})
	}, dst)
}

// wordsLanes generates a loop over counters that writes their words for rows side by
// side.
func wordsLanes(v vectors) {
	TEXT("wordsLanes"+v.name, NOSPLIT, "func(dst *uint32, counters int, stride int, state *uint64)")
	Pragma("noescape")
	Doc(
		"wordsLanes"+v.name+" sets dst to the words of counters that follow each other, for as many rows as a register",
		"has words: the rows lie side by side, and words of a row stride bytes apart.",
	)
	dst, counters := Load(Param("dst"), GP64()), Load(Param("counters"), GP64())
	stride := Load(Param("stride"), GP64())
	p := newPhilox(v)
	first, one := p.fixed(at), v.constant("one", 1)
	even := p.fixed(atHigh)
	VPADDQ(v.even, even, even)
	odd := v.new()
	VPADDQ(one, even, odd)

	Label("counter")
	TESTQ(counters, counters)
	JZ(LabelRef("done"))
	to := GP64()
	for _, rows := range []VecVirtual{even, odd} { // which take turns in 32 bits each
		MOVQ(dst, to)
		for _, word := range p.draw([4]VecVirtual{first, rows, p.fixed(counterLow), p.fixed(counterTop)}) {
			if rows == even {
				VMOVUPS(word, Mem{Base: to})
			} else {
				v.storeJoined(word, p.low, Mem{Base: to})
			}
			ADDQ(stride, to)
		}
	}
	MOVQ(to, dst)
	VPADDQ(one, first, first)
	DECQ(counters)
	JMP(LabelRef("counter"))
	Label("done")
	VZEROUPPER()
	RET()
}

// storeJoined stores the low words of what is in memory with those of x above them.
func (v vectors) storeJoined(x, low VecVirtual, to Mem) {
	before := v.new()
	VMOVUPS(to, before)
	VMOVUPS(v.join(before, x, low), to)
}
