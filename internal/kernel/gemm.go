package kernel

// A block of A, of up to blockRows x panelDepth elements, is to stay in the
// second cache while all panels of B go by.
const (
	blockRows = 266                                    // 19 slivers of 14
	blockLen  = (blockRows/6 + 1) * 8 * depthBytes / 4 // slivers of 6 rows take 8
	rowPad    = 16                                     // a power of two between rows would put them into few sets of the cache
)

// GemmScratch is how many elements of scratch the matrix products need.
const GemmScratch = blockLen + depthBytes/4*panelBytes/4 + alignSlack

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
		m: m, n: n, k: k, c: c, ldc: ldc, a: operand[T]{a, lda, transA}, b: operand[T]{b, ldb, transB},
		group: panelDepth[T](), next: fromDst,
	}
	if accumulate {
		p.first = fromDst
	}
	p.b.check("b", k, n)
	p.run(scratch)
}

// GemmPacked is [Gemm] of columns [j0, j1) of a packed op(B). C begins with
// column j0, which begins a panel.
func GemmPacked[T Float](transA bool, m, j0, j1 int, c []T, ldc int, a []T, lda int, b PackedB[T], accumulate bool, scratch []T) {
	p := product[T]{
		m: m, n: j1 - j0, k: b.k, c: c, ldc: ldc, a: operand[T]{a, lda, transA}, packed: b, j0: j0,
		group: panelDepth[T](), next: fromDst,
	}
	if accumulate {
		p.first = fromDst
	}
	b.checkColumns(j0, j1)
	p.run(scratch)
}

// LinearWeight computes the gradient of a linear layer's weights,
// dw[o][i] = sum over n of dy[n][o] * x[n][i], for dy of images x out and x of
// images x in elements, whose rows begin lddy and ldx elements apart, those of
// dw lddw. Every 16 images form a chain of fused multiply-adds from zero in the
// order of n, and these sums are added in order. Without images dw is zero. With
// accumulate all of them are added to what dw holds.
func LinearWeight[T Float](out, in, images int, dw []T, lddw int, dy []T, lddy int, x []T, ldx int, accumulate bool, scratch []T) {
	p := product[T]{
		m: out, n: in, k: images, c: dw, ldc: lddw, a: operand[T]{dy, lddy, true}, b: operand[T]{x, ldx, false},
		group: weightGroup, next: addDst,
	}
	if accumulate {
		p.first = addDst
	}
	p.b.check("b", images, in)
	p.run(scratch)
}

// product is a matrix product on its way.
type product[T Float] struct {
	m, n, k int
	c       []T
	ldc     int
	a, b    operand[T]
	packed  PackedB[T] // in place of b, from column j0 on
	j0      int
	group   int    // terms in a chain, at most panelDepth and dividing it
	first   origin // where the first terms' chains begin
	next    origin // and those that follow

	block, panel []T // scratch
}

// run computes the product, a block of A at a time.
func (p *product[T]) run(scratch []T) {
	p.check()
	if p.m == 0 || p.n == 0 {
		return
	}
	scratch = aligned(scratch)
	p.panel = cut(&scratch, panelDepth[T]()*panelCols[T]())
	p.block = cut(&scratch, blockLen)
	if p.vector() {
		return
	}
	blocks := (p.m + blockRows - 1) / blockRows
	for k := 0; k == 0 || k < p.k; k += panelDepth[T]() {
		for b := range blocks {
			i, end := p.m*b/blocks, p.m*(b+1)/blocks
			p.rows(i, k, end-i, min(panelDepth[T](), p.k-k))
		}
		p.first = p.next
	}
}

// check panics where a matrix is too short.
func (p *product[T]) check() {
	if min(p.m, p.n, p.k) < 0 {
		panic("kernel: matrix product of negative size")
	}
	if p.m > 0 && p.n > 0 {
		wantLen("c", len(p.c), (p.m-1)*p.ldc+p.n)
	}
	p.a.check("a", p.m, p.k)
}

