package kernel

import (
	"fmt"
	"testing"
)

// naiveGemm follows the contract of Gemm, an element at a time.
func naiveGemm[T Float](transA, transB bool, m, n, k int, c []T, ldc int, a []T, lda int, b []T, ldb int, accumulate bool) {
	for i := range m {
		for j := range n {
			var sum T
			if accumulate {
				sum = c[i*ldc+j]
			}
			for l := range k {
				x, y := i*lda+l, l*ldb+j
				if transA {
					x = l*lda + i
				}
				if transB {
					y = j*ldb + l
				}
				sum = exact(a[x], b[y], sum)
			}
			c[i*ldc+j] = sum
		}
	}
}

func testGemm[T Float](t *testing.T, transA, transB bool, m, n, k int, accumulate bool, kind numbers) {
	t.Helper()
	mem := newArena[T](t, uint64(m*31+n*7+k))
	defer mem.check()
	aRows, aCols, bRows, bCols := m, k, k, n
	if transA {
		aRows, aCols = k, m
	}
	if transB {
		bRows, bCols = n, k
	}
	lda, ldb, ldc := aCols+mem.random.IntN(3), bCols+mem.random.IntN(3), n+mem.random.IntN(3)
	a := mem.numbers(matrixLen(aRows, aCols, lda), kind)
	b := mem.numbers(matrixLen(bRows, bCols, ldb), kind)
	c := mem.numbers(matrixLen(m, n, ldc), kind)
	want := append([]T(nil), c...)
	naiveGemm(transA, transB, m, n, k, want, ldc, a, lda, b, ldb, accumulate)
	Gemm(transA, transB, m, n, k, c, ldc, a, lda, b, ldb, accumulate, mem.make(GemmScratch))
	wantSame(t, fmt.Sprintf("%T %v %v %dx%dx%d", a, transA, transB, m, n, k), c, want)
}

// matrixLen is the least length of a matrix whose rows begin ld apart.
func matrixLen(rows, cols, ld int) int {
	if rows == 0 || cols == 0 {
		return 0
	}
	return (rows-1)*ld + cols
}

func TestGemm(t *testing.T) {
	rows := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19}
	cols := []int{0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 79, 128, 130}
	depths := []int{0, 1, 2, 7, 8, 9, 25, panelDepth - 1, panelDepth, panelDepth + 1, 2*panelDepth + 1}
	forEachPath(t, func(t *testing.T) {
		i := 0
		for _, m := range rows {
			for _, n := range cols {
				for _, k := range depths {
					if i++; m*n*k > 30_000 && i%7 != 0 {
						continue
					}
					testGemm[float32](t, i&1 != 0, i&2 != 0, m, n, k, i&4 != 0, ordinary)
				}
			}
		}
	})
}

func TestGemmTransposes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for i := range 8 {
			for name, kind := range numberKinds {
				t.Run(name, func(t *testing.T) {
					testGemm[float32](t, i&1 != 0, i&2 != 0, 15, 83, panelDepth+12, i&4 != 0, kind)
					testGemm[float64](t, i&1 != 0, i&2 != 0, 15, 83, panelDepth+12, i&4 != 0, kind)
				})
			}
		}
	})
}

// A product computed in parts, as callers do for their threads, has the same bits.
func TestGemmParts(t *testing.T) {
	const m, n, k, m0, n0 = 23, 150, panelDepth + 44, 9, 37
	mem := newArena[float32](t, 1)
	defer mem.check()
	a, b := mem.numbers(m*k, ordinary), mem.numbers(k*n, ordinary)
	whole, parts, scratch := mem.make(m*n), mem.make(m*n), mem.make(GemmScratch)
	Gemm(false, false, m, n, k, whole, n, a, k, b, n, false, scratch)
	for _, r := range [][2]int{{0, m0}, {m0, m}} {
		for _, c := range [][2]int{{0, n0}, {n0, n}} {
			Gemm(false, false, r[1]-r[0], c[1]-c[0], k, parts[r[0]*n+c[0]:], n, a[r[0]*k:], k, b[c[0]:], n, false, scratch)
		}
	}
	wantSame(t, "parts", parts, whole)
}

