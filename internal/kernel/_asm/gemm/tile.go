package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The values of type origin in package kernel: where sums start.
const (
	fromStart = iota
	fromDst
	addDst
)

// soon is how many bytes of a packed B a large tile fetches before it needs
// them: about the latency of the third cache.
const soon = 4096

// tile is one micro-kernel: rows x n vectors of C, whose sums stay in registers.
type tile struct {
	vectors
	precision
	masks
	rows, n int
	half    bool // the last vector is half a one: for few columns, where the processor takes half the time for it

	sums [][]VecVirtual // [row][vector]
	mask Register       // of the last vector
}

func (t *tile) generate() {
	name := t.name()
	TEXT(name, NOSPLIT, fmt.Sprintf("func(c *%[1]s, ldc int, a *%[1]s, aRow int, aCol int, b *%[1]s, bRow int, ahead int, k int, group int, from int, lanes int)", t.typ))
	Pragma("noescape")
	t.doc(name)
	for range t.rows {
		t.sums = append(t.sums, t.newRow())
	}
	t.loadMask()
	left := Load(Param("k"), GP64())
	at, _ := Param("from").Resolve()
	from := at.Addr

	Label("group")
	t.begin(from)
	t.addTerms(left)
	t.store(from)
	MOVQ(U32(addDst), from)
	CMPQ(left, U8(0))
	JG(LabelRef("group"))
	VZEROUPPER()
	RET()
}

func (t *tile) name() string {
	half := ""
	if t.half {
		half = "Half"
	}
	return fmt.Sprintf("gemm%dx%d%s%s%s", t.rows, t.n, half, t.vectors.name, t.precision.name)
}

func (t *tile) doc(name string) {
	lanes := t.width / t.size
	width, last := "lanes", lanes
	if t.n > 1 {
		width = fmt.Sprintf("%d+lanes", (t.n-1)*lanes)
	}
	if t.half {
		last /= 2
	}
	reads := "It reads whole vectors of b."
	if t.cuts() {
		reads = "It reads that much of b."
	}
	Doc(
		fmt.Sprintf("%s computes %d x %s elements of a product, where 1 <= lanes <= %d.", name, t.rows, width, last),
		reads+" For each group of terms in order, and each element,",
		"",
		"\tsum = c[i*ldc+j], or 0 unless from is fromDst",
		"\tsum = fma(a[i*aRow+l*aCol], b[l*bRow+j], sum) for each l of the group, in order",
		"\tc[i*ldc+j] = sum, or c[i*ldc+j] + sum if from is addDst",
		"",
		"after which from is addDst. Without terms it is one empty group. A large tile",
		"fetches into the caches what will be read next: C below, and b[ahead:].",
	)
}

// newRow returns registers for the vectors of a row.
func (t *tile) newRow() []VecVirtual {
	row := make([]VecVirtual, t.n)
	for i := range row {
		row[i] = t.new()
	}
	if t.half {
		row[t.n-1] = YMM()
	}
	return row
}

// loadMask makes the mask of the last vector.
func (t *tile) loadMask() {
	vector := t.new()
	t.move(t.first(Load(Param("lanes"), GP64()), t.size), vector)
	t.mask = vector
	if t.width == 64 {
		t.mask = K()
		t.toMask(vector, t.mask)
	}
}

// large reports whether the tile is one of those that large products consist of.
func (t *tile) large() bool { return t.rows > 6 && !t.cuts() }

// rowsOf returns where the rows of a matrix begin, at base: an odd multiple of
// the stride in a register serves its doubles too.
func rowsOf(base, stride Register, rows int) []Mem {
	odd := map[int]Register{1: stride}
	at := []Mem{{Base: base}}
	for i := 1; i < rows; i++ {
		scale := i & -i
		if scale > 8 {
			panic("more rows than addressing reaches")
		}
		if i == scale {
			at = append(at, Mem{Base: base, Index: stride, Scale: uint8(scale)})
			continue
		}
		if odd[i/scale] == nil {
			r := GP64()
			LEAQ(Mem{Base: odd[i/scale-2], Index: stride, Scale: 2}, r)
			odd[i/scale] = r
		}
		at = append(at, Mem{Base: base, Index: odd[i/scale], Scale: uint8(scale)})
	}
	return at
}

// begin gives the sums their first values.
func (t *tile) begin(from Mem) {
	CMPQ(from, U8(fromDst))
	JE(LabelRef("load"))
	for _, row := range t.sums {
		for _, sum := range row {
			VXORPS(sum, sum, sum)
		}
	}
	JMP(LabelRef("begun"))
	Label("load")
	t.eachSum("Loading", func(sum VecVirtual, at Mem, mask Register) { t.load(at, mask, sum) })
	Label("begun")
	if t.large() {
		t.prefetchNext()
	}
}

// load loads a vector, or what a mask selects of it and zeros.
func (t *tile) load(at Mem, mask, to Register) {
	switch {
	case mask == nil:
		t.move(at, to)
	case t.width == 64:
		t.moveZ(at, mask, to)
	default:
		t.maskMove(at, mask, to)
	}
}

