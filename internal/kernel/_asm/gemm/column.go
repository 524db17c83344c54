package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// columns transposes a vector's lanes of rows as it walks along them: 16 bytes
// of every row at a time, which become that many columns.
type columns struct {
	vectors
	precision
	stride Register
	bases  []Register // of every half of the rows
	rows   []Mem
}

// newColumns begins at base, with rows a stride in bytes apart.
func newColumns(v vectors, p precision, base, stride Register) *columns {
	c := &columns{vectors: v, precision: p, stride: stride}
	lanes := v.width / p.size
	half := (lanes + 1) / 2
	second := GP64()
	MOVQ(stride, second)
	IMUL3Q(U8(half), second, second)
	ADDQ(base, second)
	c.bases = []Register{base, second}
	first := rowsOf(base, stride, half)
	c.rows = first
	for _, row := range first {
		row.Base = second
		c.rows = append(c.rows, row)
	}
	return c
}

// nextRows returns the columns of the rows that follow, with the same strides.
func (c *columns) nextRows() *columns {
	next := &columns{vectors: c.vectors, precision: c.precision, stride: c.stride}
	lanes := c.width / c.size
	skip := GP64()
	MOVQ(c.stride, skip)
	IMUL3Q(U8(lanes), skip, skip)
	for _, base := range c.bases {
		b := GP64()
		LEAQ(Mem{Base: base, Index: skip, Scale: 1}, b)
		next.bases = append(next.bases, b)
	}
	for i, row := range c.rows {
		row.Base = next.bases[i/(len(c.rows)/2)]
		next.rows = append(next.rows, row)
	}
	return next
}

// perStep is how many columns a step gives.
func (c *columns) perStep() int { return 16 / c.size }

// step returns the next columns, and moves on by them. With a mask only some
// are read, and the others are zero.
func (c *columns) step(mask Register) []VecVirtual {
	per := c.perStep()
	r := make([]VecVirtual, per)
	for i := range r {
		r[i] = c.new()
		for part := range c.width / 16 {
			c.insert(r[i], part, c.rows[i+per*part], mask)
		}
	}
	for _, base := range c.bases {
		ADDQ(U8(16), base)
	}
	if per == 2 {
		low, high := c.interleave(VUNPCKLPD, VUNPCKHPD, r[0], r[1])
		return []VecVirtual{low, high}
	}
	low01, high01 := c.interleave(VUNPCKLPS, VUNPCKHPS, r[0], r[1])
	low23, high23 := c.interleave(VUNPCKLPS, VUNPCKHPS, r[2], r[3])
	first, second := c.interleave(VUNPCKLPD, VUNPCKHPD, low01, low23)
	third, fourth := c.interleave(VUNPCKLPD, VUNPCKHPD, high01, high23)
	return []VecVirtual{first, second, third, fourth}
}

// interleave returns the low and the high halves of a and b, interleaved. It
// takes b's register, since AVX2 has few.
func (c *columns) interleave(low, high func(...Op), a, b VecVirtual) (l, h VecVirtual) {
	l = c.new()
	low(b, a, l)
	high(b, a, b)
	return l, b
}

// insert puts 16 bytes into a part of a register, of which part 0 comes first.
func (c *columns) insert(r VecVirtual, part int, at Mem, mask Register) {
	insert, broadcast := VINSERTF128, VBROADCASTF128
	if c.width == 64 {
		insert = quadruple(VINSERTF32X4)
		broadcast = pair(VBROADCASTF32X4)
	}
	switch {
	case mask != nil:
		if part == 0 {
			VXORPS(r, r, r)
		}
		x := XMM()
		VMASKMOVPS(at, mask, x)
		insert(U8(part), x, r, r)
	case part == 0:
		broadcast(at, r) // also defines the other parts, which the allocator of registers wants
	default:
		insert(U8(part), at, r, r)
	}
}

func pair(f func(...Op)) func(a, b Op)            { return func(a, b Op) { f(a, b) } }
func quadruple(f func(...Op)) func(a, b, c, d Op) { return func(a, b, c, d Op) { f(a, b, c, d) } }

