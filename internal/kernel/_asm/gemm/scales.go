package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// words are constants that each lane of a vector has.
type words struct{ at Mem }

const (
	zeroWord = iota
	signWord
	infWord
	nanWord
	quietWord   // what a NaN has beside an Inf, and 2^-127
	rebiasWord  // from E4M3's bias to float32's: 2^120
	largestWord // E4M3's code of a NaN, where the bits of a float32 are
)

var wordList = []uint32{
	signWord: 1 << 31, infWord: 0x7f800000, nanWord: 0x7fc00000, quietWord: 1 << 22, rebiasWord: (120 + 127) << 23, largestWord: 0x7f << 20,
}

func newWords() words {
	w := words{GLOBL("gemmWords", attr.RODATA|attr.NOPTR)}
	for i, word := range wordList {
		DATA(4*i, U32(word))
	}
	return w
}

// all returns a vector of a word.
func (w words) all(v vectors, i int) VecVirtual {
	to := v.new()
	VPBROADCASTD(w.at.Offset(4*i), to)
	return to
}

// scaleRows generates the values of a vector's lanes of rows of scales, a byte each, and
// their transposition for dotsCodes.
func scaleRows(v vectors, w words, name string, value func(e scaleExpander, top VecVirtual) VecVirtual) {
	rows := v.width / 4
	name = "scales" + name + v.name
	TEXT(name, NOSPLIT, "func(dst *float32, src *byte, srcRow int, steps int)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s works out %d rows of scales: for j < %d and b < 16*steps,", name, rows, rows),
		"",
		fmt.Sprintf("\tdst[b*%d+j] = the value of src[j*srcRow+b]", 2*rows),
	)
	dst, steps := Load(Param("dst"), GP64()), Load(Param("steps"), GP64())
	src := newColumns(v, float32s, Load(Param("src"), GP64()), Load(Param("srcRow"), GP64()))
	e := scaleExpander{v, w}
	Label("step")
	for c, column := range src.step(nil) {
		for b := range 4 {
			top := column
			if b < 3 {
				top = v.new()
				VPSLLD(U8(24-8*b), column, top)
			}
			VMOVUPS(value(e, top), Mem{Base: dst, Disp: (4*c + b) * 2 * v.width})
		}
	}
	ADDQ(U32(16*2*v.width), dst)
	DECQ(steps)
	JNE(LabelRef("step"))
	VZEROUPPER()
	RET()
}

// scaleExpander makes float32 of bytes at the top of each lane, below which lies anything.
type scaleExpander struct {
	vectors
	words
}

// e8m0 is a power of two, but that 0 is subnormal and 255 NaN: those have the highest bit
// of the mantissa too.
func (e scaleExpander) e8m0(top VecVirtual) VecVirtual {
	bits := e.new()
	VPSRLD(U8(24), top, bits)
	VPSLLD(U8(23), bits, bits)
	value := e.new()
	VMOVUPS(bits, value)
	for _, word := range []int{zeroWord, infWord} {
		e.orWhere(value, bits, e.all(e.vectors, word), quietWord)
	}
	return value
}

// e4m3 has a smaller bias, but subnormals as float32 has.
func (e scaleExpander) e4m3(top VecVirtual) VecVirtual {
	bits, value, sign := e.new(), e.new(), e.new()
	VPSLLD(U8(1), top, bits)
	VPSRLD(U8(25), bits, bits)
	VPSLLD(U8(20), bits, bits)
	VMULPS(e.all(e.vectors, rebiasWord), bits, value)
	e.orWhere(value, bits, e.all(e.vectors, largestWord), nanWord)
	e.and(e.all(e.vectors, signWord), top, sign)
	e.or(sign, value, value)
	return value
}

// orWhere sets the bits of a word in lanes of to where x is as want.
func (e scaleExpander) orWhere(to, x, want VecVirtual, word int) {
	bits := e.all(e.vectors, word)
	if e.width == 64 {
		k := K()
		VPCMPEQD(want, x, k)
		VPORD(bits, to, k, to)
		return
	}
	where := e.new()
	VPCMPEQD(want, x, where)
	VPAND(bits, where, where)
	VPOR(where, to, to)
}

func (e scaleExpander) and(a, b, to VecVirtual) {
	if e.width == 64 {
		VPANDD(a, b, to)
		return
	}
	VPAND(a, b, to)
}

func (e scaleExpander) or(a, b, to VecVirtual) {
	if e.width == 64 {
		VPORD(a, b, to)
		return
	}
	VPOR(a, b, to)
}
