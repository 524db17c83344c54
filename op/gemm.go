package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
)

// The parts of a matrix product that goroutines take. Where it is cut does not
// show in the result.
const (
	partRows   = 140     // at most: a multiple of the micro-kernel's 14
	partCols   = 32      // a multiple of this: a packed panel
	wideCols   = 1024    // at least that many of several parts of rows, each of which packs its a
	vectorCols = 256     // at least that many of a single row
	partWork   = 500_000 // at least, in additions and multiplications: a few microseconds
	partsWhole = 16      // of a large product, about
	columnWork = 16      // what an element of b costs beside its products
)

// partition says how an m×n product with k terms is cut.
type partition struct {
	m, n       int
	rows, cols int // how many parts
	width      int // columns of a part
}

func newPartition(m, n, k int) partition {
	p := partition{m: m, n: n, rows: (m + partRows - 1) / partRows}
	work := float64(k) * float64(2*m+columnWork) // of a column
	least := max(partCols, partWork/(1+work), float64(n)/partsWhole)
	switch {
	case p.rows > 1:
		least = max(least, wideCols)
	case m == 1:
		least = max(least, vectorCols)
	}
	parts := max(1, int(float64(n)/least))
	p.width = max(1, (n+parts*partCols-1)/(parts*partCols)) * partCols
	p.cols = (n + p.width - 1) / p.width
	return p
}

// loop returns a loop over all parts: rows [i0, i1) and columns [j0, j1).
func (p partition) loop(body func(i0, i1, j0, j1 int)) *parallel.Loop {
	return parallel.NewLoop(p.rows*p.cols, 1, func(lo, hi int) {
		for part := lo; part < hi; part++ {
			i, j := part/p.cols, part%p.cols*p.width
			body(p.m*i/p.rows, p.m*(i+1)/p.rows, j, min(j+p.width, p.n))
		}
	})
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
	g.lda, g.ldb = g.k, g.n
	if g.transA {
		g.lda = g.m
	}
	if g.transB {
		g.ldb = g.k
	}
	parts := newPartition(g.m, g.n, g.k)
	if parts.rows > 1 && g.n > 1 && g.k > 0 {
		return g.preparePacked(pool, parts)
	}
	return parts.loop(func(i0, i1, j0, j1 int) {
		scratch := pool.work.Get(kernel.GemmScratch)
		defer pool.work.Put(scratch)
		g.begin(i0, i1, j0, j1)
		b := g.b
		if g.k > 0 && g.transB {
			b = b[j0*g.ldb:]
		} else if g.k > 0 {
			b = b[j0:]
		}
		kernel.Gemm(g.transA, g.transB, i1-i0, j1-j0, g.k, g.c[i0*g.n+j0:], g.n, g.rowsOfA(i0), g.lda, b, g.ldb, g.bias != nil, *scratch)
	}).Run
}

// preparePacked is prepare where b is packed once for all parts.
func (g product[T]) preparePacked(pool *productScratch[T], parts partition) func() {
	var b kernel.PackedB[T]
	pack := newPartition(1, g.n, g.k).loop(func(_, _, j0, j1 int) { b.Pack(g.transB, j0, j1, g.b, g.ldb) })
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
