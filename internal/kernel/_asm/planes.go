package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// planes is a form of the convolution of channels by themselves, with kernels of three
// by three, of planes as they lie: the lanes are neighbours in a plane. See type
// planeTables in package kernel.
type planes struct {
	name   string
	stride int
	back   bool // the gradient of the input

	in, dst, row, dstRow Register
	inPlane, dstPlane    Register
	w                    []VecVirtual // of the nine taps
	start, least, zero   VecVirtual
	new                  func() VecVirtual
	has, stored          []OpmaskVirtual // the lanes that a column of taps reaches, and that are stored
	indices              []VecVirtual    // of permutations
}

// generatePlanes writes all forms. Those with a stride are of AVX-512 alone.
func generatePlanes() {
	for _, back := range []bool{false, true} {
		name := "planes"
		if back {
			name = "planesInput"
		}
		(&planes{name: name, stride: 1, back: back}).strips((*planes).strip)
		(&planes{name: name, stride: 1, back: back}).halves()
		(&planes{name: name, stride: 1, back: back}).narrow()
		if back {
			(&planes{name: name + "Stride", stride: 2, back: back}).strips((*planes).pairs)
		} else {
			(&planes{name: name + "Stride", stride: 2, back: back}).strips((*planes).strip)
		}
	}
}

// The bits of a strip's flags, and the bytes of its entry: where it reads and is
// stored, its rows and flags, and eight masks.
const (
	stripTop    = 1 << iota // the first row lacks the taps that read the uppermost row
	stripBottom             // the last row lacks those that read the lowest
	stripFetch              // the next plane is fetched meanwhile
	stripMasks  = 16
	stripSize   = 32
)

// strips writes a form that goes down one strip after the other, each as wide as a vector.
func (p *planes) strips(body func(p *planes, rows, flags Register)) {
	TEXT(p.name+"AVX512", NOSPLIT, "func(dst *float32, dstPlane int, dstRow int, in *float32, inPlane int, inRow int, w *float32, "+
		"start *float32, strips *int32, count int, planes int, least float32)")
	Pragma("noescape")
	p.documentStrips("AVX512")
	p.new = ZMM
	p.begin("dstPlane", "dstRow", "inPlane", "inRow")
	p.epilogue()
	p.dstRow, p.inPlane, p.dstPlane = Load(Param("dstRow"), GP64()), Load(Param("inPlane"), GP64()), Load(Param("dstPlane"), GP64())
	w, start := Load(Param("w"), GP64()), Load(Param("start"), GP64())
	if p.stride == 2 {
		p.permutations()
	}

	Label("plane")
	p.weights(w, start)
	strip, left := Load(Param("strips"), GP64()), AllocLocal(8)
	count := Load(Param("count"), GP64())
	MOVQ(count, left)

	Label("strip")
	p.in, p.dst = p.place("in", strip, 0), p.place("dst", strip, 4)
	rows, flags := GP64(), GP64()
	MOVLQSX(Mem{Base: strip, Disp: 8}, rows)
	MOVLQSX(Mem{Base: strip, Disp: 12}, flags)
	for i := range 7 {
		k := K()
		KMOVW(Mem{Base: strip, Disp: stripMasks + 2*i}, k)
		if i < 3 {
			p.has = append(p.has, k)
		} else {
			p.stored = append(p.stored, k)
		}
	}
	body(p, rows, flags)
	Label("done")
	ADDQ(U8(stripSize), strip)
	DECQ(left)
	JNZ(LabelRef("strip"))

	p.next()
}

// reads says what a tap reads of a plane.
func (p *planes) reads() string {
	switch {
	case p.back && p.stride == 2:
		return "line (y+1-ky)/2, element (x+1-kx)/2, where these are whole"
	case p.back:
		return "line y+2-ky, element x+2-kx"
	}
	return fmt.Sprintf("line %d*y+ky, element %d*x+kx", p.stride, p.stride)
}

