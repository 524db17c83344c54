package main

import (
	"math/bits"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set.
type vectors struct {
	name  string
	width int // bytes of a register
	rows  int // of the largest tile, which leaves registers for B and A
	dots  int // groups of rows at a time that hide each other's latency
	new   func() VecVirtual
}

var (
	avx512 = vectors{name: "AVX512", width: 64, rows: 14, dots: 2, new: ZMM}
	avx2   = vectors{name: "AVX2", width: 32, rows: 6, dots: 4, new: YMM}
)

// precision is an element type: its size and its instructions.
type precision struct {
	name, typ string
	size      int

	move, add, fma, broadcast func(...Op)
	fmaBroadcast              func(...Op) // fma of a number in memory, AVX-512 only
	moveZ, maskMove           func(ops ...Op)
	toMask                    func(x, k Op)
}

var (
	float32s = precision{
		name: "F32", typ: "float32", size: 4,
		move: VMOVUPS, add: VADDPS, fma: VFMADD231PS, broadcast: VBROADCASTSS,
		fmaBroadcast: VFMADD231PS_BCST, toMask: VPMOVD2M,
		moveZ: triple(VMOVUPS_Z), maskMove: triple(VMASKMOVPS),
	}
	float64s = precision{
		name: "F64", typ: "float64", size: 8,
		move: VMOVUPD, add: VADDPD, fma: VFMADD231PD, broadcast: VBROADCASTSD,
		fmaBroadcast: VFMADD231PD_BCST, toMask: VPMOVQ2M,
		moveZ: triple(VMOVUPD_Z), maskMove: triple(VMASKMOVPD),
	}
)

func triple(f func(a, b, c Op)) func(...Op) { return func(o ...Op) { f(o[0], o[1], o[2]) } }

// stride loads an argument, a stride, in bytes.
func (p precision) stride(name string) Register {
	s := Load(Param(name), GP64())
	SHLQ(U8(bits.TrailingZeros(uint(p.size))), s)
	return s
}

// masks is a table of 64 bytes of ones and then 64 of zeros.
type masks struct{ table Mem }

const maskBytes = 64

func newMasks() masks {
	table := GLOBL("gemmMasks", attr.RODATA|attr.NOPTR)
	for i := range 2 * maskBytes / 8 {
		word := U64(1<<64 - 1)
		if i >= maskBytes/8 {
			word = 0
		}
		DATA(8*i, word)
	}
	return masks{table}
}

// first returns where the mask of the first n elements lies.
func (m masks) first(n Register, size int) Mem {
	at, back := GP64(), GP64()
	LEAQ(m.table.Offset(maskBytes), at)
	MOVQ(n, back)
	NEGQ(back)
	return Mem{Base: at, Index: back, Scale: uint8(size)}
}
