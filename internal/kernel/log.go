package kernel

import "math"

// log(x) = k ln 2 + log(1 + f) with x = 2^k (1 + f) and 1 + f between sqrt(1/2)
// and sqrt(2). With s = f / (2 + f) and z = s^2,
//
//	log(1 + f) = f - f^2/2 + s (f^2/2 + R),  R = 2/3 z + 2/5 z^2 + ...,
//
// as in Sun's fdlibm, with R a minimax polynomial in z: written so, the rounding
// errors of s and R count little. ln 2 is held in two parts, of which k times
// the first is exact.

// Log32 returns the natural logarithm of x with an error below 0.9 ulp: -Inf
// for zeros, the positive quiet NaN below them. A NaN is returned as it is.
func Log32(x float32) float32 {
	const (
		ln2Hi     = 0x1.62e4p-1
		ln2Lo     = 0x1.7f7d1cp-20
		sqrtHalf  = 0x3F3504F3 // the bits of sqrt(1/2)
		minNormal = 0x1p-126
	)
	m, shift := x, int32(0)
	if x < minNormal {
		m, shift = x*0x1p23, 23
	}
	bits := int32(math.Float32bits(m)) - sqrtHalf
	k := float32(bits>>23 - shift)
	f := math.Float32frombits(uint32(bits&0x7FFFFF+sqrtHalf)) - 1

	s := f / (2 + f)
	z := s * s
	r := float32(0x1.2ef58cp-2)
	r = float32(r*z) + 0x1.997ba2p-2
	r = float32(r*z) + 0x1.55555cp-1
	r = float32(r * z)
	square := float32(0.5 * f * f)
	y := float32(s*(square+r)) + float32(k*ln2Lo)
	y = float32(k*ln2Hi) + (f - (square - y))

	if x == 0 {
		y = float32(math.Inf(-1))
	}
	if x < 0 {
		y = math.Float32frombits(0x7FC00000)
	}
	if x > math.MaxFloat32 || x != x {
		y = x
	}
	return y
}

// Log64 is Log32 in float64, with an error below 0.9 ulp.
func Log64(x float64) float64 {
	const (
		ln2Hi     = 0x1.62e42ffp-1
		ln2Lo     = -0x1.718432a1b0e26p-35
		sqrtHalf  = 0x3FE6A09E667F3BCD
		minNormal = 0x1p-1022
	)
	m, shift := x, int64(0)
	if x < minNormal {
		m, shift = x*0x1p52, 52
	}
	bits := int64(math.Float64bits(m)) - sqrtHalf
	k := float64(bits>>52 - shift)
	f := math.Float64frombits(uint64(bits&0xFFFFFFFFFFFFF+sqrtHalf)) - 1

	s := f / (2 + f)
	z := s * s
	r := logPolynomial(z)
	square := float64(0.5 * f * f)
	y := math.FMA(s, math.FMA(r, z, square), float64(k*ln2Lo))
	y = math.FMA(k, ln2Hi, f-(square-y))

	if x == 0 {
		y = math.Inf(-1)
	}
	if x < 0 {
		y = math.Float64frombits(0x7FF8000000000000)
	}
	if x > math.MaxFloat64 || x != x {
		y = x
	}
	return y
}

// logPolynomial returns R / z.
func logPolynomial(z float64) float64 {
	r := 0x1.2b59369f80f04p-3
	r = math.FMA(r, z, 0x1.39fe5042f6843p-3)
	r = math.FMA(r, z, 0x1.7462b4feac93ap-3)
	r = math.FMA(r, z, 0x1.c71c62e56b49ep-3)
	r = math.FMA(r, z, 0x1.2492492def90cp-2)
	r = math.FMA(r, z, 0x1.999999999531dp-2)
	r = math.FMA(r, z, 0x1.5555555555558p-1)
	return r
}
