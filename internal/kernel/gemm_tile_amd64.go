package kernel

import "unsafe"

// tile is the assembly of some rows and vectors.
type tile[T Float] func(c *T, ldc int, a *T, aRow int, aCol int, b *T, bRow int, ahead int, k int, group int, from int, lanes int)

// gemmKernels are the assembly of a path for an element type.
type gemmKernels[T Float] struct {
	lanes int          // of a vector
	tile  [2][]tile[T] // of one vector and of two, by rows
	half  []tile[T]    // of one vector and a half, if that is faster than two
	wide  tile[T]
	dots1 func(y *T, w *T, wRow int, x *T, terms int)
	dots  func(y *T, w *T, wRow int, x *T, terms int) // of more rows; nil: dots1 needs none beside it
	pack  func(dst *T, dstRow int, src *T, srcRow int, terms int)
}

var gemm32 = [...]gemmKernels[float32]{
	avx2: {
		lanes: 8,
		tile: [2][]tile[float32]{
			{gemm1x1AVX2F32, gemm2x1AVX2F32, gemm3x1AVX2F32, gemm4x1AVX2F32, gemm5x1AVX2F32, gemm6x1AVX2F32},
			{gemm1x2AVX2F32, gemm2x2AVX2F32, gemm3x2AVX2F32, gemm4x2AVX2F32, gemm5x2AVX2F32, gemm6x2AVX2F32},
		},
		wide: gemm1x8AVX2F32, dots1: dots1AVX2F32, dots: dots4AVX2F32, pack: packColumnsAVX2F32,
	},
	avx512: {
		lanes: 16,
		tile: [2][]tile[float32]{
			{
				gemm1x1AVX512F32, gemm2x1AVX512F32, gemm3x1AVX512F32, gemm4x1AVX512F32, gemm5x1AVX512F32,
				gemm6x1AVX512F32, gemm7x1AVX512F32, gemm8x1AVX512F32, gemm9x1AVX512F32, gemm10x1AVX512F32,
				gemm11x1AVX512F32, gemm12x1AVX512F32, gemm13x1AVX512F32, gemm14x1AVX512F32,
			},
			{
				gemm1x2AVX512F32, gemm2x2AVX512F32, gemm3x2AVX512F32, gemm4x2AVX512F32, gemm5x2AVX512F32,
				gemm6x2AVX512F32, gemm7x2AVX512F32, gemm8x2AVX512F32, gemm9x2AVX512F32, gemm10x2AVX512F32,
				gemm11x2AVX512F32, gemm12x2AVX512F32, gemm13x2AVX512F32, gemm14x2AVX512F32,
			},
		},
		half: []tile[float32]{
			gemm1x2HalfAVX512F32, gemm2x2HalfAVX512F32, gemm3x2HalfAVX512F32, gemm4x2HalfAVX512F32, gemm5x2HalfAVX512F32,
			gemm6x2HalfAVX512F32, gemm7x2HalfAVX512F32, gemm8x2HalfAVX512F32, gemm9x2HalfAVX512F32, gemm10x2HalfAVX512F32,
			gemm11x2HalfAVX512F32, gemm12x2HalfAVX512F32, gemm13x2HalfAVX512F32, gemm14x2HalfAVX512F32,
		},
		wide: gemm1x8AVX512F32, dots1: dots1AVX512F32, pack: packColumnsAVX512F32,
	},
}

var gemm64 = [...]gemmKernels[float64]{
	avx2: {
		lanes: 4,
		tile: [2][]tile[float64]{
			{gemm1x1AVX2F64, gemm2x1AVX2F64, gemm3x1AVX2F64, gemm4x1AVX2F64, gemm5x1AVX2F64, gemm6x1AVX2F64},
			{gemm1x2AVX2F64, gemm2x2AVX2F64, gemm3x2AVX2F64, gemm4x2AVX2F64, gemm5x2AVX2F64, gemm6x2AVX2F64},
		},
		wide: gemm1x8AVX2F64, dots1: dots1AVX2F64, dots: dots4AVX2F64, pack: packColumnsAVX2F64,
	},
	avx512: {
		lanes: 8,
		tile: [2][]tile[float64]{
			{
				gemm1x1AVX512F64, gemm2x1AVX512F64, gemm3x1AVX512F64, gemm4x1AVX512F64, gemm5x1AVX512F64,
				gemm6x1AVX512F64, gemm7x1AVX512F64, gemm8x1AVX512F64, gemm9x1AVX512F64, gemm10x1AVX512F64,
				gemm11x1AVX512F64, gemm12x1AVX512F64, gemm13x1AVX512F64, gemm14x1AVX512F64,
			},
			{
				gemm1x2AVX512F64, gemm2x2AVX512F64, gemm3x2AVX512F64, gemm4x2AVX512F64, gemm5x2AVX512F64,
				gemm6x2AVX512F64, gemm7x2AVX512F64, gemm8x2AVX512F64, gemm9x2AVX512F64, gemm10x2AVX512F64,
				gemm11x2AVX512F64, gemm12x2AVX512F64, gemm13x2AVX512F64, gemm14x2AVX512F64,
			},
		},
		half: []tile[float64]{
			gemm1x2HalfAVX512F64, gemm2x2HalfAVX512F64, gemm3x2HalfAVX512F64, gemm4x2HalfAVX512F64, gemm5x2HalfAVX512F64,
			gemm6x2HalfAVX512F64, gemm7x2HalfAVX512F64, gemm8x2HalfAVX512F64, gemm9x2HalfAVX512F64, gemm10x2HalfAVX512F64,
			gemm11x2HalfAVX512F64, gemm12x2HalfAVX512F64, gemm13x2HalfAVX512F64, gemm14x2HalfAVX512F64,
		},
		wide: gemm1x8AVX512F64, dots1: dots1AVX512F64, dots: dots2AVX512F64, pack: packColumnsAVX512F64,
	},
}

