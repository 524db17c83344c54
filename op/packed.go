package op

import (
	"errors"
	"fmt"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Products take matrices of packed types, such as quantised weights, as they are: pieces of
// them become numbers in memory that stays in the caches. The bits are those of the same
// product after tensor.Convert to float32.

var errPackedInputs = errors.New("want a bias and an input of one float type beside packed weights")

// matrixOf returns a packed tensor's elements as a matrix of rows along its last axis.
func matrixOf(t *tensor.Tensor) kernel.PackedMatrix {
	rows, row := splitLast(t.Shape())
	codes, scales, scale := tensor.Packed(t)
	return kernel.PackedMatrix{
		Float: t.DType().Float(), Blocks: t.DType().Blocks(), Codes: codes, Scales: scales, Scale: scale, Rows: rows, Row: row,
	}
}

// decodePacked sets dst, whose rows begin ld elements apart, to the columns [k0, k1) of the
// rows [i0, i1). In types of blocks k0 begins one.
func decodePacked[T kernel.Float](dst []T, ld int, m *kernel.PackedMatrix, i0, i1, k0, k1 int) {
	if to, ok := any(dst).([]float32); ok {
		m.Decode(to, ld, i0, i1, k0, k1)
		return
	}
	scratch := scratch32.Get(k1 - k0)
	defer scratch32.Put(scratch)
	for i := i0; i < i1; i++ {
		row := (*scratch)[:k1-k0]
		m.Decode(row, len(row), i, i+1, k0, k1)
		for k, v := range row {
			dst[(i-i0)*ld+k] = T(v)
		}
	}
}

// wantPackedWeights checks for an input of some rank, packed weights [out …] of two axes,
// and perhaps a bias.
func wantPackedWeights(in []tensor.Spec, rank int, axes string) error {
	n := min(max(len(in), 2), 3)
	if err := wantInputs(in, n); err != nil {
		return err
	}
	x, w := in[0], in[1]
	if !w.DType.IsPacked() || !x.DType.IsFloat() || n == 3 && in[2].DType != x.DType {
		return errPackedInputs
	}
	if x.Rank() != rank || w.Rank() != 2 {
		return fmt.Errorf("want axes %s, not %d and %d of them", axes, x.Rank(), w.Rank())
	}
	if n == 3 && (in[2].Rank() != 1 || in[2].Shape[0] != w.Shape[0]) {
		return fmt.Errorf("want a bias [%d]", w.Shape[0])
	}
	return nil
}

// The pieces of a product with packed matrices. Where it is cut does not show in the
// result. A tile of b, its panels, and one of a are to fit the second cache.
const (
	tileCols  = 256 // of b, at most: a multiple of partCols
	tileDepth = 512 // of both: a multiple of every block
	tileRows  = 28  // of a: a multiple of the micro-kernel's 14
	tilePad   = 16  // between rows of a: a power of two would put them into few sets of the cache
)

// packedProduct is c = a·op(b), row-major and m×n with k terms, where every row begins
// with the bias unless that is nil, and a, b or both are packed: b where it is transposed.
type packedProduct[T kernel.Float] struct {
	m, n, k          int
	transB           bool
	c, a, b, bias    []T
	packedA, packedB *packedOperand // in place of a and b; nil: those
}

// packedOperand is a packed tensor as a matrix. The scale of a tensor is no slice that is
// shared: it is looked up when a product begins.
type packedOperand struct {
	tensor *tensor.Tensor
	kernel.PackedMatrix
}

func newPackedOperand(t *tensor.Tensor) *packedOperand { return &packedOperand{t, matrixOf(t)} }

// begin looks the scale up.
func (p *packedOperand) begin() {
	if p != nil {
		_, _, p.Scale = tensor.Packed(p.tensor)
	}
}

// prepare returns a function that computes the product.
func (g packedProduct[T]) prepare(pool *productScratch[T]) func() {
	loop := g.partition().loop(func(i0, i1, j0, j1 int) {
		scratch := pool.packed.Get(g.scratch())
		defer pool.packed.Put(scratch)
		g.compute(i0, i1, j0, j1, *scratch)
	})
	if y, single := any(g.c).([]float32); single && g.transB && g.packedA == nil && g.byVectors() {
		loop = matVecLoop(&g.packedB.PackedMatrix, g.m, y, any(g.a).([]float32), any(g.bias).([]float32))
	}
	return func() {
		g.packedA.begin()
		g.packedB.begin()
		loop.Run()
	}
}

// partition cuts the product so that each part reads its columns of b once, where there
// are enough of them for all processors.
func (g packedProduct[T]) partition() partition {
	p := partition{m: g.m, n: g.n, rows: 1}
	p.width = min(max((g.n+4*partCols-1)/(4*partCols), 1)*partCols, tileCols)
	p.cols = (g.n + p.width - 1) / p.width
	if p.cols > 0 {
		p.rows = max(1, min(partsWhole/2/p.cols, g.m/partRows))
	}
	return p
}

// scratch returns how many elements a part needs.
func (g packedProduct[T]) scratch() int {
	n := kernel.GemmScratch + kernel.PackedLen[T](tileCols, tileDepth) + partCols*tileDepth
	if g.packedA != nil {
		n += tileRows * (tileDepth + tilePad)
	}
	return n
}

// compute works out a part: for some terms at a time, the panels of b, and then tiles of a.
func (g packedProduct[T]) compute(i0, i1, j0, j1 int, scratch []T) {
	work, scratch := scratch[:kernel.GemmScratch], scratch[kernel.GemmScratch:]
	panels, scratch := scratch[:kernel.PackedLen[T](tileCols, tileDepth)], scratch[kernel.PackedLen[T](tileCols, tileDepth):]
	for i := i0; i < i1 && g.bias != nil; i++ {
		copy(g.c[i*g.n+j0:i*g.n+j1], g.bias[j0:j1])
	}
	goesOn := g.bias != nil
	for k0 := 0; k0 == 0 || k0 < g.k; k0 += tileDepth {
		k1 := min(k0+tileDepth, g.k)
		b := kernel.NewPackedB(j1-j0, k1-k0, panels)
		g.pack(b, j0, j1, k0, k1, scratch)
		some := tileRows
		if g.packedA == nil {
			some = i1 - i0
		}
		for i := i0; i < i1; i += some {
			end := min(i+some, i1)
			a, lda := g.tile(i, end, k0, k1, scratch)
			kernel.GemmPacked(false, end-i, 0, j1-j0, g.c[i*g.n+j0:], g.n, a, lda, b, goesOn, work)
		}
		goesOn = true
	}
}

// pack packs the columns [j0, j1) of rows [k0, k1) of op(b).
func (g packedProduct[T]) pack(to kernel.PackedB[T], j0, j1, k0, k1 int, scratch []T) {
	switch {
	case k0 == k1:
	case g.packedB == nil:
		to.PackSome(false, 0, j1-j0, g.b[k0*g.n+j0:], g.n)
	case g.transB:
		for j := j0; j < j1; j += partCols {
			end := min(j+partCols, j1)
			decodePacked(scratch, k1-k0, &g.packedB.PackedMatrix, j, end, k0, k1)
			to.PackSome(true, j-j0, end-j0, scratch, k1-k0)
		}
	default:
		const some = partCols * tileDepth / tileCols
		for k := k0; k < k1; k += some {
			end := min(k+some, k1)
			decodePacked(scratch, j1-j0, &g.packedB.PackedMatrix, k, end, j0, j1)
			to.PackRows(k-k0, end-k0, scratch, j1-j0)
		}
	}
}

// tile returns the rows [i, end) of a from column k0 to k1, and how far apart they lie.
func (g packedProduct[T]) tile(i, end, k0, k1 int, scratch []T) (a []T, lda int) {
	switch {
	case k0 == k1:
		return nil, g.k
	case g.packedA == nil:
		return g.a[i*g.k+k0:], g.k
	}
	lda = k1 - k0 + tilePad
	decodePacked(scratch, lda, &g.packedA.PackedMatrix, i, end, k0, k1)
	return scratch, lda
}

// vectorRows is how many rows of a are multiplied one by one where packed weights need not
// become numbers in memory for that: it takes longer than as many products.
const vectorRows = 16

// byVectors reports whether the rows of a are multiplied one by one.
func (g packedProduct[T]) byVectors() bool {
	return g.m == 1 || g.m <= vectorRows && g.packedB.HasDots()
}

// matVecLoop returns a loop that computes y = w·x + bias for m rows of x and y, whose time
// goes into reading the weights.
func matVecLoop(w *kernel.PackedMatrix, m int, y, x, bias []float32) *parallel.Loop {
	return newPartition(1, w.Rows, w.Row, true).loop(func(_, _, lo, hi int) {
		scratch := scratch32.Get(kernel.MatVecScratch)
		defer scratch32.Put(scratch)
		for i := range m {
			to := y[i*w.Rows+lo : i*w.Rows+hi]
			if bias != nil {
				copy(to, bias[lo:hi])
			} else {
				clear(to)
			}
			kernel.MatVecPacked(to, w, lo, x[i*w.Row:(i+1)*w.Row], *scratch)
		}
	})
}
