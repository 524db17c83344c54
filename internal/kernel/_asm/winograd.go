package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// generateWinograd writes the changes between planes and tiles of an instruction set,
// which hold 16 lanes in one register, or 8.
func generateWinograd(v vectors) {
	winogradTiles(v, "winogradIn", 2)
	winogradTiles(v, "winogradGrad", 0)
	winogradOut(v)
}

// winogradTiles writes the way from planes to one row of the tiles' points. A tile
// shares some columns with the next.
func winogradTiles(v vectors, name string, shared int) {
	TEXT(name+v.name, NOSPLIT, "func(dst *float32, point int, plane int, a *float32, aPlane int, b *float32, bPlane int, "+
		"negate uint32, column int, columns int, first int, tiles int, channels int)")
	Pragma("noescape")
	doc := []string{
		fmt.Sprintf("%s%s fills a row of points of tiles that lie side by side. With %d lanes at", name, v.name, v.width/4),
		"c[x] = a[x*column] + b[x*column], or a-b where negate is the bit of the sign, 0 outside of 0 <= x < columns:",
		"",
	}
	if shared > 0 {
		doc = append(doc, "\tx = 2*tile - first; dst[0, point, 2*point, 3*point] = c[x]-c[x+2], c[x+1]+c[x+2], c[x+2]-c[x+1], c[x+3]-c[x+1]")
	} else {
		doc = append(doc, "\tx = 2*tile; dst[0, point, 2*point, 3*point] = c[x], c[x]+c[x+1], c[x]-c[x+1], c[x+1]")
	}
	Doc(append(doc, "", "A tile is column elements from the next, a channel plane, aPlane and bPlane.")...)
	for _, p := range []string{"plane", "aPlane", "bPlane"} {
		SHLQ(U8(2), argument(p))
	}
	point, thrice, column := Load(Param("point"), GP64()), GP64(), Load(Param("column"), GP64())
	SHLQ(U8(2), point)
	SHLQ(U8(2), column)
	LEAQ(Mem{Base: point, Index: point, Scale: 2}, thrice)
	sign := v.new()
	VBROADCASTSS(argument("negate"), sign)

	Label("channel")
	a, b, dst := Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("dst"), GP64())
	left, tiles, first := Load(Param("columns"), GP64()), Load(Param("tiles"), GP64()), Load(Param("first"), GP64())
	load := func(c VecVirtual, name string) {
		VXORPS(c, c, c)
		TESTQ(left, left)
		JZ(LabelRef(name))
		VXORPS(Mem{Base: b}, sign, c)
		VADDPS(Mem{Base: a}, c, c)
		ADDQ(column, a)
		ADDQ(column, b)
		DECQ(left)
		Label(name)
	}
	c := []VecVirtual{v.new(), v.new(), v.new(), v.new()}
	for i := range shared { // before the first column there are zeros
		name := fmt.Sprintf("before%d", i)
		VXORPS(c[i], c[i], c[i])
		CMPQ(first, Imm(uint64(i)))
		JA(LabelRef(name))
		load(c[i], name)
	}
	Label("tile")
	load(c[shared], "third")
	load(c[shared+1], "fourth")
	sums := []VecVirtual{c[0], v.new(), v.new(), c[1]}
	if shared > 0 {
		sums[0], sums[3] = v.new(), v.new()
		VSUBPS(c[2], c[0], sums[0])
		VADDPS(c[2], c[1], sums[1])
		VSUBPS(c[1], c[2], sums[2])
		VSUBPS(c[1], c[3], sums[3])
	} else {
		VADDPS(c[1], c[0], sums[1])
		VSUBPS(c[1], c[0], sums[2])
	}
	for j, at := range fourPoints(dst, point, thrice) {
		VMOVUPS(sums[j], at)
	}
	if shared > 0 {
		VMOVAPS(c[2], c[0])
		VMOVAPS(c[3], c[1])
	}
	ADDQ(column, dst)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	nextChannel(map[string]string{"a": "aPlane", "b": "bPlane", "dst": "plane"})
}

// fourPoints returns the places of a row of points.
func fourPoints(base, point, thrice Register) []Mem {
	return []Mem{{Base: base}, {Base: base, Index: point, Scale: 1}, {Base: base, Index: point, Scale: 2}, {Base: base, Index: thrice, Scale: 1}}
}

// nextChannel moves arguments on by others, and goes to the next channel or returns.
func nextChannel(steps map[string]string) {
	step := GP64()
	for _, name := range []string{"a", "b", "src", "dst", "top", "bottom"} {
		if by, ok := steps[name]; ok {
			MOVQ(argument(by), step)
			ADDQ(step, argument(name))
		}
	}
	DECQ(argument("channels"))
	JNZ(LabelRef("channel"))
	VZEROUPPER()
	RET()
}

