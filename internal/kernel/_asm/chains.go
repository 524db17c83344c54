package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set: how it holds 16 float32 lanes, or half of them.
type vectors struct {
	name  string
	parts int               // registers for the lanes
	width int               // bytes of a register
	new   func() VecVirtual // a fresh register
	evex  bool              // has masks and broadcasts from memory
}

var (
	avx512 = vectors{name: "AVX512", parts: 1, width: 64, new: ZMM, evex: true}
	avx2   = vectors{name: "AVX2", parts: 2, width: 32, new: YMM}
	half   = vectors{name: "Half", parts: 1, width: 32, new: YMM} // of AVX2
	wide   = vectors{name: "HalfAVX512", parts: 1, width: 32, new: YMM, evex: true}
)

// lanes returns how many lanes there are.
func (v vectors) lanes() int { return v.parts * v.width / 4 }

// chains is one form of the convolutions' micro-kernel. See type chains in
// package kernel.
type chains struct {
	vectors
	rows   int
	lanes  bool  // w has 16 lanes a term, rather than one number for all of them
	groups []int // how many positions are computed at a time, the most first

	left, pos Mem // positions to go, and the next of them
}

// chainsGroups are the forms: for a number of rows, how many positions are
// computed at a time. Eight sums hide the latency of their additions, and 24 are
// what 32 registers can hold beside the inputs.
var (
	chainsAVX512 = map[int][]int{1: {9, 5, 3, 2, 1}, 2: {8, 4, 2, 1}, 3: {8, 4, 2, 1}, 4: {6, 3, 1}, 5: {5, 2, 1}, 6: {4, 3, 2, 1}, 12: {2, 1}, 24: {1}}
	chainsAVX2   = map[int][]int{1: {5, 2, 1}, 2: {3, 1}, 3: {2, 1}, 4: {1}, 5: {1}, 6: {1}}

	chainsHalf = map[int][]int{1: {9, 5, 2, 1}, 2: {5, 2, 1}, 3: {4, 2, 1}, 4: {3, 1}, 5: {2, 1}, 6: {2, 1}, 12: {1}}
	chainsWide = map[int][]int{6: {4, 3, 2, 1}, 12: {2, 1}} // with all the registers of AVX-512
)

// generateChains writes all forms of an instruction set. Those whose w has lanes
// have at most laneRows rows.
func generateChains(v vectors, groups map[int][]int, laneRows int) {
	for rows := 1; rows <= 24; rows++ {
		if groups[rows] == nil {
			continue
		}
		(&chains{vectors: v, rows: rows, groups: groups[rows]}).generate()
		if rows <= laneRows {
			(&chains{vectors: v, rows: rows, groups: groups[rows], lanes: true}).generate()
		}
	}
}

// The bits of the argument flags.
const (
	goOn = 1 << iota // begin at what dst holds
	relu             // store no less than zero
	zero             // store 0 for -0
)

func (c *chains) generate() {
	kind, lane := "", ""
	if c.lanes {
		kind, lane = "Lanes", "+lane"
	}
	name := fmt.Sprintf("chains%d%s%s", c.rows, kind, c.vectors.name)
	TEXT(name, NOSPLIT, "func(dst *float32, dstRow int, in *float32, w *float32, wRow int, wStep int, "+
		"pos *int32, positions int, taps *int32, terms int, start *float32, gate *float32, gateRow int, flags int)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s computes %d rows of chains. For m < %d, n < positions, k < terms in", name, c.rows, c.rows),
		fmt.Sprintf("order, and %d lanes:", c.vectors.lanes()),
		"",
		"\tsum[m][n][lane] = start[m] (0 where start is nil) or, with flag 1, dst[m*dstRow+pos[n].dst+lane]",
		fmt.Sprintf("\tsum[m][n][lane] = fma(w[m*wRow+k*wStep+taps[k].w%s], in[pos[n].in+taps[k].in+lane], sum[m][n][lane])", lane),
		"\tdst[m*dstRow+pos[n].dst+lane] = sum[m][n][lane] or, with flag 2, the larger of it and 0; plus 0 with flag 4;",
		"\t0 where gate is not nil and gate[m*gateRow+pos[n].gate+lane] is not above 0",
	)
	c.left, c.pos = AllocLocal(8), AllocLocal(8)
	MOVQ(Load(Param("positions"), GP64()), c.left)
	MOVQ(Load(Param("pos"), GP64()), c.pos)
	for _, n := range c.groups {
		c.loop(n)
	}
	VZEROUPPER()
	RET()
}

// loop computes groups of n positions while so many are left.
func (c *chains) loop(n int) {
	g := chainsGroup{chains: c, n: n}
	Label(g.label("group"))
	if n == 4 && slices.Contains(c.groups, 3) { // the last five are better three and two than four and one
		CMPQ(c.left, U8(n+1))
		JE(LabelRef(g.label("next")))
	}
	SUBQ(U8(n), c.left)
	JL(LabelRef(g.label("past")))
	g.compute()
	ADDQ(U8(positionSize*n), c.pos)
	JMP(LabelRef(g.label("group")))
	Label(g.label("past"))
	ADDQ(U8(n), c.left)
	Label(g.label("next"))
}

