package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The bits of a strip's flags for AVX2 alone.
const (
	stripWhole = stripFetch << (1 + iota) // all lanes are stored
	stripPlain                            // and they have all columns
)

// halves writes the form for AVX2 of strips with a stride of 1, which are half as wide.
// A sum without the tap is blended in where a lane does not have it. In all rows but the
// last too many lanes may be stored: what follows a row is the next.
func (p *planes) halves() {
	TEXT(p.name+"AVX2", NOSPLIT, "func(dst *float32, dstPlane int, dstRow int, in *float32, inPlane int, inRow int, w *float32, "+
		"start *float32, strips *int32, count int, planes int, least float32)")
	Pragma("noescape")
	p.documentStrips("AVX2")
	p.new = YMM
	p.begin("dstPlane", "dstRow", "inPlane", "inRow")
	p.dstRow = Load(Param("dstRow"), GP64())
	w, start := Load(Param("w"), GP64()), Load(Param("start"), GP64())

	Label("plane")
	p.weights(w, start)
	strip, left := Load(Param("strips"), GP64()), AllocLocal(8)
	count := Load(Param("count"), GP64())
	MOVQ(count, left)
	Label("strip")
	p.half(strip).rows()
	Label("done")
	ADDQ(U8(stripSize), strip)
	DECQ(left)
	JNZ(LabelRef("strip"))
	p.next()
}

// planesHalf is a strip of eight lanes: how many rows are left, its flags, and the lanes
// that the outer columns of taps reach, and that are stored.
type planesHalf struct {
	*planes
	left, flags         Register
	first, last, stored VecVirtual
}

// half loads what there is to know of a strip.
func (p *planes) half(strip Register) *planesHalf {
	h := &planesHalf{planes: p, left: GP64(), flags: GP64()}
	p.in, p.dst = p.place("in", strip, 0), p.place("dst", strip, 4)
	MOVLQSX(Mem{Base: strip, Disp: 8}, h.left)
	MOVLQSX(Mem{Base: strip, Disp: 12}, h.flags)
	bits := GLOBL(p.name+"_bits", attr.RODATA|attr.NOPTR)
	for i := range 8 {
		DATA(4*i, U32(1<<i))
	}
	lanes, all := GP32(), GP32()
	MOVL(U32(255), all)
	mask := func(i int) VecVirtual {
		v := YMM()
		MOVWLZX(Mem{Base: strip, Disp: stripMasks + 2*i}, lanes)
		ANDL(lanes, all)
		VMOVD(lanes, v.AsX())
		VPBROADCASTD(v.AsX(), v)
		VPAND(bits, v, v)
		VPCMPEQD(bits, v, v)
		return v
	}
	h.first, h.last, h.stored = mask(0), mask(2), mask(3)
	CMPL(lanes, U32(255))
	JNE(LabelRef("edge"))
	ORQ(U8(stripWhole), h.flags)
	CMPL(all, U32(255))
	JNE(LabelRef("edge"))
	ORQ(U8(stripPlain), h.flags)
	Label("edge")
	return h
}

// rows computes the rows of a strip.
func (h *planesHalf) rows() {
	TESTQ(U32(stripTop), h.flags)
	JNZ(LabelRef("top"))
	Label("row")
	CMPQ(h.left, U8(1))
	JEQ(LabelRef("last"))
	TESTQ(U32(stripPlain), h.flags)
	JNZ(LabelRef("plain"))
	VMOVUPS(h.compute(true, 0, 3), Mem{Base: h.dst})
	JMP(LabelRef("step"))
	Label("plain")
	VMOVUPS(h.compute(false, 0, 3), Mem{Base: h.dst})
	Label("step")
	ADDQ(h.row, h.in)
	ADDQ(h.dstRow, h.dst)
	DECQ(h.left)
	JMP(LabelRef("row"))

	Label("top")
	CMPQ(h.left, U8(1))
	JEQ(LabelRef("only"))
	VMOVUPS(h.compute(true, 1, 3), Mem{Base: h.dst})
	JMP(LabelRef("step"))

	Label("last")
	h.storeLast("bottom", 0)
	Label("only")
	h.storeLast("onlyBottom", 1)
}

// storeLast computes the last row, from the line from on, up to the last line if that is
// not missing.
func (h *planesHalf) storeLast(bottom string, from int) {
	TESTQ(U32(stripBottom), h.flags)
	JNZ(LabelRef(bottom))
	h.storeStored(bottom+"Less", h.compute(true, from, 3))
	Label(bottom)
	h.storeStored(bottom+"Most", h.compute(true, from, 2))
}

// storeStored stores those lanes that are to be.
func (h *planesHalf) storeStored(label string, sum VecVirtual) {
	TESTQ(U32(stripWhole), h.flags)
	JZ(LabelRef(label))
	VMOVUPS(sum, Mem{Base: h.dst})
	JMP(LabelRef("done"))
	Label(label)
	VMASKMOVPS(sum, h.stored, Mem{Base: h.dst})
	JMP(LabelRef("done"))
}

// compute returns a row of sums from the lines [from, to), of taps that lanes may lack or
// have all.
func (h *planesHalf) compute(masked bool, from, to int) VecVirtual {
	sum, other := YMM(), YMM()
	VMOVAPS(h.start, sum)
	for tap := range 9 {
		y, x := tap/3, tap%3
		if h.back {
			y, x = 2-y, 2-x
		}
		switch at := h.below(y).Offset(4 * x); {
		case y < from || y >= to:
		case masked && x != 1:
			VMOVAPS(sum, other)
			VFMADD231PS(at, h.w[tap], other)
			VBLENDVPS([]VecVirtual{h.first, 2: h.last}[x], other, sum, sum)
		default:
			VFMADD231PS(at, h.w[tap], sum)
		}
	}
	if !h.back {
		VBROADCASTSS(argument("least"), other)
		VMAXPS(sum, other, sum) // of NaN, or two zeros, the sum
		VXORPS(other, other, other)
		VADDPS(other, sum, sum)
	}
	return sum
}
