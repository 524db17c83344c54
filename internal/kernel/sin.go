package kernel

import (
	"math"
	"math/bits"
)

// Sin sets dst to the sine of x, with an error below 0.9 ulp in float64, whatever the
// size of x; NaN for infinities.
func Sin[T Float](dst, x []T) { applyWide(sin, dst, x) }

// Cos sets dst to the cosine of x, as Sin does.
func Cos[T Float](dst, x []T) { applyWide(cos, dst, x) }

func sin(x float64) float64 {
	if x != x || x == 0 {
		return x
	}
	return quarterTurns(x, 0)
}

func cos(x float64) float64 {
	if x != x {
		return x
	}
	return quarterTurns(x, 1)
}

// quarterTurns returns the sine of x and as many quarter turns.
func quarterTurns(x float64, more uint64) float64 {
	if math.Abs(x) > math.MaxFloat64 {
		return math.Float64frombits(0x7FF8000000000000)
	}
	turns, r, low := modHalfPi(x)
	turns += more
	y := sinNear(r, low)
	if turns&1 == 1 {
		y = cosNear(r, low)
	}
	if turns&2 == 2 {
		y = -y
	}
	return y
}

// sinNear returns the sine of r + low, for |r| up to pi/4 and a low that is below its
// last digit, by Taylor's series.
func sinNear(r, low float64) float64 {
	z := r * r
	p := math.FMA(1.0/355687428096000, z, -1.0/1307674368000)
	p = math.FMA(p, z, 1.0/6227020800)
	p = math.FMA(p, z, -1.0/39916800)
	p = math.FMA(p, z, 1.0/362880)
	p = math.FMA(p, z, -1.0/5040)
	p = math.FMA(p, z, 1.0/120)
	p = math.FMA(p, z, -1.0/6)
	return r + math.FMA(r*z, p, low-float64(0.5*z*low))
}

// cosNear returns the cosine of r + low, as sinNear does.
func cosNear(r, low float64) float64 {
	z := r * r
	p := math.FMA(-1.0/6402373705728000, z, 1.0/20922789888000)
	p = math.FMA(p, z, -1.0/87178291200)
	p = math.FMA(p, z, 1.0/479001600)
	p = math.FMA(p, z, -1.0/3628800)
	p = math.FMA(p, z, 1.0/40320)
	p = math.FMA(p, z, -1.0/720)
	p = math.FMA(p, z, 1.0/24)
	half := float64(0.5 * z)
	y := 1 - half
	return y + (((1 - y) - half) + math.FMA(z*z, p, float64(-r*low)))
}

// modHalfPi returns x - n pi/2 as a sum of two numbers, and n mod 4, where n is x /
// (pi/2) to the nearest.
func modHalfPi(x float64) (n uint64, r, low float64) {
	// Multiples of the first two parts of pi/2 by integers below 2^20 are exact (Cody and
	// Waite, "Software Manual for the Elementary Functions", 1980).
	const (
		halfPi1    = 0x1.921fb544p+0
		halfPi2    = 0x1.0b4611a6p-34
		halfPi3    = 0x1.3198a2e037073p-69
		twoOverPi  = 0x1.45f306dc9c883p-1
		mostOfThis = 0x1p20
	)
	switch a := math.Abs(x); {
	case a <= math.Pi/4:
		return 0, x, 0
	case a > mostOfThis:
		n, r, low = modHalfPiOfLarge(a)
		if x < 0 {
			return -n, -r, -low
		}
		return n, r, low
	}
	k := math.RoundToEven(x * twoOverPi)
	high, next := x-float64(k*halfPi1), float64(k*halfPi2)
	r, low = twoSum(high, -next)
	low -= float64(k * halfPi3)
	r, low = twoSum(r, low)
	return uint64(int64(k)), r, low
}

// twoSum returns a + b, rounded, and what is left (Knuth).
func twoSum(a, b float64) (sum, rest float64) {
	sum = a + b
	back := sum - a
	return sum, (a - (sum - back)) + (b - back)
}

// twoOverPiBits are a word of zeros and the digits of 2/pi.
var twoOverPiBits = [...]uint64{
	0, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
	0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
	0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
	0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
}

// modHalfPiOfLarge is modHalfPi of x from 1 on. With x = m 2^e, digits of 2/pi that
// make multiples of 4 with 2^e take no part, and of the rest 192 are enough
// (Payne and Hanek, "Radian Reduction for Trigonometric Functions", 1983).
func modHalfPiOfLarge(x float64) (n uint64, r, low float64) {
	m := math.Float64bits(x)&(1<<52-1) | 1<<52
	first := int(math.Float64bits(x)>>52) - 1075 - 2 + 64
	var w [3]uint64
	for i := range w {
		at := first/64 + i
		w[i] = twoOverPiBits[at]<<(first%64) | twoOverPiBits[at+1]>>(64-first%64)
	}
	// The product with m, without what lies above its 192 digits.
	carry2, p2 := bits.Mul64(m, w[2])
	carry1, p1 := bits.Mul64(m, w[1])
	p1, carry := bits.Add64(p1, carry2, 0)
	p0 := m*w[0] + carry1 + carry

	n = p0 >> 62
	f0, f1 := p0<<2|p1>>62, p1<<2|p2>>62 // 128 digits of what is left of a quarter turn
	sign := 0x1p-53
	if f0>>63 == 1 { // more than half of it: rather what is missing to the next
		var borrow uint64
		f1, borrow = bits.Sub64(0, f1, 0)
		f0, _ = bits.Sub64(0, f0, borrow)
		n, sign = n+1, -sign
	}
	f, rest := float64(f0>>11), f0<<53|f1>>11
	next := float64(rest>>11) * 0x1p-53
	fraction := f + next
	fractionRest := (next - (fraction - f)) + float64(rest&(1<<11-1))*0x1p-64
	const halfPi, halfPiRest = 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54
	r = float64(fraction * halfPi)
	low = math.FMA(fraction, halfPi, -r) + math.FMA(fraction, halfPiRest, fractionRest*halfPi)
	return n, r * sign, low * sign
}
