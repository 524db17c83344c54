package op

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Parts cover a product once, whatever its shape.
func TestPartition(t *testing.T) {
	for _, s := range [][3]int{{0, 3, 4}, {3, 0, 4}, {3, 4, 0}, {1, 1, 1}, {1, 5000, 700}, {267, 33, 9}, {141, 2100, 3}, {600, 700, 800}, {64, 84, 120}} {
		testPartition(t, s[0], s[1], newPartition(s[0], s[1], s[2], false))
		testPartition(t, s[0], s[1], newPartition(s[0], s[1], s[2], true))
	}
}

func testPartition(t *testing.T, m, n int, p partition) {
	t.Helper()
	seen := make([]atomic.Int32, m*n)
	p.loop(func(i0, i1, j0, j1 int) {
		if j0%partCols != 0 {
			t.Errorf("%+v: a part begins with column %d", p, j0)
		}
		for i := i0; i < i1; i++ {
			for j := j0; j < j1; j++ {
				seen[i*n+j].Add(1)
			}
		}
	}).Run()
	for i := range seen {
		if c := seen[i].Load(); c != 1 {
			t.Fatalf("%+v: element %d is computed %d times", p, i, c)
		}
	}
}

// Products cut into parts, with B packed for all of them and without, have the
// bits of one chain an element.
func TestProductInParts(t *testing.T) {
	for _, s := range [][3]int{
		{2*partRows + 3, 170, 21}, {33, 900, 70}, {1, 3000, 130}, {partRows + 1, 40, 0}, {partRows + 1, 2100, 5}, {400, 1, 33},
		{2*fewRows + 3, 84, 64}, {64, 300, 120}, {3 * partRows, 120, 64}, {2 * partRows, 300, 230},
	} {
		for i := range 8 {
			g := product[float32]{transA: i&1 != 0, transB: i&2 != 0, m: s[0], n: s[1], k: s[2]}
			g.a, g.b, g.c = normal(g.m*g.k), normal(g.k*g.n), normal(g.m*g.n)
			if i&4 != 0 {
				g.bias = normal(g.n)
			}
			want := chains(g)
			for _, procs := range []int{1, 3} {
				old := runtime.GOMAXPROCS(procs)
				g.prepare(&products32)()
				runtime.GOMAXPROCS(old)
				if !slices.Equal(g.c, want) {
					t.Errorf("%v, transposed %v %v, on %d threads: other values than a chain's", s, g.transA, g.transB, procs)
				}
				clear(g.c)
			}
		}
	}
}

// Each product of a batch, few or many, has the bits of one chain an element; b is
// the same for all here.
func TestBatchOfProducts(t *testing.T) {
	for _, s := range [][4]int{{2, 2*partRows + 3, 170, 21}, {3, 5, 4, 3}, {40, 7, 9, 11}, {17, partRows + 1, 3, 2}, {3, 1, 300, 5}} {
		count := s[0]
		g := product[float32]{transB: true, m: s[1], n: s[2], k: s[3]}
		g.a, g.b, g.c = normal(count*g.m*g.k), normal(g.k*g.n), normal(count*g.m*g.n)
		run := g.prepareBatch(&products32, newNest([]int{count}, [][]int{{1}, {1}, {0}}))
		for _, procs := range []int{1, 3} {
			old := runtime.GOMAXPROCS(procs)
			clear(g.c)
			run()
			runtime.GOMAXPROCS(old)
			for i := range count {
				of := g
				of.a = g.a[i*g.m*g.k:]
				if !slices.Equal(g.c[i*g.m*g.n:(i+1)*g.m*g.n], chains(of)) {
					t.Errorf("%v, product %d on %d threads: other values than a chain's", s, i, procs)
				}
			}
		}
		if allocated := testing.AllocsPerRun(10, run); allocated > 0 {
			t.Errorf("%v: a run allocates %v times", s, allocated)
		}
	}
}

func normal(n int) []float32 {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

// chains computes a product an element at a time.
func chains(g product[float32]) []float32 {
	c := make([]float32, g.m*g.n)
	for i := range g.m {
		for j := range g.n {
			var sum float32
			if g.bias != nil {
				sum = g.bias[j]
			}
			for l := range g.k {
				x, y := i*g.k+l, l*g.n+j
				if g.transA {
					x = l*g.m + i
				}
				if g.transB {
					y = j*g.k + l
				}
				sum = kernel.FMA32(g.a[x], g.b[y], sum)
			}
			c[i*g.n+j] = sum
		}
	}
	return c
}

// Products as networks have them, on all processors.
func BenchmarkProduct(b *testing.B) {
	for _, s := range []struct {
		transA, transB bool
		m, n, k        int
	}{
		{false, false, 256, 256, 256},
		{false, false, 512, 512, 512},
		{false, false, 1024, 1024, 1024},
		{true, false, 1024, 784, 128},
		{false, true, 128, 1024, 784},
		{false, true, 64, 120, 400},
		{false, true, 1, 1024, 784},
		{false, true, 1, 120, 400},
	} {
		b.Run(fmt.Sprintf("%v,%v/%dx%dx%d", s.transA, s.transB, s.m, s.n, s.k), func(b *testing.B) {
			g := product[float32]{transA: s.transA, transB: s.transB, m: s.m, n: s.n, k: s.k}
			g.a, g.b, g.c = normal(g.m*g.k), normal(g.k*g.n), normal(g.m*g.n)
			for b.Loop() {
				g.prepare(&products32)()
			}
			b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
