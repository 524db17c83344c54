package kernel

import "math"

// The elementary functions of this package are fixed sequences of IEEE 754
// operations, without tables: vector code that follows the same sequence gives
// the same bits, and so does every processor. What looks like a branch is what
// a vector select does. The float64 versions use fused multiply-adds; the
// float32 versions round each product and each sum, which is as accurate here
// and ten times as fast where the fused operation has to be emulated.
//
// exp(x) = 2^n e^r with n = round(x / ln 2) and |r| <= ln(2)/2. ln 2 is held in
// two parts, of which n times the first is exact. e^r is 1 + r + r^2 P(r) with P
// a minimax polynomial (Brisebarre and Chevillard, "Efficient polynomial
// L-infinity approximations", 2007); what 1 + r rounds off is added back.

// Exp32 returns e^x with an error below 0.8 ulp: +Inf above the largest
// float32, subnormals and then 0 below the smallest normal one. A NaN is
// returned as it is.
func Exp32(x float32) float32 {
	const (
		log2e = 0x1.715476p0
		ln2Hi = 0x1.62e4p-1
		ln2Lo = 0x1.7f7d1cp-20
		magic = 0x1.8p23 // adding it rounds to an integer, left in the low bits

		magicBits = 0x4B400000
	)
	shifted := float32(x*log2e) + magic
	n := shifted - magic
	r := x - float32(n*ln2Hi) - float32(n*ln2Lo)

	p := float32(0x1.695414p-10)
	p = float32(p*r) + 0x1.123b04p-7
	p = float32(p*r) + 0x1.555a22p-5
	p = float32(p*r) + 0x1.55549p-3
	p = float32(p*r) + 0x1.fffffap-2
	p = float32(p * float32(r*r))
	sum := 1 + r
	p = sum + (p + (r - (sum - 1)))

	// In two steps, so that 2^n may lie outside the normal numbers.
	power := int32(math.Float32bits(shifted)) - magicBits
	half := power >> 1
	y := p * powerOfTwo32(half) * powerOfTwo32(power-half)

	// Outside these bounds the result is known, and power may be nonsense.
	if x > 89 {
		y = float32(math.Inf(1))
	}
	if x < -104 {
		y = 0
	}
	if x != x {
		y = x
	}
	return y
}

// Exp64 is Exp32 in float64, with an error below 0.9 ulp.
func Exp64(x float64) float64 {
	const (
		log2e = 0x1.71547652b82fep0
		ln2Hi = 0x1.62e42ffp-1
		ln2Lo = -0x1.718432a1b0e26p-35
		magic = 0x1.8p52

		magicBits = 0x4338000000000000
	)
	shifted := math.FMA(x, log2e, magic)
	n := shifted - magic
	r := math.FMA(n, -ln2Hi, x)
	r = math.FMA(n, -ln2Lo, r)

	p := 0x1.ad85b8e6c59eep-26
	p = math.FMA(p, r, 0x1.28aeb476bf42dp-22)
	p = math.FMA(p, r, 0x1.71df22feeb18p-19)
	p = math.FMA(p, r, 0x1.a01998b27e7ecp-16)
	p = math.FMA(p, r, 0x1.a01a012aa85ebp-13)
	p = math.FMA(p, r, 0x1.6c16c184a9d23p-10)
	p = math.FMA(p, r, 0x1.1111111127d0ap-7)
	p = math.FMA(p, r, 0x1.5555555550629p-5)
	p = math.FMA(p, r, 0x1.55555555554f9p-3)
	p = math.FMA(p, r, 0x1.000000000000ap-1)
	sum := 1 + r
	p = sum + math.FMA(p, float64(r*r), r-(sum-1))

	power := int64(math.Float64bits(shifted)) - magicBits
	half := power >> 1
	y := p * powerOfTwo64(half) * powerOfTwo64(power-half)

	if x > 710 {
		y = math.Inf(1)
	}
	if x < -746 {
		y = 0
	}
	if x != x {
		y = x
	}
	return y
}

// Sigmoid32 returns 1 / (1 + e^-x) with an error below 1.8 ulp. A NaN is
// returned as it is.
func Sigmoid32(x float32) float32 {
	e := Exp32(-abs32(x)) // cannot overflow
	y := 1 / (1 + e)
	if x < 0 {
		y = e - float32(e*(e/(1+e))) // e / (1 + e), with less of that quotient's error
	}
	if x != x {
		y = x
	}
	return y
}

// Sigmoid64 is Sigmoid32 in float64, with an error below 1.8 ulp.
func Sigmoid64(x float64) float64 {
	e := Exp64(-math.Abs(x))
	y := 1 / (1 + e)
	if x < 0 {
		y = e - float64(e*(e/(1+e)))
	}
	if x != x {
		y = x
	}
	return y
}

// powerOfTwo32 returns 2^n, for n from -126 to 127.
func powerOfTwo32(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// powerOfTwo64 returns 2^n, for n from -1022 to 1023.
func powerOfTwo64(n int64) float64 { return math.Float64frombits(uint64(n+1023) << 52) }

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