// eachColumn generates the loop over the columns of several groups of rows. After
// use of as many columns as a step gives comes advance.
func eachColumn(terms Register, m masks, groups []*columns, use func(group, i int, column VecVirtual), advance func()) {
	per := groups[0].perStep()
	SUBQ(U8(per), terms)
	JL(LabelRef("rest"))
	Label("step")
	for n, g := range groups {
		for i, column := range g.step(nil) {
			use(n, i, column)
		}
	}
	advance()
	SUBQ(U8(per), terms)
	JGE(LabelRef("step"))
	Label("rest")
	ADDQ(U8(per), terms)
	JE(LabelRef("done"))
	mask := XMM()
	VMOVUPS(m.first(terms, groups[0].size), mask)
	for n, g := range groups {
		used := fmt.Sprintf("used%d", n)
		for i, column := range g.step(mask)[:per-1] {
			if i > 0 {
				CMPQ(terms, U8(i))
				JE(LabelRef(used))
			}
			use(n, i, column)
		}
		Label(used)
	}
	Label("done")
}

// packColumns generates the packing of rows that become columns.
func packColumns(v vectors, p precision, m masks) {
	name := "packColumns" + v.name + p.name
	TEXT(name, NOSPLIT, fmt.Sprintf("func(dst *%[1]s, dstRow int, src *%[1]s, srcRow int, terms int)", p.typ))
	Pragma("noescape")
	lanes := v.width / p.size
	Doc(
		fmt.Sprintf("%s transposes %d rows: for j < %d and l < terms,", name, lanes, lanes),
		"",
		"\tdst[l*dstRow+j] = src[j*srcRow+l]",
	)
	dst, dstRow, terms := Load(Param("dst"), GP64()), p.stride("dstRow"), Load(Param("terms"), GP64())
	src := newColumns(v, p, Load(Param("src"), GP64()), p.stride("srcRow"))
	to := rowsOf(dst, dstRow, src.perStep())
	use := func(_, i int, column VecVirtual) { p.move(column, to[i]) }
	eachColumn(terms, m, []*columns{src}, use, func() {
		LEAQ(Mem{Base: dst, Index: dstRow, Scale: uint8(src.perStep())}, dst)
	})
	VZEROUPPER()
	RET()
}

// dots generates products of rows with a vector, for several groups of lanes
// rows, which hide each other's latency.
func dots(v vectors, p precision, m masks, groups int) {
	rows := groups * v.width / p.size
	name := fmt.Sprintf("dots%d%s%s", groups, v.name, p.name)
	TEXT(name, NOSPLIT, fmt.Sprintf("func(y *%[1]s, w *%[1]s, wRow int, x *%[1]s, terms int)", p.typ))
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s multiplies %d rows by a vector: for j < %d and l < terms in order,", name, rows, rows),
		"",
		"\ty[j] = fma(x[l], w[j*wRow+l], y[j])",
	)
	x, terms := Load(Param("x"), GP64()), Load(Param("terms"), GP64())
	w := []*columns{newColumns(v, p, Load(Param("w"), GP64()), p.stride("wRow"))}
	for len(w) < groups {
		w = append(w, w[len(w)-1].nextRows())
	}
	y, sums := Load(Param("y"), GP64()), make([]VecVirtual, groups)
	for i := range sums {
		sums[i] = v.new()
		p.move(Mem{Base: y, Disp: i * v.width}, sums[i])
	}
	use := func(group, i int, column VecVirtual) {
		if v.width == 64 {
			p.fmaBroadcast(Mem{Base: x, Disp: i * p.size}, column, sums[group])
			return
		}
		factor := v.new()
		p.broadcast(Mem{Base: x, Disp: i * p.size}, factor)
		p.fma(factor, column, sums[group])
	}
	if v.width == 64 && p.size == 4 {
		w[0].squares(terms, func(i int, column VecVirtual) { use(0, i, column) }, func() { ADDQ(U8(64), x) })
	}
	eachColumn(terms, m, w, use, func() { ADDQ(U8(16), x) })
	for i, sum := range sums {
		p.move(sum, Mem{Base: y, Disp: i * v.width})
	}
	VZEROUPPER()
	RET()
}
