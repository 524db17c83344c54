package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// sum generates the sum of a slice: two registers of partial sums, and a tree.
func sum(m masks) {
	TEXT("sumAVX2", NOSPLIT, "func(x *float32, n int) float32")
	Pragma("noescape")
	Doc(
		"sumAVX2 sums x[:n] as if by",
		"",
		"\tvar s [16]float32",
		"\tfor i := range n {",
		"\t\ts[i%16] += x[i]",
		"\t}",
		"\treturn tree(&s)",
	)
	x, left := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	low, high := YMM(), YMM()
	VXORPS(low, low, low)
	VXORPS(high, high, high)
	whilst(left, 2*lanes, func() {
		VADDPS(Mem{Base: x}, low, low)
		VADDPS(Mem{Base: x, Disp: 32}, high, high)
		ADDQ(U8(64), x)
	})
	// What a mask leaves out counts as +0, which changes no sum: one that began at
	// +0 never is -0.
	TESTQ(left, left)
	JZ(LabelRef("tree"))
	mask, rest := YMM(), YMM()
	VMOVUPS(m.first(left, 0), mask)
	VMASKMOVPS(Mem{Base: x}, mask, rest)
	VADDPS(rest, low, low)
	CMPQ(left, U8(lanes))
	JLE(LabelRef("tree"))
	VMOVUPS(m.first(left, -lanes), mask)
	VMASKMOVPS(Mem{Base: x, Disp: 32}, mask, rest)
	VADDPS(rest, high, high)

	Label("tree")
	s, half := low.AsX(), XMM()
	VADDPS(high, low, low)
	VEXTRACTF128(U8(1), low, half)
	VADDPS(half, s, s)
	VMOVHLPS(s, s, half)
	VADDPS(half, s, s)
	VMOVSHDUP(s, half)
	VADDSS(half, s, s)
	result, _ := ReturnIndex(0).Resolve()
	VMOVSS(s, result.Addr)
	VZEROUPPER()
	RET()
}