// documentStrips says what strips computes.
func (p *planes) documentStrips(path string) {
	doc := []string{
		fmt.Sprintf("%s%s convolves some planes, each with a kernel of nine weights, strip by strip. For the", p.name, path),
		"rows y and lanes x of a strip, and the taps (ky, kx) in order that read a plane:",
		"",
		"\tsum[y][x] = start[plane] (0 where start is nil)",
		"\tsum[y][x] = fma(w[plane][3*ky+kx], in[plane*inPlane+strip.in+" + p.reads() + "], sum[y][x])",
	}
	if !p.back {
		doc = append(doc, "\tsum[y][x] = max(sum[y][x], least) + 0")
	}
	Doc(append(doc, "", "A line is inRow elements. The strip's masks have the lanes that read a plane through each", "column of taps, and those that are stored, at dst[plane*dstPlane+strip.dst+y*dstRow+x].")...)
}

// documentNarrow says what narrow computes.
func (p *planes) documentNarrow() {
	Doc(
		fmt.Sprintf("%sNarrowAVX512 is %sAVX512 of whole planes with a padding of 1 on all sides, of which", p.name, p.name),
		"a vector holds several rows: step elements from one of count vectors to the next.",
	)
}

// begin loads what all planes have. The named arguments are made bytes.
func (p *planes) begin(elements ...string) {
	for _, name := range elements {
		SHLQ(U8(2), argument(name))
	}
	p.row = Load(Param("inRow"), GP64())
	p.start = p.new()
	VXORPS(p.start, p.start, p.start)
}

// epilogue loads what sums are compared with and added to before they are stored.
func (p *planes) epilogue() {
	p.least, p.zero = ZMM(), ZMM()
	VBROADCASTSS(argument("least"), p.least)
	VXORPS(p.zero, p.zero, p.zero)
}

// weights loads the weights of a channel, and where its sums begin.
func (p *planes) weights(w, start Register) {
	for i := range 9 {
		p.w = append(p.w, p.new())
		VBROADCASTSS(Mem{Base: w, Disp: 4 * i}, p.w[i])
	}
	ADDQ(U8(36), w)
	if p.back {
		return
	}
	TESTQ(start, start)
	JZ(LabelRef("started"))
	VBROADCASTSS(Mem{Base: start}, p.start)
	ADDQ(U8(4), start)
	Label("started")
}

// next goes on to the next plane.
func (p *planes) next() {
	step := GP64()
	for _, name := range []string{"in", "dst"} {
		MOVQ(argument(name+"Plane"), step)
		ADDQ(step, argument(name))
	}
	DECQ(argument("planes"))
	JNZ(LabelRef("plane"))
	VZEROUPPER()
	RET()
}

// place returns where an entry's place in an argument lies.
func (p *planes) place(arg string, entry Register, disp int) Register {
	at, base := GP64(), GP64()
	MOVLQSX(Mem{Base: entry, Disp: disp}, at)
	MOVQ(argument(arg), base)
	LEAQ(Mem{Base: base, Index: at, Scale: 4}, at)
	return at
}

// line is what the three columns of taps read of a row, from left to right.
type line []VecVirtual

// below returns a place some rows below that at hand.
func (p *planes) below(rows int) Mem {
	if rows == 0 {
		return Mem{Base: p.in}
	}
	return Mem{Base: p.in, Index: p.row, Scale: uint8(rows)}
}

// load loads a line.
func (p *planes) load(l line, at Mem) {
	if p.stride == 1 {
		for i, x := range l {
			VMOVUPS(at.Offset(4*i), x)
		}
		return
	}
	high, past := ZMM(), ZMM()
	VMOVUPS(at, l[0])
	VMOVUPS(at.Offset(64), high)
	VBROADCASTSS(at.Offset(128), past)
	VMOVAPS(l[0], l[1])
	VPERMT2PS(high, p.indices[0], l[0])
	VPERMT2PS(high, p.indices[1], l[1])
	VALIGND(U8(1), l[0], past, l[2])
}