// winogradOut writes the way back from tiles to planes.
func winogradOut(v vectors) {
	TEXT("winogradOut"+v.name, NOSPLIT, "func(top *float32, topPlane int, bottom *float32, bottomPlane int, src *float32, point int, plane int, "+
		"gateTop *float32, gateBottom *float32, gatePlane int, bias *float32, column int, columns int, tiles int, channels int, flags int)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("winogradOut%s makes two rows of outputs of tiles that lie side by side, %d lanes each, from their points", v.name, v.width/4),
		"m[i][j] = src[(4*i+j)*point]:",
		"",
		"\tt[j], b[j] = (m[0][j]+m[1][j])+m[2][j], (m[1][j]-m[2][j])+m[3][j]",
		"\ttop[0], top[column] = (t[0]+t[1])+t[2] + bias, (t[1]-t[2])+t[3] + bias; bottom alike, of b",
		"",
		"and with flag 2 the larger of it and 0; 0 where gateTop is not nil and neither it nor gateBottom, at the same place, is",
		"above 0. The last tile lacks its second column where columns is odd. A nil bias is zero; a tile is column elements from",
		"the next in src, and two in the others; a channel plane, topPlane, bottomPlane and gatePlane.",
	)
	for _, p := range []string{"plane", "topPlane", "bottomPlane", "gatePlane"} {
		SHLQ(U8(2), argument(p))
	}
	point, thrice, column := Load(Param("point"), GP64()), GP64(), Load(Param("column"), GP64())
	SHLQ(U8(2), point)
	SHLQ(U8(2), column)
	LEAQ(Mem{Base: point, Index: point, Scale: 2}, thrice)
	none, bias := v.new(), v.new()
	VXORPS(none, none, none)
	VXORPS(bias, bias, bias)

	Label("channel")
	start := Load(Param("bias"), GP64())
	TESTQ(start, start)
	JZ(LabelRef("unbiased"))
	VBROADCASTSS(Mem{Base: start}, bias)
	VADDPS(none, bias, bias) // so that no sum is -0
	ADDQ(Imm(4), argument("bias"))
	Label("unbiased")
	rows := make([]Register, 4)
	for i := range rows {
		rows[i] = GP64()
		if i == 0 {
			Load(Param("src"), rows[0])
		} else {
			LEAQ(Mem{Base: rows[i-1], Index: point, Scale: 4}, rows[i])
		}
	}
	top, bottom := Load(Param("top"), GP64()), Load(Param("bottom"), GP64())
	gates := []Register{Load(Param("gateTop"), GP64()), Load(Param("gateBottom"), GP64())}
	left, tiles := Load(Param("columns"), GP64()), Load(Param("tiles"), GP64())

	Label("tile")
	var t, b []VecVirtual
	for j := range 4 {
		upper, lower, other := v.new(), v.new(), v.new()
		m := make([]Mem, 4)
		for i, row := range rows {
			m[i] = fourPoints(row, point, thrice)[j]
		}
		VMOVUPS(m[1], upper)
		VMOVUPS(m[2], other)
		VSUBPS(other, upper, lower)
		VADDPS(m[0], upper, upper)
		VADDPS(other, upper, upper)
		VADDPS(m[3], lower, lower)
		t, b = append(t, upper), append(b, lower)
	}
	var sums []VecVirtual // top left, top right, bottom left, bottom right
	for _, r := range [][]VecVirtual{t, b} {
		right := v.new()
		VSUBPS(r[2], r[1], right)
		VADDPS(r[3], right, right)
		VADDPS(r[1], r[0], r[0])
		VADDPS(r[2], r[0], r[0])
		sums = append(sums, r[0], right)
	}
	for _, s := range sums {
		VADDPS(bias, s, s)
	}
	TESTQ(U32(relu), argument("flags"))
	JZ(LabelRef("store"))
	for _, s := range sums {
		VMAXPS(s, none, s) // of NaN and zero, or two zeros, the sum
	}
	Label("store")
	TESTQ(gates[0], gates[0])
	JZ(LabelRef("open"))
	g := chainsGroup{chains: &chains{vectors: v}}
	g.gate(sums[0], Mem{Base: gates[0]}, none)
	g.gate(sums[2], Mem{Base: gates[1]}, none)
	CMPQ(left, Imm(1))
	JEQ(LabelRef("open"))
	g.gate(sums[1], Mem{Base: gates[0], Index: column, Scale: 1}, none)
	g.gate(sums[3], Mem{Base: gates[1], Index: column, Scale: 1}, none)
	Label("open")
	VMOVUPS(sums[0], Mem{Base: top})
	VMOVUPS(sums[2], Mem{Base: bottom})
	CMPQ(left, Imm(1))
	JEQ(LabelRef("odd"))
	VMOVUPS(sums[1], Mem{Base: top, Index: column, Scale: 1})
	VMOVUPS(sums[3], Mem{Base: bottom, Index: column, Scale: 1})
	Label("odd")
	SUBQ(Imm(2), left)
	LEAQ(Mem{Base: top, Index: column, Scale: 2}, top)
	LEAQ(Mem{Base: bottom, Index: column, Scale: 2}, bottom)
	for _, gate := range gates {
		TESTQ(gate, gate)
		JZ(LabelRef("shut"))
		LEAQ(Mem{Base: gate, Index: column, Scale: 2}, gate)
	}
	Label("shut")
	for _, row := range rows {
		ADDQ(column, row)
	}
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	CMPQ(argument("gateTop"), Imm(0))
	JEQ(LabelRef("next"))
	nextPlane := Load(Param("gatePlane"), GP64())
	ADDQ(nextPlane, argument("gateTop"))
	ADDQ(nextPlane, argument("gateBottom"))
	Label("next")
	nextChannel(map[string]string{"src": "plane", "top": "topPlane", "bottom": "bottomPlane"})
}
