package kernel

import "unsafe"

// Op(B) is packed in blocks of some rows, and each block in panels of some
// columns that lie one after the other, filled up with zeros: what the
// micro-kernel reads is contiguous, and stays in the caches near by. Deeper
// blocks store and load C less often.
const (
	panelBytes = 128  // of a row
	depthBytes = 2048 // of a column
)

// panelCols returns how many columns a panel has, panelDepth how many rows.
func panelCols[T Float]() int  { return panelBytes / int(unsafe.Sizeof(*new(T))) }
func panelDepth[T Float]() int { return depthBytes / int(unsafe.Sizeof(*new(T))) }

// PackedB is op(B) of k x n elements, rearranged for products with several
// matrices A.
type PackedB[T Float] struct {
	n, k int
	data []T
}

// PackedLen returns how many elements of storage a PackedB takes.
func PackedLen[T Float](n, k int) int {
	width := panelCols[T]()
	return k*((n+width-1)/width*width) + alignSlack
}

// NewPackedB returns a PackedB in the given storage, yet to be filled by Pack.
func NewPackedB[T Float](n, k int, storage []T) PackedB[T] {
	storage = aligned(storage)
	return PackedB[T]{n: n, k: k, data: cut(&storage, PackedLen[T](n, k)-alignSlack)}
}

// PackB packs op(B) into storage of PackedLen elements. B is row-major, k x n,
// or n x k with transB, with rows ldb elements apart.
func PackB[T Float](transB bool, n, k int, b []T, ldb int, storage []T) PackedB[T] {
	p := NewPackedB(n, k, storage)
	p.Pack(transB, 0, n, b, ldb)
	return p
}

// Pack packs the columns [j0, j1) of op(B), given whole. Both are multiples of
// 32, or j1 is n.
func (p PackedB[T]) Pack(transB bool, j0, j1 int, b []T, ldb int) {
	source := operand[T]{b, ldb, transB}
	source.check("b", p.k, p.n)
	p.pack(source, j0, j1, j0)
}

// PackSome is Pack where b has the columns [j0, j1) of op(B) alone.
func (p PackedB[T]) PackSome(transB bool, j0, j1 int, b []T, ldb int) {
	source := operand[T]{b, ldb, transB}
	source.check("b", p.k, j1-j0)
	p.pack(source, j0, j1, 0)
}

// PackRows packs the rows [k0, k1) of op(B), which are all that b has. It is not transposed.
func (p PackedB[T]) PackRows(k0, k1 int, b []T, ldb int) {
	if k0 < 0 || k0 > k1 || k1 > p.k {
		panic("kernel: rows outside of a packed matrix")
	}
	source := operand[T]{b, ldb, false}
	source.check("b", k1-k0, p.n)
	width, deep := panelCols[T](), panelDepth[T]()
	for k := k0; k < k1; {
		depth := min(deep-k%deep, k1-k)
		for j := 0; j < p.n; j += width {
			source.packPanel(p.panel(j, k-k%deep)[k%deep*width:], k-k0, j, depth, min(width, p.n-j))
		}
		k += depth
	}
}

// pack packs the columns [j0, j1), which are those of the source from column at on.
func (p PackedB[T]) pack(source operand[T], j0, j1, at int) {
	p.checkColumns(j0, j1)
	width := panelCols[T]()
	for k := 0; k < p.k; k += panelDepth[T]() {
		depth := min(panelDepth[T](), p.k-k)
		for j := j0; j < j1; j += width {
			source.packPanel(p.panel(j, k), k, at+j-j0, depth, min(width, j1-j))
		}
	}
}

// checkColumns panics unless the columns [j0, j1) are whole panels.
func (p PackedB[T]) checkColumns(j0, j1 int) {
	width := panelCols[T]()
	if j0 < 0 || j0 > j1 || j1 > p.n || j0%width != 0 || j1%width != 0 && j1 != p.n {
		panic("kernel: part of a packed panel")
	}
}

// panel returns the panel of column j in the block of row k.
func (p PackedB[T]) panel(j, k int) []T {
	depth := min(panelDepth[T](), p.k-k)
	width := panelCols[T]()
	return p.data[k*((p.n+width-1)/width*width)+j*depth:][:depth*width]
}

// operand is a matrix as it lies in memory, perhaps to be transposed.
type operand[T Float] struct {
	data  []T
	ld    int
	trans bool
}

// check panics where the slice is too short for rows x cols elements after
// transposing.
func (o operand[T]) check(name string, rows, cols int) {
	if o.trans {
		rows, cols = cols, rows
	}
	if rows > 0 && cols > 0 {
		wantLen(name, len(o.data), (rows-1)*o.ld+cols)
	}
}

// from returns what begins at a row and a column after transposing.
func (o operand[T]) from(row, col int) []T {
	if o.trans {
		row, col = col, row
	}
	return o.data[row*o.ld+col:]
}

// strides returns how far apart neighbouring rows and columns lie.
func (o operand[T]) strides() (row, col int) {
	if o.trans {
		return 1, o.ld
	}
	return o.ld, 1
}

// packPanel stores depth x cols elements from row k and column j on as a panel.
func (o operand[T]) packPanel(panel []T, k, j, depth, cols int) {
	width := panelCols[T]()
	if depth == 0 {
		return
	}
	source := o.from(k, j)
	if !o.trans {
		copyRows(panel, width, source, o.ld, depth, cols)
		return
	}
	if cols < width {
		clear(panel[:depth*width])
	}
	if done := packColumnsFast(panel, width, source, o.ld, cols, depth); done < cols {
		Transpose(panel[done:], width, source[done*o.ld:], o.ld, cols-done, depth)
	}
}

// copyMatrix copies rows x cols elements.
func copyMatrix[T Float](dst []T, dstRow int, src []T, srcRow, rows, cols int) {
	for i := range rows {
		copy(dst[i*dstRow:][:cols], src[i*srcRow:])
	}
}
