package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// poolData are the constants of the search for maxima.
type poolData struct{ ramp, even, pairs, one, lowest Mem }

func newPoolData() poolData {
	d := poolData{one: ConstData("one", U32(1)), lowest: ConstData("lowest", U32(0xff800000))} // -Inf
	d.ramp = GLOBL("ramp", attr.RODATA|attr.NOPTR)
	for i := range 16 {
		DATA(4*i, U32(i))
	}
	d.even = GLOBL("even", attr.RODATA|attr.NOPTR)
	for i := range 16 {
		DATA(4*i, U32(2*i+i/8)) // the second register begins with element 15
	}
	d.pairs = GLOBL("pairs", attr.RODATA|attr.NOPTR)
	for i := range 32 {
		DATA(4*i, U32(i/2+i%2*16)) // alternately of the first register and of the second
	}
	return d
}

// pool generates the search for the maxima of windows, as many of a row at a
// time as a register has lanes.
type pool struct {
	vectors
	masks
	data poolData
	ramp VecVirtual // where the windows lie, from the first on
	one  VecVirtual
	skip VecVirtual // numbers from the end of a window's row to the next
	even VecVirtual
}

func (p pool) generate() {
	name := "maxPool" + p.name
	TEXT(name, NOSPLIT, "func(y *float32, tap *int32, yRow int, x *float32, xRow, rowStep, colStep, rows, cols, kernelH, kernelW, number, skip int)")
	Pragma("noescape")
	Doc(
		name+" finds the first maximum, or NaN, of rows x cols windows, at least one:",
		"for i < rows and j < cols",
		"",
		"\tbest, at, k := float32(math.Inf(-1)), number, number",
		"\tfor ky := range kernelH {",
		"\t\tfor kx := range kernelW {",
		"\t\t\tif v := x[i*rowStep+j*colStep+ky*xRow+kx]; above(v, best) {",
		"\t\t\t\tbest, at = v, k",
		"\t\t\t}",
		"\t\t\tk++",
		"\t\t}",
		"\t\tk += skip",
		"\t}",
		"\ty[i*yRow+j], tap[i*yRow+j] = best, int32(at)",
	)
	p.ramp, p.one, p.skip, p.even = p.new(), p.new(), p.new(), p.new()
	VPBROADCASTD(param("colStep"), p.ramp)
	VPMULLD(p.data.ramp, p.ramp, p.ramp)
	VPBROADCASTD(p.data.one, p.one)
	VPBROADCASTD(param("skip"), p.skip)
	VMOVUPS(p.data.even, p.even)

	CMPQ(param("colStep"), U8(2))
	JE(LabelRef("step2"))
	JG(LabelRef("gather"))
	p.search("step1", func(n Register) func(Register) VecVirtual {
		mask := p.loadMask(p.first(n, 0))
		return func(tap Register) VecVirtual { return p.load(Mem{Base: tap}, mask) }
	})
	p.search("step2", func(n Register) func(Register) VecVirtual {
		twice := GP64()
		LEAQ(Mem{Base: n, Index: n, Scale: 1}, twice)
		masks := [2]Register{p.loadMask(p.first(twice, -1)), p.loadMask(p.first(twice, -p.lanes))}
		return func(tap Register) VecVirtual { return p.loadEven(Mem{Base: tap}, masks, p.even) }
	})
	p.search("gather", func(n Register) func(Register) VecVirtual {
		mask := p.loadMask(p.first(n, 0))
		return func(tap Register) VecVirtual { return p.gather(tap, p.ramp, mask) }
	})
}

// param returns where an argument lies.
func param(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// search generates the search with one way to load an element of each of n
// windows. Given n, loader prepares the masks and returns that way.
func (p pool) search(name string, loader func(n Register) func(tap Register) VecVirtual) {
	label := func(loop string) string { return name + loop }
	Label(name)
	y, tap := Load(Param("y"), GP64()), Load(Param("tap"), GP64())
	x, left := Load(Param("x"), GP64()), Load(Param("cols"), GP64())

	Label(label("Columns"))
	n := GP64()
	MOVQ(U32(p.lanes), n)
	CMPQ(left, n)
	CMOVQLT(left, n)
	mask, load := p.loadMask(p.first(n, 0)), loader(n)
	corner, rows, out := GP64(), Load(Param("rows"), GP64()), GP64()
	MOVQ(x, corner)
	XORQ(out, out)

	Label(label("Row"))
	best, at := p.windows(label, corner, load)
	p.store(best, mask, Mem{Base: y, Index: out, Scale: 4})
	p.store(at, mask, Mem{Base: tap, Index: out, Scale: 4})
	ADDQ(param("yRow"), out)
	rowStep := Load(Param("rowStep"), GP64())
	LEAQ(Mem{Base: corner, Index: rowStep, Scale: 4}, corner)
	DECQ(rows)
	JNZ(LabelRef(label("Row")))

	ADDQ(U8(4*p.lanes), y)
	ADDQ(U8(4*p.lanes), tap)
	step := Load(Param("colStep"), GP64())
	IMUL3Q(U8(4*p.lanes), step, step)
	ADDQ(step, x)
	SUBQ(U8(p.lanes), left)
	JG(LabelRef(label("Columns")))
	VZEROUPPER()
	RET()
}

// windows searches the windows from one corner on, and returns their maxima and
// where these are.
func (p pool) windows(label func(string) string, corner Register, load func(tap Register) VecVirtual) (best, at VecVirtual) {
	best, at = p.new(), p.new()
	VBROADCASTSS(p.data.lowest, best)
	VPBROADCASTD(param("number"), at)
	here := p.new()
	VMOVAPS(at, here)
	tap, gap := GP64(), Load(Param("xRow"), GP64())
	MOVQ(corner, tap)
	SUBQ(param("kernelW"), gap)

	ky := Load(Param("kernelH"), GP64())
	Label(label("Y"))
	kx := Load(Param("kernelW"), GP64())
	Label(label("X"))
	p.take(best, at, load(tap), here)
	VPADDD(p.one, here, here)
	ADDQ(U8(4), tap)
	DECQ(kx)
	JNZ(LabelRef(label("X")))
	VPADDD(p.skip, here, here)
	LEAQ(Mem{Base: tap, Index: gap, Scale: 4}, tap)
	DECQ(ky)
	JNZ(LabelRef(label("Y")))
	return best, at
}
