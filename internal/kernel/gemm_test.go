package kernel

import (
	"fmt"
	"slices"
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

// depth is that of a panel in float32, twice that in float64.
const depth = depthBytes / 4

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
	lda, ldb, ldc := rowsApart(mem, aCols), rowsApart(mem, bCols), n+mem.random.IntN(3)
	a := mem.numbers(matrixLen(aRows, aCols, lda), kind)
	b := mem.numbers(matrixLen(bRows, bCols, ldb), kind)
	c := mem.numbers(matrixLen(m, n, ldc), kind)
	want, packed, before := slices.Clone(c), slices.Clone(c), slices.Clone(c)
	naiveGemm(transA, transB, m, n, k, want, ldc, a, lda, b, ldb, accumulate)
	scratch := gemmScratch[T]()
	what := fmt.Sprintf("%T %v %v %dx%dx%d, rows of A and B %d and %d apart", a, transA, transB, m, n, k, lda, ldb)
	Gemm(transA, transB, m, n, k, c, ldc, a, lda, b, ldb, accumulate, scratch)
	wantSame(t, what, c, want)
	p := PackB(transB, n, k, b, ldb, mem.make(PackedLen[T](n, k)))
	GemmPacked(transA, m, 0, n, packed, ldc, a, lda, p, accumulate, scratch)
	wantSame(t, what+", packed", packed, want)
	p = NewPackedB(n, k, mem.make(PackedLen[T](n, k)))
	packByParts(p, transB, b, ldb)
	GemmPacked(transA, m, 0, n, before, ldc, a, lda, p, accumulate, scratch)
	wantSame(t, what+", packed by parts", before, want)
}

// packByParts packs op(B) some columns at a time, or some rows.
func packByParts[T Float](p PackedB[T], transB bool, b []T, ldb int) {
	if len(b) == 0 {
		return
	}
	if p.k%2 == 1 && !transB {
		for l := 0; l < p.k; l += 300 {
			p.PackRows(l, min(l+300, p.k), b[l*ldb:], ldb)
		}
		return
	}
	for j := 0; j < p.n; j += 64 {
		p.PackSome(transB, j, min(j+64, p.n), operand[T]{b, ldb, transB}.from(0, j), ldb)
	}
}

var (
	gemmScratch32 = make([]float32, GemmScratch)
	gemmScratch64 = make([]float64, GemmScratch)
)

// gemmScratch returns scratch that holds what an earlier test left.
func gemmScratch[T Float]() []T {
	if isFloat32[T]() {
		return any(gemmScratch32).([]T)
	}
	return any(gemmScratch64).([]T)
}

// rowsApart is how far apart rows lie, now and then at a power of two.
func rowsApart[T Float](mem *arena[T], cols int) int {
	if mem.random.IntN(4) == 0 {
		return max(1, (cols+511)/512) * 512
	}
	return cols + mem.random.IntN(3)
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
	cols := []int{0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 79, 128, 130, 260}
	depths := []int{0, 1, 2, 7, 8, 9, 25, depth - 1, depth, depth + 1, 2*depth + 1}
	forEachPath(t, func(t *testing.T) {
		i := 0
		for _, m := range rows {
			for _, n := range cols {
				for _, k := range depths {
					if i++; m*n*k > 30_000 && i%17 != 0 {
						continue
					}
					testGemm[float32](t, i&1 != 0, i&2 != 0, m, n, k, i&4 != 0, ordinary)
				}
			}
		}
	})
}

// Every tile: of any number of rows, and with any part of its last vector.
func TestGemmTiles(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for m := 1; m <= sliverRows(); m++ {
			for n := range panelBytes/4 + 2 {
				testGemm[float32](t, false, false, m, n, 3, n&1 != 0, ordinary)
				testGemm[float64](t, false, false, m, n, 3, n&1 != 0, ordinary)
			}
		}
	})
}

func TestGemmTransposes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for i := range 8 {
			for name, kind := range numberKinds {
				t.Run(name, func(t *testing.T) {
					testGemm[float32](t, i&1 != 0, i&2 != 0, 15, 83, depth+12, i&4 != 0, kind)
					testGemm[float64](t, i&1 != 0, i&2 != 0, 15, 83, depth+12, i&4 != 0, kind)
				})
			}
		}
	})
}

// Several blocks of A, which is packed where it is transposed or its rows lie
// far apart.
func TestGemmBlocks(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for i := range 8 {
			testGemm[float32](t, i&1 != 0, i&2 != 0, 2*blockRows+3, 131, 9, i&4 != 0, ordinary)
			testGemm[float64](t, i&1 != 0, i&2 != 0, blockRows+1, 67, 9, i&4 != 0, ordinary)
			testGemm[float32](t, i&1 != 0, i&2 != 0, 29, 130, 2*depth, i&4 != 0, ordinary)
		}
	})
}

// Products with a vector on either side.
func TestGemmVectors(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		i := 0
		for _, n := range []int{1, 7, 8, 9, 15, 16, 17, 21, 24, 25, 31, 32, 33, 41, 47, 48, 49, 63, 64, 65, 90} {
			for _, k := range []int{1, 2, 3, 4, 5, 6, 7, 8, 37} {
				for range 2 {
					i++
					testGemm[float32](t, i&1 != 0, i&2 != 0, 1, n, k, i&4 != 0, ordinary)
					testGemm[float32](t, i&1 != 0, i&2 != 0, n, 1, k, i&4 != 0, wild)
					testGemm[float64](t, i&1 != 0, i&2 != 0, 1, n, k, i&4 != 0, wild)
					testGemm[float64](t, i&1 != 0, i&2 != 0, n, 1, k, i&4 != 0, ordinary)
				}
			}
		}
		testGemm[float32](t, false, true, 1, 35, vectorChunk+3, true, tiny)
		testGemm[float32](t, false, false, vectorChunk+5, 1, 6, true, ordinary)
	})
}

