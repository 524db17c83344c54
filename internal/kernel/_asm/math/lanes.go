package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// lanes generates the kernels of which each lane is an example, or a column.
func lanes(m machine) {
	argMaxLanes(m)
	sumColumns(m)
}

func argMaxLanes(m machine) {
	start("argMaxLanes"+m.name, "top *float32, index *int32, x *float32, n int)",
		"for lane := range 16 {", "\ttop[lane], index[lane] = x[lane], 0", "\tfor i := range n {",
		"\t\tif above(x[i*16+lane], top[lane]) {", "\t\t\ttop[lane], index[lane] = x[i*16+lane], int32(i)", "\t\t}", "\t}", "}")
	x, left := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	best := m.loadGroups(x)
	at, here, one := m.zeroGroups(), m.zero(), m.shared(m.pattern(1))
	Label("again")
	for g := range m.groups() {
		v := m.load(m.group(x, g), nil)
		take := m.above(v, best[g])
		if m.wide() {
			VMOVAPS(v, take, best[g])
			VMOVDQA32(here, take, at[g])
		} else {
			VBLENDVPS(take, v, best[g], best[g])
			VBLENDVPS(take, here, at[g], at[g])
		}
	}
	VPADDD(one, here, here)
	ADDQ(U8(4*partials), x)
	DECQ(left)
	JNZ(LabelRef("again"))
	m.storeGroups(best, Load(Param("top"), GP64()))
	m.storeGroups(at, Load(Param("index"), GP64()))
	end()
}

// above returns the mask of the lanes where v > w, or v alone is NaN.
func (m machine) above(v, w VecVirtual) Register {
	number := m.is(ordered, w, w)
	if m.wide() {
		VCMPPS(notAtMost, w, v, number, number)
		return number
	}
	return m.and(m.is(notAtMost, v, w), number)
}

// sumColumns generates the sum of rows, with all partial sums of as many columns
// as a register has lanes in registers.
func sumColumns(m machine) {
	doc := []string{"var s [16][lanes]float32", "for i := range n {", "\tfor j := range COLUMNS {", "\t\ts[i%16][j] += x[i*stride+j]", "\t}", "}",
		"dst[j] = tree of s[0:16][j]"}
	signature, columns := "dst, x *float32, n, stride int)", "8"
	if m.wide() {
		signature, columns = "dst, x *float32, n, stride, columns int)", "columns"
	}
	doc[0], doc[2] = "var s [16]["+columns+"]float32", "\tfor j := range "+columns+" {"
	if m.wide() {
		doc[0] = "var s [16][16]float32"
	}
	start("sumColumns"+m.name, signature, doc...)
	x, left, stride := Load(Param("x"), GP64()), Load(Param("n"), GP64()), Load(Param("stride"), GP64())
	SHLQ(U8(2), stride)
	var mask Register
	if m.wide() {
		mask = m.first(Load(Param("columns"), GP64()))
	}
	var s []VecVirtual
	for range partials {
		s = append(s, m.zero())
	}
	TESTQ(left, left)
	JZ(LabelRef("tree"))
	Label("again")
	for _, sum := range s {
		if m.wide() {
			VADDPS(Mem{Base: x}, sum, mask, sum)
		} else {
			VADDPS(Mem{Base: x}, sum, sum)
		}
		ADDQ(stride, x)
		DECQ(left)
		JZ(LabelRef("tree"))
	}
	JMP(LabelRef("again"))
	Label("tree")
	for half := partials / 2; half > 0; half /= 2 {
		for i := range half {
			m.into(s[i], s[i+half])
		}
	}
	m.store(s[0], mask, Mem{Base: Load(Param("dst"), GP64())})
	end()
}
