package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set: how it holds 16 float32 lanes.
type vectors struct {
	name   string
	parts  int               // registers for 16 lanes
	width  int               // bytes of a register
	new    func() VecVirtual // a fresh register
	groups []int             // how many positions are computed at a time, the most first
}

var (
	avx512 = vectors{name: "AVX512", parts: 1, width: 64, new: ZMM, groups: []int{4, 2, 1}}
	avx2   = vectors{name: "AVX2", parts: 2, width: 32, new: YMM, groups: []int{1}}
)

// tile is one form of the micro-kernel. See type tile in package kernel.
type tile struct {
	vectors
	rows int // computed; the argument rows says how many are stored

	left, pos, end Mem // positions to go, the next of them, and the end of the taps
}

// The values of type origin in package kernel.
const (
	fromStart = iota
	fromDst
	addDst
)

func (t tile) generate() {
	name := fmt.Sprintf("tile%d%s", t.rows, t.vectors.name)
	TEXT(name, NOSPLIT, "func(dst *float32, dstRow int, in *float32, w *float32, wRow int, wStep int, "+
		"pos *int32, positions int, taps *int32, terms int, start *float32, from int, rows int, mask *int32)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s computes 1 to %d rows of a tile. For m < rows, n < positions, k < terms", name, t.rows),
		"in order, and 16 lanes:",
		"",
		"\tsum[m][n][lane] = start[m], dst[m*dstRow+pos[n].dst+lane] or 0, by from",
		"\tsum[m][n][lane] = fma(w[m*wRow+k*wStep+taps[k].w], in[pos[n].in+taps[k].in+lane], sum[m][n][lane])",
		"\tdst[m*dstRow+pos[n].dst+lane] = sum[m][n][lane]",
		"",
		"where addDst adds what dst held to the sum first. Of the last position only lanes",
		"with mask[lane] set are read from dst and stored.",
	)
	t.left, t.pos, t.end = AllocLocal(8), AllocLocal(8), AllocLocal(8)
	MOVQ(Load(Param("positions"), GP64()), t.left)
	MOVQ(Load(Param("pos"), GP64()), t.pos)
	taps, terms := Load(Param("taps"), GP64()), Load(Param("terms"), GP64())
	LEAQ(Mem{Base: taps, Index: terms, Scale: 8}, terms)
	MOVQ(terms, t.end)
	for _, n := range t.groups {
		t.loop(n)
	}
	VZEROUPPER()
	RET()
}

// loop computes groups of n positions while so many are left.
func (t tile) loop(n int) {
	g := group{tile: t, n: n}
	Label(g.label("group"))
	SUBQ(U8(n), t.left)
	JL(LabelRef(g.label("past")))
	g.compute()
	ADDQ(U8(8*n), t.pos)
	JMP(LabelRef(g.label("group")))
	Label(g.label("past"))
	ADDQ(U8(n), t.left)
}