// wideVectors is how many vectors gemmKernels.wide has, of one row.
const wideVectors = 8

// dotsBytes is how many bytes of rows gemmKernels.dots has; dots1 has a vector.
const dotsBytes = 128

// kernelsOf returns the assembly of the path in use, which is not portable.
func kernelsOf[T Float]() *gemmKernels[T] {
	if isFloat32[T]() {
		return (*gemmKernels[T])(unsafe.Pointer(&gemm32[active]))
	}
	return (*gemmKernels[T])(unsafe.Pointer(&gemm64[active]))
}

// sliverRows returns how many rows of a product are computed at a time.
func sliverRows() int {
	switch active {
	case avx512:
		return 14
	case avx2:
		return 6
	}
	return portableRows
}

// exactCols reports whether a sliver of so many columns reads no more than that of b.
func exactCols[T Float](cols int) bool {
	if active == portable {
		return cols%Lanes == 0
	}
	k := kernelsOf[T]()
	rest := cols % (2 * k.lanes)
	return rest <= k.lanes || k.half != nil && rest <= k.lanes+k.lanes/2
}

// runFast computes a sliver in assembly, or returns false. Whoever made it has
// checked that its slices hold what it reaches.
func (s *sliver[T]) runFast() bool {
	if active == portable {
		return false
	}
	kernels := kernelsOf[T]()
	for j := 0; j < s.cols; {
		tile, width, last := kernels.tileOf(s.rows, s.cols-j)
		b := (*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s.b)), j*int(unsafe.Sizeof(s.c[0]))))
		tile(&s.c[j], s.ldc, unsafe.SliceData(s.a), s.aRow, s.aCol, b, s.bRow, s.ahead, s.terms, s.group, int(s.from), last)
		j += width
	}
	return true
}

// tileOf returns a tile for some rows and up to some columns, how many of these it
// takes, and how many of them are in its last vector.
func (k *gemmKernels[T]) tileOf(rows, cols int) (t tile[T], width, last int) {
	lanes := k.lanes
	switch {
	case cols <= lanes:
		return k.tile[0][rows-1], cols, cols
	case k.half != nil && cols <= lanes+lanes/2:
		return k.half[rows-1], cols, cols - lanes
	case rows == 1 && cols > (wideVectors-1)*lanes:
		width = min(cols, wideVectors*lanes)
		return k.wide, width, width - (wideVectors-1)*lanes
	}
	width = min(cols, 2*lanes)
	return k.tile[1][rows-1], width, width - lanes
}

// copyRows sets dst[i*dstRow+j] = src[i*srcRow+j] for i < rows and j < cols,
// which are at most a panel's, and perhaps zeros after them, up to a multiple
// of 64 bytes.
func copyRows[T Float](dst []T, dstRow int, src []T, srcRow, rows, cols int) {
	if rows == 0 || cols == 0 {
		return
	}
	words := int(unsafe.Sizeof(dst[0])) / 4
	to, from := (*float32)(unsafe.Pointer(unsafe.SliceData(dst))), (*float32)(unsafe.Pointer(unsafe.SliceData(src)))
	switch active {
	case avx512:
		copyRowsAVX512(to, dstRow*words, from, srcRow*words, rows, cols*words)
	case avx2:
		copyRowsAVX2(to, dstRow*words, from, srcRow*words, rows, cols*words)
	default:
		copyMatrix(dst, dstRow, src, srcRow, rows, cols)
	}
}

// packColumnsFast transposes a multiple of some rows in assembly, and returns
// how many.
func packColumnsFast[T Float](dst []T, dstRow int, src []T, srcRow, rows, terms int) int {
	if active == portable || terms == 0 {
		return 0
	}
	kernels := kernelsOf[T]()
	j := 0
	for ; j+kernels.lanes <= rows; j += kernels.lanes {
		kernels.pack(&dst[j], dstRow, &src[j*srcRow], srcRow, terms)
	}
	return j
}

// dotsFast is dots in assembly, or returns false.
func dotsFast[T Float](y, w []T, wRow int, x, tail []T) bool {
	if active == portable || len(x) == 0 {
		return false
	}
	kernels := kernelsOf[T]()
	group, lanes := dotsBytes/int(unsafe.Sizeof(x[0])), kernels.lanes
	f := kernels.dots
	if f == nil || len(y) < group {
		f, group = kernels.dots1, lanes
	}
	if len(y) < lanes {
		return false
	}
	// Rows that fill no group are computed aside, among some that are computed twice.
	rest := len(y) % group
	if rest > 0 {
		g := f
		if rest <= lanes {
			g, tail = kernels.dots1, tail[:lanes]
		} else {
			tail = tail[:group]
		}
		at := len(y) - len(tail)
		copy(tail, y[at:])
		g(&tail[0], &w[at*wRow], wRow, &x[0], len(x))
	}
	for j := 0; j+group <= len(y); j += group {
		f(&y[j], &w[j*wRow], wRow, &x[0], len(x))
	}
	copy(y[len(y)-rest:], tail[len(tail)-rest:])
	return true
}
