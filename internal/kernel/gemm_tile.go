package kernel

//go:generate go run -C _asm ./gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg kernel

// A sliver is one run of the micro-kernel of matrix products: rows x cols
// elements of C, whose sums stay in registers. For each group of terms l in
// order,
//
//	sum = fma(a[i*aRow+l*aCol], b[l*bRow+j], sum)
//
// and c[i*ldc+j] becomes that sum, or addDst what it was plus the sum, which
// is how all groups but the first do it.
type sliver[T Float] struct {
	rows, cols int
	c          []T
	ldc        int
	a          []T
	aRow, aCol int
	b          []T // with whole vectors in its rows, unless exactCols
	bRow       int
	ahead      int // from b to what will be read after it, or 0
	terms      int
	group      int // terms of a chain
	from       origin
}

// portableRows is how many rows a sliver has in portable Go.
const portableRows = 8

// run computes the sliver.
func (s *sliver[T]) run() {
	if s.runFast() {
		return
	}
	for i := range s.rows {
		for j := 0; j < s.cols; j += Lanes {
			s.vector(s.c[i*s.ldc+j:][:min(Lanes, s.cols-j)], i, j)
		}
	}
}

// vector computes a row's elements from column j on.
func (s *sliver[T]) vector(dst []T, i, j int) {
	from := s.from
	for l := 0; l == 0 || l < s.terms; l += s.group {
		var sum [Lanes]T
		if from == fromDst {
			copy(sum[:], dst)
		}
		for t := l; t < min(l+s.group, s.terms); t++ {
			fmaLanes(sum[:], s.a[i*s.aRow+t*s.aCol:], 0, s.b[t*s.bRow+j:])
		}
		if from == addDst {
			for i, v := range dst {
				sum[i] += v
			}
		}
		copy(dst, sum[:])
		from = addDst
	}
}
