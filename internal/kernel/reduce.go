package kernel

// partials is the number of interleaved sums that a reduction keeps: element i
// goes to partial sum i mod 16, each beginning at +0.
const partials = 16

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

// Sum returns the sum of x: sixteen interleaved partial sums, combined by a
// fixed tree.
func Sum[T Float](x []T) T {
	if isFloat32[T]() {
		if sum, ok := sumFast(asFloat32(x)); ok {
			return T(sum)
		}
	}
	var s [partials]T
	for len(x) >= partials {
		for i, v := range (*[partials]T)(x) {
			s[i] += v
		}
		x = x[partials:]
	}
	for i, v := range x {
		s[i] += v
	}
	return tree(&s)
}

// columns is how many columns SumRows takes at a time: their partial sums fit
// the first-level cache.
const columns = 64

// SumRows sets dst to the sum of n rows, each stride elements after the one
// before and as long as dst; every element in the order of Sum.
func SumRows[T Float](dst, x []T, n, stride int) {
	for lo := 0; lo < len(dst); lo += columns {
		width := min(columns, len(dst)-lo)
		var s [partials][columns]T
		for i := range n {
			sum := s[i%partials][:width]
			Add(sum, sum, x[i*stride+lo:][:width])
		}
		for half := partials / 2; half > 0; half /= 2 {
			for i := range half {
				Add(s[i][:width], s[i][:width], s[i+half][:width])
			}
		}
		copy(dst[lo:lo+width], s[0][:width])
	}
}

// MaxOf returns the largest element of x, which must not be empty, or NaN where
// there is one.
func MaxOf[T Float](x []T) T {
	m := x[0]
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// ArgMax returns the index of the first largest element of x, which must not be
// empty, or of the first NaN.
func ArgMax[T Float](x []T) int {
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
