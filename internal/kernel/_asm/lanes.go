package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose generates a matrix transposition in square blocks of a size. The
// last block of a row or a column overlaps the one before, so that nothing is
// left over.
func transpose(name string, size int, block func(from, to func() []Mem)) {
	TEXT(name, NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride int, rows int, cols int)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s transposes a matrix of at least %d x %d: for i < rows and j < cols,", name, size, size),
		"",
		"\tdst[j*dstStride+i] = src[i*srcStride+j]",
	)
	dst, src := newMatrix("dst", "dstStride"), newMatrix("src", "srcStride")
	rows, cols := Load(Param("rows"), GP64()), Load(Param("cols"), GP64())
	SUBQ(U8(size), rows) // the last block's first row
	SUBQ(U8(size), cols)

	i := blocks("row", rows, size)
	j := blocks("col", cols, size)
	block(
		func() []Mem { return src.at(i.first, j.first, size) },
		func() []Mem { return dst.at(j.first, i.first, size) })
	j.next()
	i.next()
	VZEROUPPER()
	RET()
}

// transposeAVX2 does a block of 8 x 8 by halves.
func transposeAVX2(from, to func() []Mem) {
	f, t := from(), to()
	for half := range 2 {
		transposeHalf(f, t, half)
	}
}

// transposeAVX512 does a block of 16 x 16, which two steps make of 4 x 4 blocks
// of 4 x 4, and two more exchange.
func transposeAVX512(from, to func() []Mem) {
	r := make([]VecVirtual, 16)
	for i, row := range from() {
		r[i] = ZMM()
		VMOVUPS(row, r[i])
	}
	for i := range 4 {
		copy(r[4*i:], transposeFours(r[4*i:4*i+4]))
	}
	// Now part p of r[4*i+j] is column 4*p+j of rows 4*i to 4*i+3.
	rows := to()
	for j := range 4 {
		low := [2]VecVirtual{exchange(0x88, r[j], r[4+j]), exchange(0x88, r[8+j], r[12+j])} // parts 0 and 2
		high := [2]VecVirtual{exchange(0xdd, r[j], r[4+j]), exchange(0xdd, r[8+j], r[12+j])}
		VMOVUPS(exchange(0x88, low[0], low[1]), rows[j])
		VMOVUPS(exchange(0x88, high[0], high[1]), rows[4+j])
		VMOVUPS(exchange(0xdd, low[0], low[1]), rows[8+j])
		VMOVUPS(exchange(0xdd, high[0], high[1]), rows[12+j])
	}
}

// transposeFours transposes each of the 4 x 4 blocks of four registers.
func transposeFours(r []VecVirtual) []VecVirtual {
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
	return to[:]
}

// exchange returns two quarters of a and two of b.
func exchange(which uint8, a, b VecVirtual) VecVirtual {
	to := ZMM()
	VSHUFF32X4(U8(which), b, a, to)
	return to
}

// transposeHalf does four columns of a block, which become four rows.
func transposeHalf(from, to []Mem, half int) {
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

// at returns where the given number of rows, a multiple of four, begin, from the
// given row on and at the given column.
func (m matrix) at(row, col Register, n int) (rows []Mem) {
	base := GP64()
	MOVQ(row, base)
	IMULQ(m.stride, base)
	ADDQ(m.base, base)
	LEAQ(Mem{Base: base, Index: col, Scale: 4}, base)
	for len(rows) < n {
		rows = append(rows,
			Mem{Base: base},
			Mem{Base: base, Index: m.stride, Scale: 1},
			Mem{Base: base, Index: m.stride, Scale: 2},
			Mem{Base: base, Index: m.stride3, Scale: 1})
		if len(rows) < n {
			next := GP64()
			LEAQ(Mem{Base: base, Index: m.stride, Scale: 4}, next)
			base = next
		}
	}
	return rows
}

// loop visits first = 0, step, 2*step, ... and at last the given one.
type loop struct {
	label       string
	step        int
	first, last Register
}

func blocks(label string, last Register, step int) loop {
	l := loop{label: label, step: step, first: GP64(), last: last}
	XORQ(l.first, l.first)
	Label(label)
	return l
}

func (l loop) next() {
	done := "past" + l.label
	CMPQ(l.first, l.last)
	JE(LabelRef(done))
	ADDQ(U8(l.step), l.first)
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
	src := Load(Param("src"), GP64())
	sumTrees(func(first Register) (low, high func(v int) Mem) {
		at := GP64()
		MOVQ(first, at)
		SHLQ(U8(6), at)
		ADDQ(src, at)
		return func(v int) Mem { return Mem{Base: at, Disp: 64 * v} }, func(v int) Mem { return Mem{Base: at, Disp: 64*v + 32} }
	})
}

// sumHalves generates sumLanes of values whose halves lie apart.
func sumHalves() {
	TEXT("sumHalvesAVX2", NOSPLIT, "func(dst *float32, low *float32, high *float32, n int)")
	Pragma("noescape")
	Doc("sumHalvesAVX2 is sumLanesAVX2 for s made of low[8*i:] and high[8*i:], eight each.")
	bases := [2]Register{Load(Param("low"), GP64()), Load(Param("high"), GP64())}
	sumTrees(func(first Register) (low, high func(v int) Mem) {
		at := GP64()
		MOVQ(first, at)
		SHLQ(U8(5), at)
		half := func(i int) func(v int) Mem {
			return func(v int) Mem { return Mem{Base: bases[i], Index: at, Scale: 1, Disp: 32 * v} }
		}
		return half(0), half(1)
	})
}

// sumTrees emits the sums of at least 8 vectors, 8 at a time, given where the
// halves of vector first+v lie.
func sumTrees(halves func(first Register) (low, high func(v int) Mem)) {
	dst, last := Load(Param("dst"), GP64()), Load(Param("n"), GP64())
	SUBQ(U8(8), last)
	i := blocks("vectors", last, 8)
	low, high := halves(i.first)

	// Each step adds the two halves of the values, and packs the results of two
	// registers into one.
	var eights [8]VecVirtual
	for v := range eights {
		eights[v] = YMM()
		VMOVUPS(low(v), eights[v])
		VADDPS(high(v), eights[v], eights[v])
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

// prefetchRows generates the fetching of rows into a cache.
func prefetchRows(name, cache string, fetch func(Op)) {
	TEXT(name, NOSPLIT, "func(p *float32, stride int, rows int, n int)")
	Pragma("noescape")
	Doc(name + " fetches n elements, at least one, of each of some rows into the " + cache + " cache.")
	p, stride := Load(Param("p"), GP64()), Load(Param("stride"), GP64())
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	SHLQ(U8(2), stride)
	Label("row")
	SUBQ(U8(1), rows)
	JL(LabelRef("done"))
	at, end := GP64(), GP64()
	MOVQ(p, at)
	LEAQ(Mem{Base: p, Index: n, Scale: 4}, end)
	Label("line")
	fetch(Mem{Base: at})
	ADDQ(U8(64), at)
	CMPQ(at, end)
	JB(LabelRef("line"))
	ADDQ(stride, p)
	JMP(LabelRef("row"))
	Label("done")
	RET()
}