// strip computes rows of one vector each. Lines that have been loaded stay in
// registers while they are read.
func (p *planes) strip(rows, flags Register) {
	upper, middle, lower := line(zmms(3)), line(zmms(3)), line(zmms(3))
	step := func() {
		for i := range 3 {
			if p.stride == 1 {
				VMOVAPS(middle[i], upper[i])
				VMOVAPS(lower[i], middle[i])
			} else {
				VMOVAPS(lower[i], upper[i])
			}
		}
		for range p.stride {
			ADDQ(p.row, p.in)
		}
		ADDQ(p.dstRow, p.dst)
		DECQ(rows)
		JZ(LabelRef("done"))
	}
	load := func(middleToo bool) {
		if middleToo {
			p.load(middle, p.below(1))
		}
		p.load(lower, p.below(2))
	}
	compute := func(lines ...line) {
		p.store(p.sum(lines), p.stored[0], Mem{Base: p.dst})
	}

	TESTQ(U32(stripTop), flags)
	JNZ(LabelRef("top"))
	p.load(upper, p.below(0))
	if p.stride == 1 {
		p.load(middle, p.below(1))
	}
	Label("row")
	CMPQ(rows, U8(1))
	JEQ(LabelRef("last"))
	Label("inner")
	p.fetch(flags, p.stride, 1)
	load(p.stride == 2)
	compute(upper, middle, lower)
	step()
	JMP(LabelRef("row"))

	Label("last")
	TESTQ(U32(stripBottom), flags)
	JZ(LabelRef("inner"))
	if p.stride == 2 {
		p.load(middle, p.below(1))
	}
	compute(upper, middle, nil)
	JMP(LabelRef("done"))

	Label("top")
	CMPQ(rows, U8(1))
	JNE(LabelRef("first"))
	TESTQ(U32(stripBottom), flags)
	JZ(LabelRef("first"))
	p.load(middle, p.below(1))
	compute(nil, middle, nil)
	JMP(LabelRef("done"))
	Label("first")
	load(true)
	compute(nil, middle, lower)
	step()
	JMP(LabelRef("row"))
}

// fetch fetches into the second cache what the next plane has where the place at hand
// is: of some rows as many vectors that are read, and of others that are stored.
func (p *planes) fetch(flags Register, in, dst int) {
	TESTQ(U32(stripFetch), flags)
	JZ(LabelRef("fetched"))
	for _, area := range []struct {
		n               int
		at, plane, step Register
	}{{in, p.in, p.inPlane, p.row}, {dst, p.dst, p.dstPlane, p.dstRow}} {
		next := GP64()
		LEAQ(Mem{Base: area.at, Index: area.plane, Scale: 1}, next)
		for row := range area.n {
			for i := range area.n {
				at := Mem{Base: next, Disp: 64 * i}
				if row > 0 {
					at.Index, at.Scale = area.step, 1
				}
				PREFETCHT1(at)
			}
		}
	}
	Label("fetched")
}

// sum returns the sum of the taps that read some lines, from the uppermost to the
// lowest. The gradient of the input reads both rows and columns from the last.
func (p *planes) sum(lines []line) VecVirtual {
	sum := ZMM()
	VMOVAPS(p.start, sum)
	for tap := range 9 {
		y, x := tap/3, tap%3
		if p.back {
			y, x = 2-y, 2-x
		}
		if lines[y] != nil {
			VFMADD231PS(lines[y][x], p.w[tap], p.has[x], sum)
		}
	}
	return sum
}

// store stores the lanes of a sum that a mask has.
func (p *planes) store(sum VecVirtual, has OpmaskVirtual, at Mem) {
	p.finish(sum)
	VMOVUPS(sum, has, at)
}

// finish does what is to be done to a sum before it is stored.
func (p *planes) finish(sum VecVirtual) {
	if !p.back {
		VMAXPS(sum, p.least, sum) // of NaN, or two zeros, the sum
		VADDPS(p.zero, sum, sum)
	}
}