// rows adds depth terms from k on to the given rows from i on.
func (p *product[T]) rows(i, k, rows, depth int) {
	var a blockA[T]
	p.cutA(&a, i, k, rows, depth)
	s := sliver[T]{ldc: p.ldc, terms: depth, group: p.group, from: p.first}
	for j := 0; j < p.n; j += s.cols {
		s.cols = p.panelAt(&s, j, k)
		from := 0
		for n := range a.slivers {
			to := rows * (n + 1) / a.slivers
			s.rows = to - from
			s.c = p.c[(i+from)*p.ldc+j:]
			s.a, s.aRow, s.aCol = a.sliver(n, from)
			s.run()
			from = to
		}
	}
}

// panelAt gives a sliver its columns of B from column j and row k on, and
// returns how many.
func (p *product[T]) panelAt(s *sliver[T], j, k int) int {
	width := panelCols[T]()
	cols := min(width, p.n-j)
	s.bRow = width
	switch {
	case s.terms == 0:
	case p.packed.data != nil:
		s.b = p.packed.panel(p.j0+j, k)
		s.ahead = len(s.b)
	case !p.b.trans && exactCols[T](cols) && (p.m <= 2*sliverRows() || !clash(p.b.ld*panelBytes/width)):
		s.b, s.bRow = p.b.from(k, j), p.b.ld
		if p.m == 1 && j+4*width <= p.n {
			return 4 * width
		}
	default:
		s.b = p.panel
		p.b.packPanel(p.panel, k, j, s.terms, cols)
	}
	return cols
}

// clash reports whether rows so many bytes apart share few sets of the first
// cache, or lie in a page each.
func clash(row int) bool { return row >= 4096 || row%2048 == 0 }

// blockA is a block of A, cut into slivers.
type blockA[T Float] struct {
	data     []T
	row, col int // how far apart neighbours lie
	slivers  int
	packed   int // elements of a sliver, if they lie one after the other
}

// sliver returns sliver n, which begins with a row, and its strides.
func (b *blockA[T]) sliver(n, row int) (a []T, aRow, aCol int) {
	if b.packed > 0 {
		return b.data[n*b.packed:], b.row, b.col
	}
	if len(b.data) == 0 {
		return nil, 0, 0
	}
	return b.data[row*b.row:], b.row, b.col
}

// cutA cuts a block of A, and packs it where that pays: where it is read often,
// and neighbours in a sliver lie badly for the cache.
func (p *product[T]) cutA(b *blockA[T], i, k, rows, depth int) {
	most := sliverRows()
	b.slivers = (rows + most - 1) / most
	if depth == 0 {
		return
	}
	b.data = p.a.from(i, k)
	b.row, b.col = p.a.strides()
	switch {
	case p.n < 4*panelCols[T]():
	case p.a.trans && p.a.ld >= 256:
		p.packSlivers(b, rows, depth)
	case !p.a.trans && clash(p.a.ld*panelBytes/panelCols[T]()) && rows > most:
		b.row = depth + rowPad
		copyMatrix(p.block, b.row, b.data, p.a.ld, rows, depth)
		b.data = p.block
	}
}

// packSlivers packs the slivers of a transposed block one after the other.
func (p *product[T]) packSlivers(b *blockA[T], rows, depth int) {
	source := b.data
	b.data, b.col = p.block, (sliverRows()+7)/8*8
	b.packed = b.col * depth
	for n := range b.slivers {
		from := rows * n / b.slivers
		copyRows(b.data[n*b.packed:], b.col, source[from:], p.a.ld, depth, rows*(n+1)/b.slivers-from)
	}
}

// origin says where chains begin.
type origin int

const (
	fromStart origin = iota // at zero
	fromDst                 // at what c holds: the chain goes on
	addDst                  // at zero, and the whole is then added to c
)
