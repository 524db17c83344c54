package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose generates a matrix transposition in blocks of 8 x 8. The last block
// of a row or a column overlaps the one before, so that nothing is left over.
func transpose() {
	TEXT("transposeAVX2", NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride int, rows int, cols int)")
	Pragma("noescape")
	Doc(
		"transposeAVX2 transposes a matrix of at least 8 x 8: for i < rows and j < cols,",
		"",
		"\tdst[j*dstStride+i] = src[i*srcStride+j]",
	)
	dst, src := newMatrix("dst", "dstStride"), newMatrix("src", "srcStride")
	rows, cols := Load(Param("rows"), GP64()), Load(Param("cols"), GP64())
	SUBQ(U8(8), rows) // the last block's first row
	SUBQ(U8(8), cols)

	i := blocks("row", rows)
	j := blocks("col", cols)
	from, to := src.at(i.first, j.first), dst.at(j.first, i.first)
	for half := range 2 {
		transposeHalf(from, to, half)
	}
	j.next()
	i.next()
	VZEROUPPER()
	RET()
}

// transposeHalf does four columns of a block, which become four rows.
func transposeHalf(from, to [8]Mem, half int) {
	r, t := ymms(4), ymms(4)
	for i := range r {
		VMOVUPS(from[i].Offset(16*half), r[i].AsX())
		VINSERTF128(U8(1), from[i+4].Offset(16*half), r[i], r[i])
	}
	VUNPCKLPS(r[1], r[0], t[0])
	VUNPCKHPS(r[1], r[0], t[1])
	VUNPCKLPS(r[3], r[2], t[2])
	VUNPCKHPS(r[3], r[2], t[3])
	VUNPCKLPD(t[2], t[0], r[0])
	VUNPCKHPD(t[2], t[0], r[1])
	VUNPCKLPD(t[3], t[1], r[2])
	VUNPCKHPD(t[3], t[1], r[3])
	for i := range r {
		VMOVUPS(r[i], to[4*half+i])
	}
}

func ymms(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = YMM()
	}
	return r
}

// matrix is where a matrix lies; strides are in bytes.
type matrix struct{ base, stride, stride3 Register }

func newMatrix(base, stride string) matrix {
	m := matrix{base: Load(Param(base), GP64()), stride: Load(Param(stride), GP64()), stride3: GP64()}
	SHLQ(U8(2), m.stride)
	LEAQ(Mem{Base: m.stride, Index: m.stride, Scale: 2}, m.stride3)
	return m
}

// at returns where eight rows from the given row on begin, at the given column.
func (m matrix) at(row, col Register) [8]Mem {
	low, high := GP64(), GP64()
	MOVQ(row, low)
	IMULQ(m.stride, low)
	ADDQ(m.base, low)
	LEAQ(Mem{Base: low, Index: col, Scale: 4}, low)
	LEAQ(Mem{Base: low, Index: m.stride, Scale: 4}, high)
	var rows [8]Mem
	for i, base := range []Register{low, high} {
		rows[4*i] = Mem{Base: base}
		rows[4*i+1] = Mem{Base: base, Index: m.stride, Scale: 1}
		rows[4*i+2] = Mem{Base: base, Index: m.stride, Scale: 2}
		rows[4*i+3] = Mem{Base: base, Index: m.stride3, Scale: 1}
	}
	return rows
}

// loop visits first = 0, 8, ... and at last the given one.
type loop struct {
	label       string
	first, last Register
}

func blocks(label string, last Register) loop {
	l := loop{label: label, first: GP64(), last: last}
	XORQ(l.first, l.first)
	Label(label)
	return l
}

func (l loop) next() {
	done := "past" + l.label
	CMPQ(l.first, l.last)
	JE(LabelRef(done))
	ADDQ(U8(8), l.first)
	CMPQ(l.first, l.last)
	CMOVQGT(l.last, l.first)
	JMP(LabelRef(l.label))
	Label(done)
}

// sumLanes generates the tree of sums of the 16 lanes of 8 vectors at a time.
func sumLanes() {
	TEXT("sumLanesAVX2", NOSPLIT, "func(dst *float32, src *float32, n int)")
	Pragma("noescape")
	Doc(
		"sumLanesAVX2 sums the 16 lanes of each of at least 8 vectors: for i < n and s = src[16*i:],",
		"",
		"\tfor _, half := range []int{8, 4, 2, 1} {",
		"\t\tfor j := range half {",
		"\t\t\ts[j] += s[j+half]",
		"\t\t}",
		"\t}",
		"\tdst[i] = s[0]",
		"",
		"without writing to src.",
	)
	dst, src, last := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	SUBQ(U8(8), last)
	i := blocks("vectors", last)
	at := GP64()
	MOVQ(i.first, at)
	SHLQ(U8(6), at)
	ADDQ(src, at)

	// Each step adds the two halves of the values, and packs the results of two
	// registers into one.
	var eights [8]VecVirtual
	for v := range eights {
		eights[v] = YMM()
		VMOVUPS(Mem{Base: at, Disp: 64 * v}, eights[v])
		VADDPS(Mem{Base: at, Disp: 64*v + 32}, eights[v], eights[v])
	}
	var fours [4]VecVirtual // vector v in the low half, v+4 in the high one
	for v := range fours {
		high := YMM()
		fours[v] = YMM()
		VPERM2F128(U8(0x31), eights[v+4], eights[v], high)
		VINSERTF128(U8(1), eights[v+4].AsX(), eights[v], fours[v])
		VADDPS(high, fours[v], fours[v])
	}
	var twos [2]VecVirtual
	for v := range twos {
		high := YMM()
		twos[v] = YMM()
		VUNPCKHPD(fours[2*v+1], fours[2*v], high)
		VUNPCKLPD(fours[2*v+1], fours[2*v], twos[v])
		VADDPS(high, twos[v], twos[v])
	}
	odd, sum := YMM(), YMM()
	VSHUFPS(U8(0xdd), twos[1], twos[0], odd)
	VSHUFPS(U8(0x88), twos[1], twos[0], sum)
	VADDPS(odd, sum, sum)
	VMOVUPS(sum, Mem{Base: dst, Index: i.first, Scale: 4})
	i.next()
	VZEROUPPER()
	RET()
}