// chainsGroup is n positions whose sums are computed at once.
type chainsGroup struct {
	*chains
	n    int
	sums [][][]VecVirtual // [row][position][part]
}

// label returns a label that no other group has.
func (g *chainsGroup) label(name string) string { return fmt.Sprintf("%s%d", name, g.n) }

func (g *chainsGroup) compute() {
	for range g.rows {
		row := make([][]VecVirtual, g.n)
		for i := range row {
			row[i] = g.vector()
		}
		g.sums = append(g.sums, row)
	}
	g.begin()
	g.addTerms()
	g.store()
}

// vector returns fresh registers for 16 lanes.
func (g *chainsGroup) vector() []VecVirtual {
	var parts []VecVirtual
	for range g.parts {
		parts = append(parts, g.new())
	}
	return parts
}

// begin gives the sums their first values.
func (g *chainsGroup) begin() {
	TESTQ(U32(goOn), argument("flags"))
	JNZ(LabelRef(g.label("load")))
	start := Load(Param("start"), GP64())
	TESTQ(start, start)
	JZ(LabelRef(g.label("zero")))

	for m := range g.sums {
		first := g.sums[m][0][0]
		VBROADCASTSS(Mem{Base: start, Disp: 4 * m}, first)
		for i, sum := range g.sums[m] {
			for p := range sum {
				if i+p > 0 {
					VMOVAPS(first, sum[p])
				}
			}
		}
	}
	JMP(LabelRef(g.label("begun")))

	Label(g.label("load"))
	g.eachSum("dst", "dstRow", 4, func(sum VecVirtual, at Mem) { VMOVUPS(at, sum) })
	JMP(LabelRef(g.label("begun")))

	Label(g.label("zero"))
	g.each(func(sum VecVirtual) { VXORPS(sum, sum, sum) })
	Label(g.label("begun"))
}

// addTerms adds all terms to the sums.
func (g *chainsGroup) addTerms() {
	base, in := Load(Param("in"), GP64()), g.table(0)
	for _, r := range in {
		LEAQ(Mem{Base: base, Index: r, Scale: 4}, r)
	}
	steps := g.rowSteps()
	w, tap, end, step := Load(Param("w"), GP64()), Load(Param("taps"), GP64()), Load(Param("terms"), GP64()), Load(Param("wStep"), GP64())
	SHLQ(U8(2), step)
	LEAQ(Mem{Base: tap, Index: end, Scale: 8}, end)

	CMPQ(tap, end)
	JAE(LabelRef(g.label("summed")))
	Label(g.label("term"))
	// Loads are what limits the forms of few rows or positions: one for a whole tap.
	at, row := GP64(), GP64()
	MOVQ(Mem{Base: tap}, row)
	MOVLQSX(row.As32(), at)
	SARQ(U8(32), row)
	LEAQ(Mem{Base: w, Index: row, Scale: 4}, row)
	ADDQ(step, w)
	g.addTerm(in, at, g.rowsFrom(row, steps))
	ADDQ(U8(8), tap)
	CMPQ(tap, end)
	JB(LabelRef(g.label("term")))
	Label(g.label("summed"))
}

// rowSteps returns the distance in bytes between rows of w, and thrice, five
// and seven times that where it is needed.
func (g *chainsGroup) rowSteps() (odd [8]Register) {
	if g.rows == 1 {
		return
	}
	odd[1] = Load(Param("wRow"), GP64())
	SHLQ(U8(2), odd[1])
	if g.rows > 3 {
		odd[3] = GP64()
		LEAQ(Mem{Base: odd[1], Index: odd[1], Scale: 2}, odd[3])
	}
	if g.rows > 5 {
		odd[5] = GP64()
		LEAQ(Mem{Base: odd[1], Index: odd[1], Scale: 4}, odd[5])
	}
	if g.rows > 7 {
		odd[7] = GP64()
		LEAQ(Mem{Base: odd[3], Index: odd[1], Scale: 4}, odd[7])
	}
	return
}

// rowsFrom returns where the rows lie of which the first is at the given place.
func (g *chainsGroup) rowsFrom(row Register, odd [8]Register) []Mem {
	var rows []Mem
	for m := range g.rows {
		if m > 0 && m%8 == 0 {
			next := GP64()
			LEAQ(Mem{Base: row, Index: odd[1], Scale: 8}, next)
			row = next
		}
		at := Mem{Base: row}
		switch i := m % 8; i {
		case 0:
		case 1, 3, 5, 7:
			at.Index, at.Scale = odd[i], 1
		case 2, 4:
			at.Index, at.Scale = odd[1], uint8(i)
		case 6:
			at.Index, at.Scale = odd[3], 2
		}
		rows = append(rows, at)
	}
	return rows
}