// naiveLinearWeight follows the contract of LinearWeight, an element at a time.
func naiveLinearWeight[T Float](out, in, images int, dw []T, lddw int, dy []T, lddy int, x []T, ldx int) {
	for o := range out {
		for i := range in {
			var total T
			for first := 0; first < images; first += 16 {
				var sum T
				for n := first; n < min(first+16, images); n++ {
					sum = exact(dy[n*lddy+o], x[n*ldx+i], sum)
				}
				if first == 0 {
					total = sum
				} else {
					total += sum
				}
			}
			dw[o*lddw+i] = total
		}
	}
}

func testLinearWeight[T Float](t *testing.T, out, in, images int, kind numbers) {
	t.Helper()
	mem := newArena[T](t, uint64(images))
	defer mem.check()
	lddw, lddy, ldx := in+mem.random.IntN(3), out+mem.random.IntN(3), in+mem.random.IntN(3)
	dy, x := mem.numbers(images*lddy, kind), mem.numbers(images*ldx, kind)
	got := mem.make(out * lddw)
	want := append([]T(nil), got...)
	naiveLinearWeight(out, in, images, want, lddw, dy, lddy, x, ldx)
	LinearWeight(out, in, images, got, lddw, dy, lddy, x, ldx, mem.make(GemmScratch))
	wantSame(t, fmt.Sprintf("%T %dx%d of %d images", x, out, in, images), got, want)
}

func TestLinearWeight(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for images := range 40 {
			testLinearWeight[float32](t, 7, 83, images, ordinary)
		}
		for name, kind := range numberKinds {
			t.Run(name, func(t *testing.T) {
				for _, images := range []int{panelDepth - 1, panelDepth, panelDepth + 1, panelDepth + 20, 2*panelDepth + 17} {
					testLinearWeight[float32](t, 10, 70, images, kind)
					testLinearWeight[float64](t, 3, 17, images, kind)
				}
			})
		}
	})
}

func TestGemmShortSlices(t *testing.T) {
	const m, n, k = 5, 20, 9
	for _, short := range []struct{ c, a, b, scratch int }{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, alignSlack + 1}} {
		wantPanic(t, func() {
			Gemm(false, false, m, n, k, make([]float32, m*n-short.c), n, make([]float32, m*k-short.a), k,
				make([]float32, k*n-short.b), n, false, make([]float32, GemmScratch-short.scratch))
		})
	}
}

func wantPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("want a panic")
		}
	}()
	f()
}

var gemmSizes = []struct {
	transA, transB bool
	m, n, k        int
}{
	{false, false, 512, 512, 512},
	{true, false, 512, 512, 512},
	{false, true, 512, 512, 512},
	{false, false, 1024, 1024, 1024},
	{false, true, 64, 120, 400},
	{false, true, 64, 84, 120},
	{false, true, 64, 47, 84},
	{false, false, 64, 400, 120},
	{false, true, 1, 120, 400},
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range gemmSizes {
		b.Run(fmt.Sprintf("%v,%v/%dx%dx%d", s.transA, s.transB, s.m, s.n, s.k), func(b *testing.B) {
			x, y, z := make([]float32, s.m*s.k), make([]float32, s.k*s.n), make([]float32, s.m*s.n)
			lda, ldb := s.k, s.n
			if s.transA {
				lda = s.m
			}
			if s.transB {
				ldb = s.k
			}
			scratch := make([]float32, GemmScratch)
			reportFlops(b, 2*s.m*s.n*s.k, func() {
				Gemm(s.transA, s.transB, s.m, s.n, s.k, z, s.n, x, lda, y, ldb, false, scratch)
			})
		})
	}
}

func BenchmarkLinearWeight(b *testing.B) {
	for _, s := range [][3]int{{120, 400, 64}, {84, 120, 64}, {47, 84, 64}} {
		b.Run(fmt.Sprint(s), func(b *testing.B) {
			dw, dy, x := make([]float32, s[0]*s[1]), make([]float32, s[0]*s[2]), make([]float32, s[1]*s[2])
			scratch := make([]float32, GemmScratch)
			reportFlops(b, 2*s[0]*s[1]*s[2], func() {
				LinearWeight(s[0], s[1], s[2], dw, s[1], dy, s[0], x, s[1], scratch)
			})
		})
	}
}

// reportFlops times f, which does a number of floating-point operations.
func reportFlops(b *testing.B, flops int, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
