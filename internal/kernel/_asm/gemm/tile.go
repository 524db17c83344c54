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

	sums [][]VecVirtual // [row][vector]
	mask Register       // of the last vector
}

func (t *tile) generate() {
	name := fmt.Sprintf("gemm%dx%d%s%s", t.rows, t.n, t.vectors.name, t.precision.name)
	TEXT(name, NOSPLIT, fmt.Sprintf("func(c *%[1]s, ldc int, a *%[1]s, aRow int, aCol int, b *%[1]s, bRow int, ahead int, k int, group int, from int, lanes int)", t.typ))
	Pragma("noescape")
	t.doc(name)
	for range t.rows {
		row := make([]VecVirtual, t.n)
		for i := range row {
			row[i] = t.new()
		}
		t.sums = append(t.sums, row)
	}
	if t.width == 64 {
		t.mask = K()
		vector := t.new()
		t.move(t.first(Load(Param("lanes"), GP64()), t.size), vector)
		t.toMask(vector, t.mask)
	}
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

func (t *tile) doc(name string) {
	lanes := t.width / t.size
	width := "lanes"
	if t.n > 1 {
		width = fmt.Sprintf("%d+lanes", (t.n-1)*lanes)
	}
	Doc(
		fmt.Sprintf("%s computes %d x %s elements of a product, where 1 <= lanes <= %d.", name, t.rows, width, lanes),
		fmt.Sprintf("Rows of b have %d elements. For each group of terms in order, and each element,", t.n*lanes),
		"",
		"\tsum = c[i*ldc+j], or 0 unless from is fromDst",
		"\tsum = fma(a[i*aRow+l*aCol], b[l*bRow+j], sum) for each l of the group, in order",
		"\tc[i*ldc+j] = sum, or c[i*ldc+j] + sum if from is addDst",
		"",
		"after which from is addDst. Without terms it is one empty group. A large tile",
		"fetches into the caches what will be read next: C below, and b[ahead:].",
	)
}

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
	t.eachSum("Loading", func(sum VecVirtual, at Mem, mask Register) {
		switch {
		case mask == nil:
			t.move(at, sum)
		case t.width == 64:
			t.moveZ(at, mask, sum)
		default:
			t.maskMove(at, mask, sum)
		}
	})
	Label("begun")
	if t.rows > 6 {
		t.prefetchNext()
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
	if t.rows > 6 {
		ahead = t.stride("ahead")
	}
	TESTQ(terms, terms)
	JE(LabelRef("summed"))
	Label("term")
	b := make([]VecVirtual, t.n)
	for i := range b {
		b[i] = t.new()
		t.move(Mem{Base: bPtr, Disp: i * t.width}, b[i])
		if t.rows > 6 {
			PREFETCHT0(Mem{Base: bPtr, Disp: soon + i*t.width})
			PREFETCHT1(Mem{Base: bPtr, Index: ahead, Scale: 1, Disp: i * t.width})
		}
	}
	for m, row := range rows {
		a := t.new()
		t.broadcast(row, a)
		for i := range b {
			t.fma(a, b[i], t.sums[m][i])
		}
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
	mask := t.new()
	t.move(t.first(lanes, t.size), mask)
	t.eachMasked(mask, do)
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
