package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tables are the data that kernels share: the constants, by their bits, and
// masks, which are words of ones before words of zeros.
type tables struct {
	constants map[string]Mem
	ones      Mem
}

const maskWords = 32

func newTables() *tables {
	t := &tables{constants: map[string]Mem{}}
	t.ones = GLOBL("ones", attr.RODATA|attr.NOPTR)
	for i := range maskWords {
		DATA(4*i, U32(1<<32-1))
	}
	for i := range maskWords {
		DATA(4*(maskWords+i), U32(0))
	}
	return t
}

// constant is where a value lies that all lanes share: a register of AVX2 full,
// and AVX-512 spreads the first.
type constant struct{ Mem }

// number returns the constant v, rounded to the type of the elements.
func (m machine) number(v float64) constant {
	if m.single() {
		return m.pattern(uint64(math.Float32bits(float32(v))))
	}
	return m.pattern(math.Float64bits(v))
}

// pattern returns the constant with these bits.
func (m machine) pattern(bits uint64) constant {
	name := fmt.Sprintf("c%d_%0*x", 8*m.size, 2*m.size, bits)
	mem, ok := m.constants[name]
	if !ok {
		mem = GLOBL(name, attr.RODATA|attr.NOPTR)
		for at := 0; at < 32; at += m.size {
			if m.single() {
				DATA(at, U32(bits))
			} else {
				DATA(at, U64(bits))
			}
		}
		m.constants[name] = mem
	}
	return constant{mem}
}

// param returns where an argument lies.
func param(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// first returns the mask of the first n lanes, where n may be more than there
// are, or negative.
func (m machine) first(n Register) Register {
	base, back := GP64(), GP64()
	LEAQ(m.ones.Offset(4*maskWords), base)
	MOVQ(U32(m.lanes()), back)
	CMPQ(n, back)
	CMOVQLT(n, back)
	NEGQ(back)
	words := m.new()
	VMOVUPS(Mem{Base: base, Index: back, Scale: uint8(m.size)}, words)
	if !m.wide() {
		return words
	}
	mask := K()
	if m.single() {
		VPMOVD2M(words, mask)
	} else {
		VPMOVQ2M(words, mask)
	}
	return mask
}

// load loads the elements that a mask selects, and zeros; all where there is no
// mask.
func (m machine) load(from Mem, mask Register) VecVirtual {
	to := m.new()
	switch {
	case mask == nil:
		m.pick(move)(from, to)
	case m.wide() && m.single():
		VMOVUPS_Z(from, mask, to)
	case m.wide():
		VMOVUPD_Z(from, mask, to)
	case m.single():
		VMASKMOVPS(from, mask, to)
	default:
		VMASKMOVPD(from, mask, to)
	}
	return to
}

// store stores the elements that a mask selects; all where there is none.
func (m machine) store(x VecVirtual, mask Register, to Mem) {
	switch {
	case mask == nil:
		m.pick(move)(x, to)
	case m.wide():
		m.pick(move)(x, mask, to)
	case m.single():
		VMASKMOVPS(x, mask, to)
	default:
		VMASKMOVPD(x, mask, to)
	}
}

// keep zeroes the lanes that a mask does not select; where there is none, it
// does nothing.
func (m machine) keep(x VecVirtual, mask Register) VecVirtual {
	switch {
	case mask == nil:
		return x
	case m.wide():
		to := m.new()
		VMOVAPS_Z(x, mask, to) // float32 alone sums
		return to
	}
	return m.and(x, mask)
}

// whilst repeats body, which does n elements, while so many are left.
func whilst(name string, left Register, n int, body func()) {
	again, past := fmt.Sprintf("%sAgain%d", name, n), fmt.Sprintf("%sPast%d", name, n)
	SUBQ(U8(n), left)
	JL(LabelRef(past))
	Label(again)
	body()
	SUBQ(U8(n), left)
	JGE(LabelRef(again))
	Label(past)
	ADDQ(U8(n), left)
}

// prefetch fetches so many bytes some way ahead of p: the processor itself only
// looks ahead to the end of a page.
func prefetch(p Register, ahead, bytes int) {
	for at := 0; at < bytes; at += 64 {
		PREFETCHT0(Mem{Base: p, Disp: ahead + at})
	}
}