// prefetchNext fetches into the second cache what lies below in C: it is next.
func (t *tile) prefetchNext() {
	ldc, at := t.stride("ldc"), GP64()
	IMUL3Q(U8(t.rows), ldc, at)
	ADDQ(Load(Param("c"), GP64()), at)
	for m := range t.rows {
		if m > 0 {
			ADDQ(ldc, at)
		}
		for i := range t.n {
			PREFETCHT1(Mem{Base: at, Disp: i * t.width})
		}
	}
}

// addTerms adds the next group of terms, and takes it from those left.
func (t *tile) addTerms(left Register) {
	terms := Load(Param("group"), GP64())
	CMPQ(left, terms)
	CMOVQLT(left, terms)
	SUBQ(terms, left)

	aPtr, bPtr := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	aCol, bRow := t.stride("aCol"), t.stride("bRow")
	rows := rowsOf(aPtr, t.stride("aRow"), t.rows)
	var ahead Register
	if t.large() {
		ahead = t.stride("ahead")
	}
	TESTQ(terms, terms)
	JE(LabelRef("summed"))
	Label("term")
	if t.rows == 1 {
		t.addToRow(rows[0], bPtr)
	} else {
		t.addToRows(rows, bPtr, ahead)
	}
	ADDQ(aCol, aPtr)
	ADDQ(bRow, bPtr)
	DECQ(terms)
	JNE(LabelRef("term"))
	Label("summed")
	// The next group begins here.
	a, _ := Param("a").Resolve()
	MOVQ(aPtr, a.Addr)
	b0, _ := Param("b").Resolve()
	MOVQ(bPtr, b0.Addr)
}

// addToRows adds one term to every sum.
func (t *tile) addToRows(rows []Mem, bPtr, ahead Register) {
	b := t.newRow()
	for i := range b {
		t.load(Mem{Base: bPtr, Disp: i * t.width}, t.cut(i), b[i])
		if t.large() {
			PREFETCHT0(Mem{Base: bPtr, Disp: soon + i*t.width})
			PREFETCHT1(Mem{Base: bPtr, Index: ahead, Scale: 1, Disp: i * t.width})
		}
	}
	for m, row := range rows {
		if t.n == 1 && t.width == 64 { // a register for a would take a third longer
			t.fmaBroadcast(row, b[0], t.sums[m][0])
			continue
		}
		a := t.new()
		t.broadcast(row, a)
		for i := range b {
			t.fma(t.as(i, a), b[i], t.sums[m][i])
		}
	}
}

// addToRow is addToRows for a single row, which reads each vector of b once: a wide
// one has no registers for all of them.
func (t *tile) addToRow(row Mem, bPtr Register) {
	a := t.new()
	t.broadcast(row, a)
	for i, sum := range t.sums[0] {
		b := t.as(i, t.new())
		t.load(Mem{Base: bPtr, Disp: i * t.width}, t.cut(i), b)
		t.fma(t.as(i, a), b, sum)
	}
}

// as returns a register as wide as vector i of a row.
func (t *tile) as(i int, r VecVirtual) Register {
	if t.half && i == t.n-1 {
		return r.AsY()
	}
	return r
}

// cut returns the mask of vector i of a row of b, or nil for a whole one. Two or more
// whole vectors are read without: the mask would cost a hundredth of the time.
func (t *tile) cut(i int) Register {
	if t.cuts() && i == t.n-1 {
		return t.mask
	}
	return nil
}

// cuts reports whether the tile reads no more of b than it uses.
func (t *tile) cuts() bool { return t.n == 1 || t.half }

// store stores the sums.
func (t *tile) store(from Mem) {
	CMPQ(from, U8(addDst))
	JNE(LabelRef("store"))
	t.eachSum("Adding", func(sum VecVirtual, at Mem, mask Register) {
		switch {
		case mask == nil:
			t.add(at, sum, sum)
		case t.width == 64:
			t.add(at, sum, mask, sum)
		default:
			before := t.new()
			t.maskMove(at, mask, before)
			t.add(before, sum, sum)
		}
	})
	Label("store")
	t.eachSum("Storing", func(sum VecVirtual, at Mem, mask Register) {
		switch {
		case mask == nil:
			t.move(sum, at)
		case t.width == 64:
			t.move(sum, mask, at)
		default:
			t.maskMove(sum, mask, at)
		}
	})
}

// eachSum calls do for every sum and its place in C, and the mask of the last
// vector. AVX2, where masks are slow, does without one where nothing is cut.
func (t *tile) eachSum(name string, do func(sum VecVirtual, at Mem, mask Register)) {
	if t.width == 64 {
		t.eachMasked(t.mask, do)
		return
	}
	lanes := Load(Param("lanes"), GP64())
	CMPQ(lanes, U8(t.width/t.size))
	JE(LabelRef("whole" + name))
	t.eachMasked(t.mask, do)
	JMP(LabelRef("done" + name))
	Label("whole" + name)
	t.eachMasked(nil, do)
	Label("done" + name)
}

func (t *tile) eachMasked(mask Register, do func(sum VecVirtual, at Mem, mask Register)) {
	at, ldc := Load(Param("c"), GP64()), t.stride("ldc")
	for m, row := range t.sums {
		if m > 0 {
			ADDQ(ldc, at)
		}
		for i, sum := range row {
			var cut Register
			if i == t.n-1 {
				cut = mask
			}
			do(sum, Mem{Base: at, Disp: i * t.width}, cut)
		}
	}
}
