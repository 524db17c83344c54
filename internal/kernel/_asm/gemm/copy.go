package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// panelBytes is a row of a packed panel, the most that copyRows takes.
const panelBytes = 128

// copyRows generates the packing of rows that are contiguous.
func copyRows(v vectors, m masks) {
	name := "copyRows" + v.name
	TEXT(name, NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow int, rows int, cols int)")
	Pragma("noescape")
	lanes := v.width / float32s.size
	Doc(
		fmt.Sprintf("%s copies at least one row of 1 to %d elements,", name, panelBytes/float32s.size),
		"",
		"\tdst[i*dstRow+j] = src[i*srcRow+j]",
		"",
		fmt.Sprintf("and zeros after them, up to a multiple of %d.", lanes),
	)
	dst, src, rows := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("rows"), GP64())
	dstRow, srcRow := float32s.stride("dstRow"), float32s.stride("srcRow")
	cols := Load(Param("cols"), GP64())
	most := panelBytes / v.width
	for n := 1; n <= most; n++ {
		past, row := fmt.Sprintf("past%d", n), fmt.Sprintf("row%d", n)
		if n < most {
			CMPQ(cols, U8(n*lanes))
			JG(LabelRef(past))
		}
		SUBQ(U8((n-1)*lanes), cols)
		mask := v.new()
		VMOVUPS(m.first(cols, float32s.size), mask)
		var keep Register
		if v.width == 64 {
			keep = K()
			VPMOVD2M(mask, keep)
		}
		Label(row)
		for i := range n {
			x, at := v.new(), Mem{Base: src, Disp: i * v.width}
			switch {
			case i < n-1:
				VMOVUPS(at, x)
			case v.width == 64:
				VMOVUPS_Z(at, keep, x)
			default:
				VMASKMOVPS(at, mask, x)
			}
			VMOVUPS(x, Mem{Base: dst, Disp: i * v.width})
		}
		ADDQ(srcRow, src)
		ADDQ(dstRow, dst)
		DECQ(rows)
		JNE(LabelRef(row))
		VZEROUPPER()
		RET()
		if n < most {
			Label(past)
		}
	}
}
