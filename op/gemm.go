package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
)

// The part of a matrix product that a goroutine takes at a time.
const (
	partRows = 96
	partCols = 64
)

// eachPart calls body for parts of an m×n product with k terms each: rows
// [i0, i1) and columns [j0, j1).
func eachPart[T kernel.Float](pool *parallel.Scratch[T], m, n, k int, body func(i0, i1, j0, j1 int, scratch []T)) {
	rows, cols := (m+partRows-1)/partRows, (n+partCols-1)/partCols
	parallel.For(rows*cols, 1+partGrain/(1+k), func(lo, hi int) {
		scratch := pool.Get(kernel.GemmScratch)
		defer pool.Put(scratch)
		for p := lo; p < hi; p++ {
			i, j := p/cols*partRows, p%cols*partCols
			body(i, min(i+partRows, m), j, min(j+partCols, n), *scratch)
		}
	})
}

// partGrain is the terms of a part's sums below which a goroutine takes several
// parts.
const partGrain = 32

// gemm sets c = op(a) op(b), row-major and m×n, or adds to c.
func gemm[T kernel.Float](pool *parallel.Scratch[T], transA, transB bool, m, n, k int, c, a, b []T, accumulate bool) {
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	eachPart(pool, m, n, k, func(i0, i1, j0, j1 int, scratch []T) {
		ai, bj := a, b
		if k > 0 {
			ai, bj = a[i0*lda:], b[j0:]
			if transA {
				ai = a[i0:]
			}
			if transB {
				bj = b[j0*ldb:]
			}
		}
		kernel.Gemm(transA, transB, i1-i0, j1-j0, k, c[i0*n+j0:], n, ai, lda, bj, ldb, accumulate, scratch)
	})
}
