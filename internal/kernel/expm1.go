package kernel

import "math"

// The functions of this file, and of log1p.go, sin.go and pow.go, are worked out in
// float64 for both types: rounding to float32 then costs 0.5 ulp and nothing else that
// counts. Like those of exp.go they are fixed sequences of operations without
// tables (but for the bits of 2/pi), and have no branch that differs between
// processors. A NaN is returned as it is.

// Exp2 sets dst = 2^x, with an error below 0.8 ulp in float64.
func Exp2[T Float](dst, x []T) { applyWide(exp2, dst, x) }

// Expm1 sets dst = e^x - 1, with an error below 1.1 ulp in float64, small x
// included.
func Expm1[T Float](dst, x []T) { applyWide(expm1, dst, x) }

// applyWide sets dst = f(x), worked out in float64.
func applyWide[T Float](f func(float64) float64, dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = T(f(float64(v)))
	}
}

// ln 2 and its reciprocal. Multiples of ln2High by integers below 2^21 are exact;
// ln2 + ln2Rest and ln2High + ln2Low have twice the digits of a float64.
const (
	log2E     = 0x1.71547652b82fep+0
	log2ERest = 0x1.777d0ffda0d24p-56
	ln2       = 0x1.62e42fefa39efp-1
	ln2Rest   = 0x1.abc9e3b39803fp-56
	ln2High   = 0x1.62e42feep-1
	ln2Low    = 0x1.a39ef35793c76p-33
)

// expTail returns e^r - 1 - r for |r| up to ln(2)/2, by Taylor's series: the terms
// left out are below 2^-60 of r.
func expTail(r float64) float64 {
	p := math.FMA(1.0/87178291200, r, 1.0/6227020800)
	p = math.FMA(p, r, 1.0/479001600)
	p = math.FMA(p, r, 1.0/39916800)
	p = math.FMA(p, r, 1.0/3628800)
	p = math.FMA(p, r, 1.0/362880)
	p = math.FMA(p, r, 1.0/40320)
	p = math.FMA(p, r, 1.0/5040)
	p = math.FMA(p, r, 1.0/720)
	p = math.FMA(p, r, 1.0/120)
	p = math.FMA(p, r, 1.0/24)
	p = math.FMA(p, r, 1.0/6)
	p = math.FMA(p, r, 0.5)
	return float64(float64(r*r) * p)
}

// scaleByPower returns 2^n y, in two steps, so that 2^n may lie outside of the
// normal numbers.
func scaleByPower(y, n float64) float64 {
	power := int64(n)
	half := power >> 1
	return float64(y * powerOfTwo64(half) * powerOfTwo64(power-half))
}

// exp2 returns 2^x = 2^n e^r with n = round(x) and r = (x - n) ln 2.
func exp2(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 1024:
		return math.Inf(1)
	case x < -1076:
		return 0
	}
	n := math.RoundToEven(x)
	f := x - n
	r := float64(f * ln2)
	low := math.FMA(f, ln2, -r) + float64(f*ln2Rest)
	sum := 1 + r
	return scaleByPower(sum+((r-(sum-1))+(low+expTail(r))), n)
}

// expm1 returns e^x - 1 = 2^n ((1 - 2^-n) + (e^r - 1)) with n = round(x / ln 2).
func expm1(x float64) float64 {
	switch {
	case x != x || x == 0:
		return x
	case x > 710:
		return math.Inf(1)
	case x < -40:
		return -1
	}
	n := math.RoundToEven(x * log2E)
	high, low := math.FMA(n, -ln2High, x), float64(n*ln2Low)
	r := high - low
	low = (high - r) - low
	tail := expTail(r) + math.FMA(low, r, low)
	if n == 0 {
		return r + tail
	}
	one := 1.0
	if n < 64 {
		one -= powerOfTwo64(int64(-n))
	}
	sum := one + r
	return scaleByPower(sum+((r-(sum-one))+tail), n)
}