// walk goes down the rows of a matrix. Past the last row to store it stands
// still, so that the rows in excess repeat that one.
func (t tile) walk(base, stride string, do func(m int, row Register)) {
	row, step, still := Load(Param(base), GP64()), Load(Param(stride), GP64()), GP64()
	SHLQ(U8(2), step)
	XORQ(still, still)
	for m := range t.rows {
		if m > 0 {
			CMPQ(argument("rows"), U8(m))
			CMOVQLE(still, step)
			ADDQ(step, row)
		}
		do(m, row)
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

// group is n positions whose sums are computed at once.
type group struct {
	tile
	n    int
	sums [][][]VecVirtual // [row][position][part]
	mask Register         // AVX-512: for the last position
}

// label returns a label that no other group has.
func (g *group) label(name string) string { return fmt.Sprintf("%s%d", name, g.n) }

func (g *group) compute() {
	if g.parts == 1 {
		g.loadMask()
	}
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
func (g *group) vector() []VecVirtual {
	var parts []VecVirtual
	for range g.parts {
		parts = append(parts, g.new())
	}
	return parts
}

// begin gives the sums their first values.
func (g *group) begin() {
	CMPQ(argument("from"), U8(fromDst))
	JE(LabelRef(g.label("load")))
	JG(LabelRef(g.label("zero")))

	g.loadStart()
	JMP(LabelRef(g.label("begun")))

	Label(g.label("load"))
	g.eachSum("loading", func(sum VecVirtual, at Mem, mask Register) {
		switch {
		case mask == nil:
			VMOVUPS(at, sum)
		case g.parts == 1:
			VMOVUPS_Z(at, mask, sum)
		default:
			VMASKMOVPS(at, mask, sum)
		}
	})
	JMP(LabelRef(g.label("begun")))

	Label(g.label("zero"))
	for m := range g.sums {
		for i := range g.sums[m] {
			for _, sum := range g.sums[m][i] {
				VXORPS(sum, sum, sum)
			}
		}
	}
	Label(g.label("begun"))
}

// loadStart begins each row at its start value.
func (g *group) loadStart() {
	start, step, still := Load(Param("start"), GP64()), GP64(), GP64()
	MOVQ(U32(4), step)
	XORQ(still, still)
	for m := range g.sums {
		if m > 0 {
			CMPQ(argument("rows"), U8(m))
			CMOVQLE(still, step)
			ADDQ(step, start)
		}
		for i := range g.sums[m] {
			for _, sum := range g.sums[m][i] {
				VBROADCASTSS(Mem{Base: start}, sum)
			}
		}
	}
}

// addTerms adds all terms to the sums.
func (g *group) addTerms() {
	rows := make([]Register, g.rows)
	g.walk("w", "wRow", func(m int, row Register) {
		rows[m] = GP64()
		MOVQ(row, rows[m])
	})
	base, in := Load(Param("in"), GP64()), g.table(0)
	for _, r := range in {
		LEAQ(Mem{Base: base, Index: r, Scale: 4}, r)
	}
	tap, step := Load(Param("taps"), GP64()), GP64()
	XORQ(step, step)

	CMPQ(tap, g.end)
	JAE(LabelRef(g.label("summed")))
	Label(g.label("term"))
	at, wAt := GP64(), GP64()
	MOVLQSX(Mem{Base: tap}, at)
	MOVLQSX(Mem{Base: tap, Disp: 4}, wAt)
	ADDQ(step, wAt)
	ADDQ(argument("wStep"), step)
	g.addTerm(in, at, rows, wAt)
	ADDQ(U8(8), tap)
	CMPQ(tap, g.end)
	JB(LabelRef(g.label("term")))
	Label(g.label("summed"))
}

// addTerm adds the term at the given elements of in and w.
func (g *group) addTerm(in []Register, at Register, rows []Register, wAt Register) {
	x := make([][]VecVirtual, g.n)
	for i := range x {
		x[i] = g.vector()
		for p, part := range x[i] {
			VMOVUPS(Mem{Base: in[i], Index: at, Scale: 4, Disp: p * g.width}, part)
		}
	}
	for m, row := range rows {
		var w VecVirtual
		for p := range g.parts {
			if p == 0 {
				w = g.new()
				VBROADCASTSS(Mem{Base: row, Index: wAt, Scale: 4}, w)
			}
			for i := range g.n {
				VFMADD231PS(w, x[i][p], g.sums[m][i][p])
			}
		}
	}
}

// store stores the sums.
func (g *group) store() {
	CMPQ(argument("from"), U8(addDst))
	JNE(LabelRef(g.label("store")))
	// All is added before anything is stored, since rows in excess repeat the last.
	g.eachSum("adding", func(sum VecVirtual, at Mem, mask Register) {
		switch {
		case mask == nil:
			VADDPS(at, sum, sum)
		case g.parts == 1:
			VADDPS(at, sum, mask, sum)
		default:
			before := g.new()
			VMASKMOVPS(at, mask, before)
			VADDPS(before, sum, sum)
		}
	})
	Label(g.label("store"))
	g.eachSum("storing", func(sum VecVirtual, at Mem, mask Register) {
		switch {
		case mask == nil:
			VMOVUPS(sum, at)
		case g.parts == 1:
			VMOVUPS(sum, mask, at)
		default:
			VMASKMOVPS(sum, mask, at)
		}
	})
}

// table loads an entry of each position of the group.
func (g *group) table(disp int) []Register {
	pos := GP64()
	MOVQ(g.pos, pos)
	entries := make([]Register, g.n)
	for i := range entries {
		entries[i] = GP64()
		MOVLQSX(Mem{Base: pos, Disp: 8*i + disp}, entries[i])
	}
	return entries
}

// loadMask sets the mask of AVX-512, which always applies and mostly is full:
// only at the last position of all some lanes may be missing.
func (g *group) loadMask() {
	table, lanes := Load(Param("mask"), GP64()), g.new()
	g.mask = K()
	KXNORW(g.mask, g.mask, g.mask)
	CMPQ(g.left, U8(0))
	JNE(LabelRef(g.label("whole")))
	VMOVUPS(Mem{Base: table}, lanes)
	VPMOVD2M(lanes, g.mask)
	Label(g.label("whole"))
}

// eachSum calls do for every sum and its place in dst, and the mask where one
// applies. AVX2, where masks are slow, has a way of its own for them.
func (g *group) eachSum(name string, do func(sum VecVirtual, at Mem, mask Register)) {
	to := g.table(4)
	if g.parts == 1 {
		g.eachMasked(to, []Register{g.mask}, do)
		return
	}
	table := Load(Param("mask"), GP64())
	CMPQ(g.left, U8(0))
	JNE(LabelRef(g.label(name + "Whole")))
	CMPL(Mem{Base: table, Disp: 60}, U8(0))
	JNE(LabelRef(g.label(name + "Whole")))
	masks := []Register{g.new(), g.new()}
	for p, mask := range masks {
		VMOVUPS(Mem{Base: table, Disp: p * g.width}, mask)
	}
	g.eachMasked(to, masks, do)
	JMP(LabelRef(g.label(name + "Done")))
	Label(g.label(name + "Whole"))
	g.eachMasked(to, nil, do)
	Label(g.label(name + "Done"))
}

// eachMasked calls do for every sum, with masks for the parts of the last position.
func (g *group) eachMasked(to, masks []Register, do func(sum VecVirtual, at Mem, mask Register)) {
	g.walk("dst", "dstRow", func(m int, row Register) {
		for i := range g.n {
			for p, sum := range g.sums[m][i] {
				var mask Register
				if i == g.n-1 && masks != nil {
					mask = masks[p]
				}
				do(sum, Mem{Base: row, Index: to[i], Scale: 4, Disp: p * g.width}, mask)
			}
		}
	})
}
