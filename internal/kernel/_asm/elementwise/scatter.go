package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// scatterPairs generates the gradient of maximum pooling, row by row of the taps
// of as many windows as a register has lanes.
func scatterPairs(v vectors, m masks, d poolData) {
	name := "scatterPairs" + v.name
	TEXT(name, NOSPLIT, "func(dx, dy *float32, tap *int32, xRow, rows, cols, kernelH int)")
	Pragma("noescape")
	Doc(
		name+" sets all taps of rows x cols windows, at least one, two wide and side by side,",
		"of dy and tap without gaps between rows: for i < rows, j < cols, ky < kernelH and kx < 2",
		"",
		"\tif tap[i*cols+j] == 2*ky+kx {",
		"\t\tdx[(i*kernelH+ky)*xRow+2*j+kx] = 0 + dy[i*cols+j]",
		"\t} else {",
		"\t\tdx[(i*kernelH+ky)*xRow+2*j+kx] = 0",
		"\t}",
	)
	zero, one, even, odd := v.new(), v.new(), v.new(), v.new()
	v.zero(zero)
	VPBROADCASTD(d.one, one)
	dx, dy, tap := Load(Param("dx"), GP64()), Load(Param("dy"), GP64()), Load(Param("tap"), GP64())
	row, rows, kernelH := Load(Param("xRow"), GP64()), Load(Param("rows"), GP64()), Load(Param("kernelH"), GP64())
	SHLQ(U8(2), row)
	interleave := v.interleaver(d)

	Label("row")
	left, column := Load(Param("cols"), GP64()), GP64()
	MOVQ(dx, column)
	Label("columns")
	n, twice := GP64(), GP64()
	MOVQ(U32(v.lanes), n)
	CMPQ(left, n)
	CMOVQLT(left, n)
	LEAQ(Mem{Base: n, Index: n, Scale: 1}, twice)
	mask := v.loadMask(m.first(n, 0))
	low, high := v.loadMask(m.first(twice, 0)), v.loadMask(m.first(twice, -v.lanes))
	y, k := v.load(Mem{Base: dy}, mask), v.load(Mem{Base: tap}, mask)
	VADDPS(zero, y, y)
	to, ky := GP64(), GP64()
	MOVQ(column, to)
	MOVQ(kernelH, ky)
	VMOVAPS(zero, even)
	Label("taps")
	VPADDD(one, even, odd)
	a, b := interleave(v.keepEqual(y, k, even), v.keepEqual(y, k, odd))
	v.store(a, low, Mem{Base: to})
	v.store(b, high, Mem{Base: to, Disp: 4 * v.lanes})
	VPADDD(one, odd, even)
	ADDQ(row, to)
	DECQ(ky)
	JNZ(LabelRef("taps"))
	LEAQ(Mem{Base: dy, Index: n, Scale: 4}, dy)
	LEAQ(Mem{Base: tap, Index: n, Scale: 4}, tap)
	LEAQ(Mem{Base: column, Index: n, Scale: 8}, column)
	SUBQ(n, left)
	JNZ(LabelRef("columns"))
	next := GP64()
	MOVQ(row, next)
	IMULQ(kernelH, next)
	ADDQ(next, dx)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// interleaver returns what emits a[0], b[0], a[1], b[1], ... to two registers.
func (v vectors) interleaver(d poolData) func(a, b VecVirtual) (low, high VecVirtual) {
	if v.wide() {
		firsts, lasts := v.new(), v.new()
		VMOVUPS(d.pairs, firsts)
		VMOVUPS(d.pairs.Offset(64), lasts)
		return func(a, b VecVirtual) (low, high VecVirtual) {
			high = v.new()
			VMOVAPS(a, high)
			VPERMT2PS(b, lasts, high)
			VPERMT2PS(b, firsts, a)
			return a, high
		}
	}
	return func(a, b VecVirtual) (low, high VecVirtual) {
		low, high = v.new(), v.new()
		VUNPCKLPS(b, a, low) // of each half
		VUNPCKHPS(b, a, high)
		VPERM2F128(U8(0x20), high, low, a)
		VPERM2F128(U8(0x31), high, low, b)
		return a, b
	}
}
