package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// farBytes is how far ahead of itself a walk along rows of a large matrix fetches them
// into the second cache: the processor does not follow as many rows by itself.
const farBytes = 1024

// squares generates a loop over the columns of 16 rows of 4-byte elements, a cache line
// of each row at a time: rows whose distance is a power of two share few places of the
// first cache, from which a line is gone by the time that it is read again. It calls
// use with 16 columns in order and then advance, and leaves the terms that fill no line.
func (c *columns) squares(terms Register, use func(i int, column VecVirtual), advance func()) {
	SUBQ(U8(16), terms)
	JL(LabelRef("fewer"))
	Label("square")
	r := make([]VecVirtual, 16)
	for i, row := range c.rows {
		r[i] = c.new()
		VMOVUPS(row, r[i])
		PREFETCHT1(row.Offset(farBytes))
	}
	for i, column := range squareColumns(r) {
		use(i, column())
	}
	for _, base := range c.bases {
		ADDQ(U8(64), base)
	}
	advance()
	SUBQ(U8(16), terms)
	JGE(LabelRef("square"))
	Label("fewer")
	ADDQ(U8(16), terms)
}

// squareColumns transposes 16 rows of 16 elements of 4 bytes. Each column is made when
// it is asked for, in order.
func squareColumns(r []VecVirtual) []func() VecVirtual {
	for i := range 4 {
		transposeFours(r[4*i:])
	}
	// Now part p of r[4*i+j] is column 4*p+j of rows 4*i to 4*i+3.
	low, high := make([][2]VecVirtual, 4), make([][2]VecVirtual, 4)
	for j := range 4 {
		low[j] = [2]VecVirtual{exchange(0x88, r[j], r[4+j]), exchange(0x88, r[8+j], r[12+j])} // parts 0 and 2
		high[j] = [2]VecVirtual{exchange(0xdd, r[j], r[4+j]), exchange(0xdd, r[8+j], r[12+j])}
	}
	all := make([]func() VecVirtual, 16)
	for i := range all {
		pair, which := low[i%4], uint8(0x88)
		if i/4%2 == 1 {
			pair = high[i%4]
		}
		if i >= 8 {
			which = 0xdd
		}
		all[i] = func() VecVirtual { return exchange(which, pair[0], pair[1]) }
	}
	return all
}

// transposeFours transposes each of the 4 x 4 blocks of four registers.
func transposeFours(r []VecVirtual) {
	var t, to [4]VecVirtual
	for i := range t {
		t[i], to[i] = ZMM(), ZMM()
	}
	VUNPCKLPS(r[1], r[0], t[0])
	VUNPCKHPS(r[1], r[0], t[1])
	VUNPCKLPS(r[3], r[2], t[2])
	VUNPCKHPS(r[3], r[2], t[3])
	VUNPCKLPD(t[2], t[0], to[0])
	VUNPCKHPD(t[2], t[0], to[1])
	VUNPCKLPD(t[3], t[1], to[2])
	VUNPCKHPD(t[3], t[1], to[3])
	copy(r, to[:])
}

// exchange returns two quarters of a and two of b.
func exchange(which uint8, a, b VecVirtual) VecVirtual {
	to := ZMM()
	VSHUFF32X4(U8(which), b, a, to)
	return to
}
