package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
)

// The parts of a matrix product that goroutines take. Where it is cut does not
// show in the result.
const (
	partRows   = 140     // at most: a multiple of the micro-kernel's 14
	fewRows    = 22      // at least that many of a small product
	partCols   = 32      // a multiple of this: a packed panel
	longCols   = 128     // at least that many where each row is cut, whose ends share a cache line
	wideCols   = 1024    // at least that many where each part packs its a
	partWork   = 250_000 // at least, in additions and multiplications: two microseconds
	partsWhole = 16      // of a large product, about
	columnWork = 16      // what an element of b costs beside its products
	smallB     = 1 << 16 // elements of b that lie well for the caches as they are
)

// partition says how an m×n product with k terms is cut.
type partition struct {
	m, n       int
	rows, cols int // how many parts
	width      int // columns of a part
}

// newPartition cuts a product. Few rows stay together where b is to be
// transposed, which each part of them would do anew.
func newPartition(m, n, k int, transB bool) partition {
	p := partition{m: m, n: n, rows: (m + partRows - 1) / partRows}
	work := float64(n) * float64(k) * float64(2*m+columnWork)
	parts := min(partsWhole, int(work/partWork))
	least := partCols
	switch {
	case p.rows > 1:
		p.rows += p.rows % 2 // for two goroutines to share
		least = wideCols
	case m == 1:
		least = longCols
	case m >= 2*fewRows && parts >= 2 && !transB:
		p.rows = 2
		least = longCols
	}
	cols := max(1, min(parts/max(1, p.rows), n/least))
	p.width = max(1, (n+cols*partCols-1)/(cols*partCols)) * partCols
	p.cols = (n + p.width - 1) / p.width
	return p
}

// loop returns a loop over all parts: rows [i0, i1) and columns [j0, j1).
func (p partition) loop(body func(i0, i1, j0, j1 int)) *parallel.Loop {
	return parallel.NewLoop(p.rows*p.cols, 1, func(lo, hi int) {
		for part := lo; part < hi; part++ {
			body(p.part(part))
		}
	})
}

// part returns the rows [i0, i1) and columns [j0, j1) of a part.
func (p partition) part(number int) (i0, i1, j0, j1 int) {
	i, j := number/p.cols, number%p.cols*p.width
	return p.m * i / p.rows, p.m * (i + 1) / p.rows, j, min(j+p.width, p.n)
}

// productScratch is what products compute in: a pool for each of two sizes, so
// that none is handed out where the other is wanted.
type productScratch[T kernel.Float] struct{ work, packed parallel.Scratch[T] }

var (
	products32 productScratch[float32]
	products64 productScratch[float64]
)

// product is c = op(a) op(b), row-major and m×n with k terms, where every row
// begins with the bias unless that is nil.
type product[T kernel.Float] struct {
	transA, transB bool
	m, n, k        int
	c, a, b, bias  []T
	lda, ldb       int
}

// prepare returns a function that computes the product.
func (g product[T]) prepare(pool *productScratch[T]) func() {
	g = g.withStrides()
	parts := newPartition(g.m, g.n, g.k, g.transB)
	if g.packs(parts) {
		return g.preparePacked(pool, parts)
	}
	return parts.loop(func(i0, i1, j0, j1 int) {
		scratch := pool.work.Get(kernel.GemmScratch)
		defer pool.work.Put(scratch)
		g.compute(i0, i1, j0, j1, *scratch)
	}).Run
}

// withStrides says how far apart the rows of a and b lie.
func (g product[T]) withStrides() product[T] {
	g.lda, g.ldb = g.k, g.n
	if g.transA {
		g.lda = g.m
	}
	if g.transB {
		g.ldb = g.k
	}
	return g
}

// compute works out a part.
func (g product[T]) compute(i0, i1, j0, j1 int, scratch []T) {
	g.begin(i0, i1, j0, j1)
	b := g.b
	if g.k > 0 && g.transB {
		b = b[j0*g.ldb:]
	} else if g.k > 0 {
		b = b[j0:]
	}
	kernel.Gemm(g.transA, g.transB, i1-i0, j1-j0, g.k, g.c[i0*g.n+j0:], g.n, g.rowsOfA(i0), g.lda, b, g.ldb, g.bias != nil, scratch)
}

// prepareBatch returns a function that computes a product for each matrix of a
// batch, which lie where the nest says: those of c, a and b, counted in matrices.
func (g product[T]) prepareBatch(pool *productScratch[T], batch *nest) func() {
	g = g.withStrides()
	parts := newPartition(g.m, g.n, g.k, g.transB)
	if batch.size() >= partsWhole {
		parts = partition{m: g.m, n: g.n, rows: (g.m + partRows - 1) / partRows, cols: 1, width: g.n}
	}
	each := parts.rows * parts.cols
	work := float64(g.m) * float64(g.n) * float64(g.k+columnWork) / float64(max(1, each))
	return parallel.NewLoop(batch.size()*each, 1+int(partWork/max(1, work)), func(lo, hi int) {
		scratch := pool.work.Get(kernel.GemmScratch)
		defer pool.work.Put(scratch)
		for part := lo; part < hi; part++ {
			i0, i1, j0, j1 := parts.part(part % each)
			g.matrix(batch.at(part/each)).compute(i0, i1, j0, j1, *scratch)
		}
	}).Run
}

// matrix returns the product of a batch's matrices at the given places.
func (g product[T]) matrix(at [1 + maxInputs]int) product[T] {
	g.c, g.a, g.b = g.c[at[0]*g.m*g.n:], g.a[at[1]*g.m*g.k:], g.b[at[2]*g.k*g.n:]
	return g
}

// packs reports whether the parts share a packed b.
func (g product[T]) packs(parts partition) bool {
	return parts.rows > 1 && g.n > 1 && g.k > 0 && (g.transB || g.k*g.n > smallB)
}

// preparePacked is prepare where b is packed once for all parts.
func (g product[T]) preparePacked(pool *productScratch[T], parts partition) func() {
	var b kernel.PackedB[T]
	pack := newPartition(1, g.n, g.k, g.transB).loop(func(_, _, j0, j1 int) { b.Pack(g.transB, j0, j1, g.b, g.ldb) })
	multiply := parts.loop(func(i0, i1, j0, j1 int) {
		scratch := pool.work.Get(kernel.GemmScratch)
		defer pool.work.Put(scratch)
		g.begin(i0, i1, j0, j1)
		kernel.GemmPacked(g.transA, i1-i0, j0, j1, g.c[i0*g.n+j0:], g.n, g.rowsOfA(i0), g.lda, b, g.bias != nil, *scratch)
	})
	return func() {
		storage := pool.packed.Get(kernel.PackedLen[T](g.n, g.k))
		defer pool.packed.Put(storage)
		b = kernel.NewPackedB(g.n, g.k, *storage)
		pack.Run()
		multiply.Run()
	}
}

// begin stores the bias where the chains of a part start from it.
func (g product[T]) begin(i0, i1, j0, j1 int) {
	if g.bias == nil {
		return
	}
	for i := i0; i < i1; i++ {
		copy(g.c[i*g.n+j0:i*g.n+j1], g.bias[j0:j1])
	}
}

// rowsOfA returns op(a) from row i on.
func (g product[T]) rowsOfA(i int) []T {
	switch {
	case g.k == 0:
		return nil
	case g.transA:
		return g.a[i:]
	}
	return g.a[i*g.lda:]
}