// addTerm adds a term to the sums, with the inputs at an element from each
// position, and the rows of w. The fewer of the two are loaded first and kept.
func (g *chainsGroup) addTerm(in []Register, at Register, rows []Mem) {
	input := func(i, p int) Mem { return Mem{Base: in[i], Index: at, Scale: 4, Disp: p * g.width} }
	switch {
	case g.n == 1 && g.evex && !g.lanes:
		x := g.new()
		VMOVUPS(input(0, 0), x)
		for m, row := range rows {
			VFMADD231PS_BCST(row, x, g.sums[m][0][0])
		}
	case g.n <= g.rows && (g.lanes || g.n > 1): // part by part: registers for all inputs would be too many
		for p := range g.parts {
			x := make([]VecVirtual, g.n)
			for i := range x {
				x[i] = g.new()
				VMOVUPS(input(i, p), x[i])
			}
			for m, row := range rows {
				w := g.weight(row, p)
				for i := range g.n {
					VFMADD231PS(w, x[i], g.sums[m][i][p])
				}
			}
		}
	case g.n <= g.rows:
		x := g.vector()
		for p, part := range x {
			VMOVUPS(input(0, p), part)
		}
		for m, row := range rows {
			w := g.weight(row, 0)
			for p := range g.parts {
				VFMADD231PS(w, x[p], g.sums[m][0][p])
			}
		}
	default:
		w := make([]VecVirtual, g.rows)
		for p := range g.parts {
			for m, row := range rows {
				if p == 0 || g.lanes {
					w[m] = g.weight(row, p)
				}
			}
			for i := range g.n {
				x := g.new()
				VMOVUPS(input(i, p), x)
				for m := range rows {
					VFMADD231PS(w[m], x, g.sums[m][i][p])
				}
			}
		}
	}
}

// weight loads a part of a term's numbers of one row, which without lanes is the
// same for all parts.
func (g *chainsGroup) weight(row Mem, p int) VecVirtual {
	w := g.new()
	if g.lanes {
		VMOVUPS(row.Offset(p*g.width), w)
	} else {
		VBROADCASTSS(row, w)
	}
	return w
}

// store stores the sums.
func (g *chainsGroup) store() {
	none := g.new()
	VXORPS(none, none, none)
	TESTQ(U32(relu), argument("flags"))
	JZ(LabelRef(g.label("any")))
	g.each(func(sum VecVirtual) { VMAXPS(sum, none, sum) }) // of NaN and zero, or two zeros, the sum
	Label(g.label("any"))
	TESTQ(U32(zero), argument("flags"))
	JZ(LabelRef(g.label("store")))
	g.each(func(sum VecVirtual) { VADDPS(none, sum, sum) })
	Label(g.label("store"))
	CMPQ(argument("gate"), U8(0))
	JEQ(LabelRef(g.label("open")))
	g.eachSum("gate", "gateRow", 8, func(sum VecVirtual, at Mem) { g.gate(sum, at, none) })
	Label(g.label("open"))
	g.eachSum("dst", "dstRow", 4, func(sum VecVirtual, at Mem) { VMOVUPS(sum, at) })
}

// gate zeroes the lanes of a sum whose gate is not above 0.
func (g *chainsGroup) gate(sum VecVirtual, at Mem, none VecVirtual) {
	const greater = U8(30)
	gate := g.new()
	VMOVUPS(at, gate)
	if g.evex {
		keep := K()
		VCMPPS(greater, none, gate, keep)
		VMOVAPS_Z(sum, keep, sum)
	} else {
		VCMPPS(greater, none, gate, gate)
		VANDPS(gate, sum, sum)
	}
}

// each calls do for every sum.
func (g *chainsGroup) each(do func(sum VecVirtual)) {
	for m := range g.sums {
		for i := range g.sums[m] {
			for _, sum := range g.sums[m][i] {
				do(sum)
			}
		}
	}
}

// positionSize is the bytes of a position: its places in in, dst and gate.
const positionSize = 12

// table loads an entry of each position of the group.
func (g *chainsGroup) table(disp int) []Register {
	pos := GP64()
	MOVQ(g.pos, pos)
	entries := make([]Register, g.n)
	for i := range entries {
		entries[i] = GP64()
		MOVLQSX(Mem{Base: pos, Disp: positionSize*i + disp}, entries[i])
	}
	return entries
}

// eachSum calls do for every sum and its place in an argument, whose rows lie some
// way apart and whose places are at disp in positions.
func (g *chainsGroup) eachSum(base, rowStep string, disp int, do func(sum VecVirtual, at Mem)) {
	to := g.table(disp)
	row, step := Load(Param(base), GP64()), GP64()
	if g.rows > 1 {
		Load(Param(rowStep), step)
		SHLQ(U8(2), step)
	}
	for m := range g.sums {
		if m > 0 {
			ADDQ(step, row)
		}
		for i := range g.n {
			for p, sum := range g.sums[m][i] {
				do(sum, Mem{Base: row, Index: to[i], Scale: 4, Disp: p * g.width})
			}
		}
	}
}

// argument returns where an argument lies.
func argument(name string) Mem {
	arg, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return arg.Addr
}
