package kernel

// partials is the number of interleaved sums that a reduction keeps: element i
// goes to partial sum i mod 16, each beginning at +0.
const partials = 16

// Piece is how many elements a reduction sums in one go: longer ones are cut into
// pieces of so many, the last one shorter, whose sums are summed in turn.
const Piece = 1 << 16

// tree combines the partial sums in the fixed order that docs/numerics.md
// states: s[i] + s[i+8], then +4, +2, +1.
func tree[T Float](s *[partials]T) T {
	for half := partials / 2; half > 0; half /= 2 {
		for i := range half {
			s[i] += s[i+half]
		}
	}
	return s[0]
}

// Sum returns the sum of x: that of the sums of its pieces.
func Sum[T Float](x []T) T {
	return inPieces(len(x), func(lo, hi int) T { return SumPiece(x[lo:hi]) })
}

// inPieces sums what sum returns for the pieces of n elements.
func inPieces[T Float](n int, sum func(lo, hi int) T) T {
	if n <= Piece {
		return sum(0, n)
	}
	var s [partials]T
	for i, lo := 0, 0; lo < n; i, lo = i+1, lo+Piece {
		s[i%partials] += sum(lo, min(lo+Piece, n))
	}
	return tree(&s)
}

// SumPiece returns the sum of x, however long, without cutting it: sixteen
// interleaved partial sums, combined by a fixed tree.
func SumPiece[T Float](x []T) T {
	if isFloat32[T]() {
		if sum, ok := sumFast(asFloat32(x)); ok {
			return T(sum)
		}
	}
	var s [partials]T
	sumInto(&s, x)
	return tree(&s)
}

// sumInto adds x to partial sums.
func sumInto[T Float](s *[partials]T, x []T) {
	for len(x) >= partials {
		for i, v := range (*[partials]T)(x) {
			s[i] += v
		}
		x = x[partials:]
	}
	for i, v := range x {
		s[i] += v
	}
}

// columns is how many columns SumRows takes at a time: their partial sums fit
// the first-level cache. Up to narrow columns have them in registers, a few at a
// time; of wider rows long stretches are better for memory.
const (
	columns = 256
	narrow  = 64
)

// columnSums are the partial sums of some columns.
type columnSums[T Float] [partials][columns]T

// add adds a row to partial sum i mod 16.
func (s *columnSums[T]) add(i int, row []T) {
	sum := s[i%partials][:len(row)]
	Add(sum, sum, row)
}

// tree combines the partial sums of the columns in dst.
func (s *columnSums[T]) tree(dst []T) {
	n := len(dst)
	for half := partials / 2; half > 0; half /= 2 {
		for i := range half {
			Add(s[i][:n], s[i][:n], s[i+half][:n])
		}
	}
	copy(dst, s[0][:n])
}

// SumRows sets dst to the sum of n rows, each stride elements after the one
// before and as long as dst; every element in the order of Sum.
func SumRows[T Float](dst, x []T, n, stride int) {
	if n <= Piece {
		sumRowsPiece(dst, x, n, stride)
		return
	}
	for lo := 0; lo < len(dst); lo += columns {
		to := dst[lo:min(lo+columns, len(dst))]
		var s columnSums[T]
		for i, row := 0, 0; row < n; i, row = i+1, row+Piece {
			sumRowsPiece(to, x[row*stride+lo:], min(Piece, n-row), stride) // to holds it for a moment
			s.add(i, to)
		}
		s.tree(to)
	}
}

// sumRowsPiece is SumRows for one piece.
func sumRowsPiece[T Float](dst, x []T, n, stride int) {
	if n > 0 && len(dst) <= narrow && isFloat32[T]() {
		done := sumColumnsFast(asFloat32(dst), asFloat32(x), n, stride)
		dst, x = dst[done:], x[min(done, len(x)):]
	}
	for lo := 0; lo < len(dst); lo += columns {
		to := dst[lo:min(lo+columns, len(dst))]
		var s columnSums[T]
		for i := range n {
			s.add(i, x[i*stride+lo:][:len(to)])
		}
		s.tree(to)
	}
}

// AddRows adds rows of so many lanes to the 16 partial sums of each lane, of which
// the first row goes to number first mod 16: SumRows of up to Piece rows is
// AddRows of all of them, in as many calls as it takes, to sums of 0, and then
// SumPartials.
func AddRows[T Float](sums, x []T, lanes, first int) {
	wantLen("partial sums", len(sums), partials*lanes)
	for at := first % partials * lanes; len(x) > 0; at = 0 {
		n := min(len(x), len(sums)-at)
		Add(sums[at:at+n], sums[at:at+n], x[:n])
		x = x[n:]
	}
}

// SumPartials combines the partial sums of AddRows in dst, of so many lanes. It
// leaves other numbers in sums.
func SumPartials[T Float](dst, sums []T) {
	wantLen("partial sums", len(sums), partials*len(dst))
	for half := len(sums) / 2; half >= len(dst); half /= 2 {
		Add(sums[:half], sums[:half], sums[half:2*half])
	}
	copy(dst, sums)
}

// MaxOf returns the largest element of x, which must not be empty, or NaN where
// there is one.
func MaxOf[T Float](x []T) T {
	top := x[0]
	for len(x) > asmStretch {
		top = max(top, maxOfPart(x[:asmStretch]))
		x = x[asmStretch:]
	}
	return max(top, maxOfPart(x))
}

func maxOfPart[T Float](x []T) T {
	if isFloat32[T]() {
		if top, ok := maxOfFast(asFloat32(x)); ok {
			return T(top)
		}
	}
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	return top
}

// ArgMax returns the index of the first largest element of x, which must not be
// empty, or of the first NaN.
func ArgMax[T Float](x []T) int {
	if isFloat32[T]() {
		if i, ok := findFast(asFloat32(x), float32(MaxOf(x))); ok {
			return i
		}
	}
	best := 0
	for i, v := range x {
		if above(v, x[best]) {
			best = i
		}
	}
	return best
}

// above orders numbers with NaN over all others.
func above[T Float](v, w T) bool { return v > w || v != v && w == w }
