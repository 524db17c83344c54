package kernel

// A product is computed a panel of B at a time: panelWidth columns, which are
// one tile wide, and panelDepth terms. Deeper panels store and load C less
// often; this one is 64 KiB in float32, which the second cache can feed.
const (
	panelWidth = 4 * Lanes
	panelDepth = 256
)

// GemmScratch is how many elements of scratch Gemm and LinearWeight need.
const GemmScratch = panelDepth*panelWidth + alignSlack

// weightGroup is how many images are summed in one chain before the chains are
// added.
const weightGroup = 16

// Gemm computes the matrix product C = op(A) op(B), of m x n elements with k
// terms each. All matrices are row-major: A is m x k, or k x m with transA, and
// B is k x n, or n x k with transB. Rows of A, B and C begin lda, ldb and ldc
// elements apart, so a part of C is computed by cutting the slices. Each element
// is one chain of fused multiply-adds in the order of k, from zero or, with
// accumulate, from the value in C. C must not overlap A or B.
func Gemm[T Float](transA, transB bool, m, n, k int, c []T, ldc int, a []T, lda int, b []T, ldb int, accumulate bool, scratch []T) {
	p := product[T]{
		m: m, n: n, k: k, c: c, ldc: ldc, a: a, aRow: lda, aCol: 1, b: b, ldb: ldb, transB: transB,
		accumulate: accumulate, group: panelDepth, next: fromDst,
	}
	if transA {
		p.aRow, p.aCol = 1, lda
	}
	p.run(scratch)
}

// LinearWeight computes the gradient of a linear layer's weights,
// dw[o][i] = sum over n of dy[n][o] * x[n][i], for dy of images x out and x of
// images x in elements, whose rows begin lddy and ldx elements apart, those of
// dw lddw. Every 16 images form a chain of fused multiply-adds from zero in the
// order of n, and these sums are added in order. Without images dw is zero.
func LinearWeight[T Float](out, in, images int, dw []T, lddw int, dy []T, lddy int, x []T, ldx int, scratch []T) {
	p := product[T]{
		m: out, n: in, k: images, c: dw, ldc: lddw, a: dy, aRow: 1, aCol: lddy, b: x, ldb: ldx,
		group: weightGroup, next: addDst,
	}
	p.run(scratch)
}

// product is a matrix product on its way. Element i, k of op(A) is at
// a[i*aRow+k*aCol].
type product[T Float] struct {
	m, n, k    int
	c          []T
	ldc        int
	a          []T
	aRow, aCol int
	b          []T
	ldb        int
	transB     bool
	accumulate bool   // start from what C holds
	group      int    // terms in a chain, at most panelDepth and dividing it
	next       origin // how the following chains begin
}

// run computes the product, a panel of B at a time.
func (p *product[T]) run(scratch []T) {
	p.check()
	if p.m == 0 || p.n == 0 {
		return
	}
	scratch = aligned(scratch)
	panel := cut(&scratch, panelDepth*panelWidth)
	for k := 0; k == 0 || k < p.k; k += panelDepth {
		depth := min(panelDepth, p.k-k)
		for j := 0; j < p.n; j += panelWidth {
			width := min(panelWidth, p.n-j)
			p.pack(panel, j, k, width, depth)
			p.panel(panel, j, k, width, depth)
		}
	}
}

// check panics where a matrix is too short.
func (p *product[T]) check() {
	if min(p.m, p.n, p.k) < 0 {
		panic("kernel: matrix product of negative size")
	}
	bRows, bCols := p.k, p.n
	if p.transB {
		bRows, bCols = p.n, p.k
	}
	if p.m > 0 && p.n > 0 {
		wantLen("c", len(p.c), (p.m-1)*p.ldc+p.n)
	}
	if p.m > 0 && p.k > 0 {
		wantLen("a", len(p.a), (p.m-1)*p.aRow+(p.k-1)*p.aCol+1)
	}
	if bRows > 0 && bCols > 0 {
		wantLen("b", len(p.b), (bRows-1)*p.ldb+bCols)
	}
}

// pack stores depth rows of op(B) from row k, width columns from column j, with
// panelWidth elements a row. What lies after them is computed with, not stored.
func (p *product[T]) pack(panel []T, j, k, width, depth int) {
	if depth == 0 {
		return
	}
	if p.transB {
		transpose(panel, panelWidth, p.b[j*p.ldb+k:], p.ldb, width, depth)
		return
	}
	for r := range depth {
		copy(panel[r*panelWidth:][:width], p.b[(k+r)*p.ldb+j:])
	}
}

// panel computes the columns of C that a packed panel gives.
func (p *product[T]) panel(panel []T, j, k, width, depth int) {
	vectors := (width + Lanes - 1) / Lanes
	for i := 0; i < p.m; {
		rows := bandRows(p.m - i)
		t := tile[T]{
			dst: p.c[i*p.ldc+j:], dstRow: p.ldc, pos: columnVectors[:vectors], cut: vectors*Lanes - width,
			in: panel, taps: panelTaps[:depth],
			wRow: p.aRow, wStep: p.aCol,
		}
		if depth > 0 {
			t.w = p.a[i*p.aRow+k*p.aCol:]
		}
		p.chain(t, k, rows)
		i += rows
	}
}

// chain adds to a tile its terms from the product's term k on.
func (p *product[T]) chain(t tile[T], k, rows int) {
	t.from = fromStart
	if k > 0 || p.accumulate {
		t.from = p.next
	}
	for all := t.taps; ; {
		t.taps = all[:min(p.group, len(all))]
		t.band(rows)
		all = all[len(t.taps):]
		if len(all) == 0 {
			return
		}
		t.from = p.next
		t.w = t.w[p.group*p.aCol:]
	}
}

// columnVectors are the vectors of a panel, panelTaps its rows.
var (
	columnVectors [panelWidth / Lanes]position
	panelTaps     [panelDepth]tap
)

func init() {
	for i := range columnVectors {
		columnVectors[i] = position{in: int32(i * Lanes), dst: int32(i * Lanes)}
	}
	for i := range panelTaps {
		panelTaps[i] = tap{in: int32(i * panelWidth)}
	}
}
