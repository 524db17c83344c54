package kernel

import "math"

// Pow sets dst = a^b, with an error below 0.9 ulp in float64, and the special cases of
// C99: 1 for b = 0 and for a = 1, whatever the other is, NaN for a < 0 unless b is an
// integer.
func Pow[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, x := range a {
		dst[i] = T(pow(float64(x), float64(b[i])))
	}
}

// PowScalar sets dst = x^c.
func PowScalar[T Float](dst, x []T, c float64) {
	switch c {
	case 1:
		copy(dst, x[:len(dst)])
	case 2:
		Mul(dst, x, x)
	default:
		applyWide(func(v float64) float64 { return pow(v, c) }, dst, x)
	}
}

func pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case x != x:
		return x
	case y != y:
		return y
	case x == 0 || math.Abs(x) > math.MaxFloat64:
		return powOfEnd(x, y)
	case math.Abs(y) > math.MaxFloat64:
		return powToInf(math.Abs(x), y)
	}
	if x > 0 {
		return powPositive(x, y)
	}
	switch whole, odd := parity(y); {
	case !whole:
		return math.Float64frombits(0x7FF8000000000000)
	case odd:
		return -powPositive(-x, y)
	}
	return powPositive(-x, y)
}

// parity reports whether y is an integer, and an odd one.
func parity(y float64) (whole, odd bool) {
	if math.Abs(y) >= 1<<53 {
		return true, false
	}
	return y == math.Trunc(y), y == math.Trunc(y) && int64(y)&1 == 1
}

// powOfEnd is x^y of zeros and infinities.
func powOfEnd(x, y float64) float64 {
	size := math.Inf(1)
	if (x == 0) == (y > 0) {
		size = 0
	}
	if _, odd := parity(y); odd {
		return math.Copysign(size, x)
	}
	return size
}

// powToInf is a^y for a >= 0 and y of ±Inf.
func powToInf(a, y float64) float64 {
	switch {
	case a == 1:
		return 1
	case (a < 1) == (y > 0):
		return 0
	}
	return math.Inf(1)
}

// powPositive returns e^(y log x), for x above 0. The logarithm and the product are
// sums of two numbers, so that little is lost of a large exponent.
func powPositive(x, y float64) float64 {
	l, lRest := logTwice(x)
	p := float64(y * l)
	switch {
	case p > 710:
		return math.Inf(1)
	case p < -746:
		return 0
	}
	pRest := math.FMA(y, l, -p) + float64(y*lRest)
	n := math.RoundToEven(p * log2E)
	r, low := twoSum(math.FMA(n, -ln2High, p), pRest-float64(n*ln2Low))
	sum := 1 + r
	return scaleByPower(sum+((r-(sum-1))+(expTail(r)+math.FMA(low, r, low))), n)
}

// logTwice returns the natural logarithm of x > 0 as a sum of two numbers, with an
// error below 2^-64 of it. As in log.go, log(1 + f) = 2 s + 2/3 s z + 2/5 s z^2 + ... with
// s = f / (2 + f) and z = s^2: the first two terms twice as long.
func logTwice(x float64) (log, rest float64) {
	k, f := logFraction(x)
	d := 2 + f
	dRest := f - (d - 2)
	s := f / d
	sRest := (math.FMA(-s, d, f) - float64(s*dRest)) / d
	z := s * s
	zRest := math.FMA(s, s, -z) + float64(2*s*sRest)

	p := math.FMA(2.0/25, z, 2.0/23)
	p = math.FMA(p, z, 2.0/21)
	p = math.FMA(p, z, 2.0/19)
	p = math.FMA(p, z, 2.0/17)
	p = math.FMA(p, z, 2.0/15)
	p = math.FMA(p, z, 2.0/13)
	p = math.FMA(p, z, 2.0/11)
	p = math.FMA(p, z, 2.0/9)
	p = math.FMA(p, z, 2.0/7)
	p = math.FMA(p, z, 2.0/5)
	p = float64(p * z)
	const twoThirds, twoThirdsRest = 0x1.5555555555555p-1, 0x1.5555555555555p-55
	q := twoThirds + p
	qRest := (p - (q - twoThirds)) + twoThirdsRest
	w := float64(z * q)
	wRest := math.FMA(z, q, -w) + math.FMA(z, qRest, zRest*q)
	v := 2 + w
	vRest := (w - (v - 2)) + wRest
	log = float64(s * v)
	rest = math.FMA(s, v, -log) + math.FMA(s, vRest, sRest*v)

	high := float64(k * ln2High)
	sum := high + log
	rest += (log - (sum - high)) + float64(k*ln2Low)
	log = sum + rest
	return log, rest - (log - sum)
}