// A product computed in parts, as callers do for their threads, has the same bits.
func TestGemmParts(t *testing.T) {
	const m, n, k, m0, n0 = 23, 150, depth + 44, 9, 37
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

// The same with B packed once, in parts too.
func TestGemmPackedParts(t *testing.T) {
	const m, n, k, j0 = 23, 150, depth + 44, 96
	mem := newArena[float32](t, 1)
	defer mem.check()
	a, b := mem.numbers(m*k, ordinary), mem.numbers(k*n, ordinary)
	whole, parts, scratch := mem.make(m*n), mem.make(m*n), mem.make(GemmScratch)
	Gemm(false, true, m, n, k, whole, n, a, k, b, k, false, scratch)
	p := NewPackedB(n, k, mem.make(PackedLen[float32](n, k)))
	for _, c := range [][2]int{{j0, n}, {0, j0}} {
		p.Pack(true, c[0], c[1], b, k)
	}
	for _, c := range [][2]int{{0, j0}, {j0, n}} {
		GemmPacked(false, m, c[0], c[1], parts[c[0]:], n, a, k, p, false, scratch)
	}
	wantSame(t, "parts", parts, whole)
	for name, f := range map[string]func(){
		"a part of a panel":       func() { p.Pack(true, 0, 33, b, k) },
		"past the last column":    func() { p.Pack(true, 0, n+1, b, k) },
		"a short B":               func() { p.Pack(true, 0, n, b[1:], k) },
		"a short storage":         func() { PackB(true, n, k, b, k, make([]float32, n*k)) },
		"columns within a panel":  func() { GemmPacked(false, m, 8, n, parts[8:], n, a, k, p, false, scratch) },
		"columns that are no one": func() { GemmPacked(false, m, 64, 32, parts, n, a, k, p, false, scratch) },
	} {
		t.Run(name, func(t *testing.T) { wantPanic(t, f) })
	}
}

// naiveLinearWeight follows the contract of LinearWeight, an element at a time.
func naiveLinearWeight[T Float](out, in, images int, dw []T, lddw int, dy []T, lddy int, x []T, ldx int, accumulate bool) {
	for o := range out {
		for i := range in {
			var total T
			if accumulate {
				total = dw[o*lddw+i]
			}
			for first := 0; first == 0 || first < images; first += 16 { // none are one empty group
				var sum T
				for n := first; n < min(first+16, images); n++ {
					sum = exact(dy[n*lddy+o], x[n*ldx+i], sum)
				}
				if first == 0 && !accumulate {
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
	for _, accumulate := range []bool{false, true} {
		got := mem.make(out * lddw)
		if accumulate {
			got = mem.numbers(out*lddw, kind)
		}
		want := append([]T(nil), got...)
		naiveLinearWeight(out, in, images, want, lddw, dy, lddy, x, ldx, accumulate)
		LinearWeight(out, in, images, got, lddw, dy, lddy, x, ldx, accumulate, gemmScratch[T]())
		wantSame(t, fmt.Sprintf("%T %dx%d of %d images, accumulate %v", x, out, in, images, accumulate), got, want)
	}
}

func TestLinearWeight(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for images := range 40 {
			testLinearWeight[float32](t, 7, 83, images, ordinary)
		}
		for name, kind := range numberKinds {
			t.Run(name, func(t *testing.T) {
				for _, images := range []int{depth - 1, depth, depth + 1, depth + 20, 2*depth + 17} {
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
	{false, false, 256, 256, 256},
	{false, false, 512, 512, 512},
	{true, false, 512, 512, 512},
	{false, true, 512, 512, 512},
	{false, false, 1024, 1024, 1024},
	{false, true, 64, 120, 400},
	{false, true, 64, 84, 120},
	{false, true, 64, 47, 84},
	{false, false, 64, 400, 120},
	{false, false, 84, 120, 64},
	{false, true, 128, 1024, 784},
	{false, true, 1, 120, 400},
	{false, false, 1, 400, 120},
	{false, false, 512, 1, 512},
	{false, false, 512, 512, 8},
}

func BenchmarkGemm(b *testing.B) {
	b.Run("float32", benchmarkGemm[float32])
	b.Run("float64", benchmarkGemm[float64])
}

func benchmarkGemm[T Float](b *testing.B) {
	for _, s := range gemmSizes {
		x, y, z := make([]T, s.m*s.k), make([]T, s.k*s.n), make([]T, s.m*s.n)
		lda, ldb := s.k, s.n
		if s.transA {
			lda = s.m
		}
		if s.transB {
			ldb = s.k
		}
		scratch := make([]T, GemmScratch)
		name := fmt.Sprintf("%v,%v/%dx%dx%d", s.transA, s.transB, s.m, s.n, s.k)
		b.Run(name, func(b *testing.B) {
			reportFlops(b, 2*s.m*s.n*s.k, func() {
				Gemm(s.transA, s.transB, s.m, s.n, s.k, z, s.n, x, lda, y, ldb, false, scratch)
			})
		})
		b.Run(name+"/packed", func(b *testing.B) {
			p := PackB(s.transB, s.n, s.k, y, ldb, make([]T, PackedLen[T](s.n, s.k)))
			reportFlops(b, 2*s.m*s.n*s.k, func() {
				GemmPacked(s.transA, s.m, 0, s.n, z, s.n, x, lda, p, false, scratch)
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
				LinearWeight(s[0], s[1], s[2], dw, s[1], dy, s[0], x, s[1], false, scratch)
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
