package kernel

import "math"

// Log1p sets dst to the natural logarithm of 1 + x, with an error below 0.9 ulp in
// float64, small x included: -Inf at -1, NaN below.
func Log1p[T Float](dst, x []T) { applyWide(log1p, dst, x) }

// Log2 sets dst to the logarithm of x to base 2, with an error below 0.8 ulp in
// float64; that of a power of two is exact.
func Log2[T Float](dst, x []T) { applyWide(log2, dst, x) }

// logFraction returns k and f such that x = 2^k (1 + f), with 1 + f between
// sqrt(1/2) and sqrt(2), for x above 0.
func logFraction(x float64) (k, f float64) {
	const (
		sqrtHalf  = 0x3FE6A09E667F3BCD
		minNormal = 0x1p-1022
	)
	shift := int64(0)
	if x < minNormal {
		x, shift = x*0x1p52, 52
	}
	bits := int64(math.Float64bits(x)) - sqrtHalf
	return float64(bits>>52 - shift), math.Float64frombits(uint64(bits&0xFFFFFFFFFFFFF+sqrtHalf)) - 1
}

// logTail returns f^2/2 and log(1 + f) - f + f^2/2, by the formula of log.go.
func logTail(f float64) (square, tail float64) {
	s := f / (2 + f)
	z := s * s
	square = float64(0.5 * f * f)
	return square, float64(s * math.FMA(logPolynomial(z), z, square))
}

func log1p(x float64) float64 {
	switch {
	case x != x || x == 0 || x > math.MaxFloat64:
		return x
	case x == -1:
		return math.Inf(-1)
	case x < -1:
		return math.Float64frombits(0x7FF8000000000000)
	}
	u := 1 + x
	k, f := logFraction(u)
	lost := 0.0 // by rounding u, relative to it
	switch {
	case k == 0:
		f = x
	case x < 1:
		lost = (x - (u - 1)) / u
	default:
		lost = (1 - (u - x)) / u
	}
	square, tail := logTail(f)
	low := tail + (float64(k*ln2Low) + lost)
	return math.FMA(k, ln2High, f-(square-low))
}

func log2(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x == 0:
		return math.Inf(-1)
	case x < 0:
		return math.Float64frombits(0x7FF8000000000000)
	}
	k, f := logFraction(x)
	square, tail := logTail(f)
	high := f - square
	low := (f - high) - square - math.FMA(0.5*f, f, -square) + tail
	product := float64(high * log2E)
	rest := math.FMA(high, log2E, -product) + math.FMA(high, log2ERest, low*log2E)
	sum := k + product
	return sum + ((k - sum) + product + rest)
}
