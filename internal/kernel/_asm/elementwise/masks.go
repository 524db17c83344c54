package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// masks is a table of words, ones before zeros: read from maskWords-n elements
// on, it masks n elements, where n may be negative or more than a register holds.
type masks struct{ table Mem }

const maskWords = 32

func newMasks() masks {
	table := GLOBL("masks", attr.RODATA|attr.NOPTR)
	for i := range maskWords {
		DATA(4*i, U32(1<<32-1))
	}
	for i := range maskWords {
		DATA(4*(maskWords+i), U32(0))
	}
	return masks{table}
}

// first returns where the mask of the first n+more elements begins.
func (m masks) first(n Register, more int) Mem {
	base, back := GP64(), GP64()
	LEAQ(m.table.Offset(4*(maskWords-more)), base)
	MOVQ(n, back)
	NEGQ(back)
	return Mem{Base: base, Index: back, Scale: 4}
}