func zmms(n int) []VecVirtual {
	z := make([]VecVirtual, n)
	for i := range z {
		z[i] = ZMM()
	}
	return z
}

// permutations loads the indices that a stride of 2 needs: of the even and the odd
// elements of two vectors, or of one from each in turn.
func (p *planes) permutations() {
	kinds := []func(i int) int{func(i int) int { return 2 * i }, func(i int) int { return 2*i + 1 }}
	if p.back {
		kinds = []func(i int) int{func(i int) int { return i/2 + i%2*16 }, func(i int) int { return 8 + i/2 + i%2*16 }}
	}
	for n, index := range kinds {
		data := GLOBL(fmt.Sprintf("%s_indices%d", p.name, n), attr.RODATA|attr.NOPTR)
		for i := range 16 {
			DATA(4*i, U32(index(i)))
		}
		r := ZMM()
		VMOVUPS(data, r)
		p.indices = append(p.indices, r)
	}
}

// pairs computes the gradient of the input with a stride of 2: of a vector and its
// neighbours two rows, the columns in pairs. The first of a pair has the kernel's
// middle tap, the second the outer ones, and so it is with the rows.
func (p *planes) pairs(rows, flags Register) {
	upper, lower := zmms(2), zmms(2)
	load := func(l []VecVirtual, at Mem) {
		VMOVUPS(at, l[0])
		VMOVUPS(at.Offset(4), l[1])
	}
	load(upper, p.below(0))
	Label("row")
	CMPQ(rows, U8(1))
	JEQ(LabelRef("last"))
	Label("inner")
	p.fetch(flags, 1, 2)
	load(lower, p.below(1))
	p.pairRow(0, upper, nil, p.stored[:2])
	ADDQ(p.dstRow, p.dst)
	p.pairRow(1, upper, lower, p.stored[:2])
	ADDQ(p.dstRow, p.dst)
	VMOVAPS(lower[0], upper[0])
	VMOVAPS(lower[1], upper[1])
	ADDQ(p.row, p.in)
	DECQ(rows)
	JNZ(LabelRef("row"))
	JMP(LabelRef("done"))
	Label("last")
	TESTQ(U32(stripBottom), flags)
	JZ(LabelRef("inner"))
	p.pairRow(0, upper, nil, p.stored[:2])
	ADDQ(p.dstRow, p.dst)
	p.pairRow(1, upper, nil, p.stored[2:])
}

// pairRow computes the first or the second of two rows.
func (p *planes) pairRow(row int, upper, lower []VecVirtual, stored []OpmaskVirtual) {
	sums := zmms(2)
	for i, sum := range sums {
		VXORPS(sum, sum, sum)
		for tap := range 9 {
			y, x := row+1-tap/3, i+1-tap%3
			line := [][]VecVirtual{upper, lower}[max(0, y/2)]
			if y%2 == 0 && x%2 == 0 && line != nil {
				VFMADD231PS(line[x/2], p.w[tap], p.has[tap%3], sum)
			}
		}
	}
	first := ZMM()
	VMOVAPS(sums[0], first)
	VPERMT2PS(sums[1], p.indices[0], first)
	VPERMT2PS(sums[1], p.indices[1], sums[0])
	p.store(first, stored[0], Mem{Base: p.dst})
	p.store(sums[0], stored[1], Mem{Base: p.dst, Disp: 64})
}

