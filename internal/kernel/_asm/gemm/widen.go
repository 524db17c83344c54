package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// widenBlock is how many elements widen takes at a time.
const widenBlock = 32

// widen generates float32s of bfloat16s, which are their upper halves.
func widen(v vectors) {
	TEXT("widen"+v.name, NOSPLIT, "func(dst *float32, src *byte, blocks int, ahead int)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("widen%s makes float32 of bfloat16: for i < %d*blocks,", v.name, widenBlock),
		"",
		"\tbits of dst[i] = src[2*i]<<16 | src[2*i+1]<<24",
		"",
		"It fetches what lies some bytes ahead, such as the next row.",
	)
	dst, src, blocks := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	ahead := Load(Param("ahead"), GP64())
	Label("block")
	PREFETCHT0(Mem{Base: src, Index: ahead, Scale: 1})
	for i := 0; i < 4*widenBlock; i += v.width {
		x := v.new()
		VPMOVZXWD(Mem{Base: src, Disp: i / 2}, x)
		VPSLLD(U8(16), x, x)
		VMOVUPS(x, Mem{Base: dst, Disp: i})
	}
	ADDQ(U32(4*widenBlock), dst)
	ADDQ(U8(2*widenBlock), src)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