// narrow writes the form of planes of which a vector holds several whole rows. What is
// to the left and right of an element, unless it is padding, is in the same vector.
func (p *planes) narrow() {
	TEXT(p.name+"NarrowAVX512", NOSPLIT, "func(dst *float32, dstPlane int, step int, in *float32, inPlane int, inRow int, w *float32, "+
		"start *float32, masks *uint16, count int, planes int, least float32)")
	Pragma("noescape")
	p.documentNarrow()
	p.new = ZMM
	p.begin("dstPlane", "step", "inPlane", "inRow")
	p.epilogue()
	w, start := Load(Param("w"), GP64()), Load(Param("start"), GP64())
	step, masks := Load(Param("step"), GP64()), Load(Param("masks"), GP64())
	var k [4]OpmaskVirtual
	for i := range k {
		k[i] = K()
		KMOVW(Mem{Base: masks, Disp: 2 * i}, k[i])
	}
	edges := narrowEdges{left: k[0], right: k[1], top: k[2], bottom: k[3], masks: masks}
	edges.topLeft, edges.topRight = edges.both(k[2], k[0]), edges.both(k[2], k[1])

	Label("plane")
	p.weights(w, start)
	left := GP64()
	MOVQ(argument("count"), left)
	p.in, p.dst = Load(Param("in"), GP64()), Load(Param("dst"), GP64())
	SUBQ(p.row, p.in)
	next := func() {
		ADDQ(step, p.in)
		ADDQ(step, p.dst)
		DECQ(left)
		CMPQ(left, U8(1))
	}
	CMPQ(left, U8(1))
	JEQ(LabelRef("only"))
	p.narrowVector(&edges, true, false)
	next()
	JEQ(LabelRef("last"))
	Label("inner")
	p.narrowVector(&edges, false, false)
	next()
	JNE(LabelRef("inner"))
	Label("last")
	p.narrowVector(&edges, false, true)
	JMP(LabelRef("done"))
	Label("only")
	p.narrowVector(&edges, true, true)
	Label("done")
	p.next()
}

// narrowEdges are the lanes that have a neighbour to the left, to the right, above and
// below; those below of the last vector. In memory follows what that stores.
type narrowEdges struct {
	left, right, top, bottom OpmaskVirtual
	topLeft, topRight        OpmaskVirtual // there are no registers for those of the bottom
	masks                    Register
}

func (*narrowEdges) both(a, b OpmaskVirtual) OpmaskVirtual {
	k := K()
	KANDW(a, b, k)
	return k
}

// narrowVector computes a vector, which may have the upper and lower edge.
func (p *planes) narrowVector(e *narrowEdges, top, bottom bool) {
	lines := make([]line, 3)
	for y := range lines {
		lines[y] = line(zmms(3))
		VMOVUPS(p.below(y), lines[y][1])
		if y == 1 { // loads and shifts take turns: they are the work of other ports
			VMOVUPS(p.below(y).Offset(-4), lines[y][0])
			VMOVUPS(p.below(y).Offset(4), lines[y][2])
			continue
		}
		VALIGND(U8(15), lines[y][1], lines[y][1], lines[y][0])
		VALIGND(U8(1), lines[y][1], lines[y][1], lines[y][2])
	}
	sum := ZMM()
	VMOVAPS(p.start, sum)
	for tap := range 9 {
		y, x := tap/3, tap%3
		if p.back {
			y, x = 2-y, 2-x
		}
		if has := e.lanes(top && y == 0, bottom && y == 2, x); has != nil {
			VFMADD231PS(lines[y][x], p.w[tap], *has, sum)
		} else {
			VFMADD231PS(lines[y][x], p.w[tap], sum)
		}
	}
	p.finish(sum)
	if bottom {
		k := K()
		KMOVW(Mem{Base: e.masks, Disp: 8}, k)
		VMOVUPS(sum, k, Mem{Base: p.dst})
	} else {
		VMOVUPS(sum, Mem{Base: p.dst}) // what is too much is stored again
	}
}

// lanes returns the lanes that have the neighbour of a tap, or nil for all.
func (e *narrowEdges) lanes(top, bottom bool, x int) *OpmaskVirtual {
	switch {
	case top:
		return []*OpmaskVirtual{&e.topLeft, &e.top, &e.topRight}[x]
	case bottom && x == 1:
		return &e.bottom
	case bottom:
		k := e.both(e.bottom, []OpmaskVirtual{e.left, 2: e.right}[x])
		return &k
	}
	return []*OpmaskVirtual{&e.left, nil, &e.right}[x]
}
