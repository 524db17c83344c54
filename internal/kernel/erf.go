package kernel

import "math"

// erf(x) for a = |x| below 1 is a + a P(a^2), from there on 1 - e^Q(a), where Q
// approximates log(1 - erf): P and Q are minimax polynomials of what counts in
// the result. From erfEnd on the result is 1, and Q is good no further.
const (
	erfEnd32 = 4
	erfEnd64 = 6
)

// Erf32 returns the error function of x, 2/sqrt(pi) times the integral of
// e^(-t^2) from 0 to x, with an error below 1.5 ulp. A NaN is returned as it is.
func Erf32(x float32) float32 {
	a := abs32(x)
	var y float32
	if a < 1 {
		z := a * a
		p := float32(0x1.470674p-14)
		p = float32(p*z) + -0x1.a32adp-11
		p = float32(p*z) + 0x1.53ed68p-8
		p = float32(p*z) + -0x1.b7f6a2p-6
		p = float32(p*z) + 0x1.ce2ce2p-4
		p = float32(p*z) + -0x1.81273ep-2
		p = float32(p*z) + 0x1.06eba8p-3
		y = a + float32(p*a)
	} else {
		b := min(a, erfEnd32)
		p := float32(-0x1.6bfd52p-16)
		p = float32(p*b) + 0x1.cedf02p-12
		p = float32(p*b) + -0x1.1394cp-8
		p = float32(p*b) + 0x1.9d091ep-6
		p = float32(p*b) + -0x1.bc17eap-4
		p = float32(p*b) + -0x1.443504p-1
		p = float32(p*b) + -0x1.212c2ap0
		p = float32(p*b) + 0x1.8b39b2p-13
		y = 1 - Exp32(p)
	}
	y = math.Float32frombits(math.Float32bits(y) | math.Float32bits(x)&(1<<31))
	if x != x {
		y = x
	}
	return y
}

// Erf64 is Erf32 in float64, with an error below 1.2 ulp.
func Erf64(x float64) float64 {
	a := math.Abs(x)
	var y float64
	if a < 1 {
		z := a * a
		p := 0x1.0579a69d4bb26p-34
		p = math.FMA(p, z, -0x1.386abe81bc097p-30)
		p = math.FMA(p, z, 0x1.f7a4112daf135p-27)
		p = math.FMA(p, z, -0x1.5f1d36a3432d6p-23)
		p = math.FMA(p, z, 0x1.b9def1995c1e6p-20)
		p = math.FMA(p, z, -0x1.f4d1df38db4aep-17)
		p = math.FMA(p, z, 0x1.f9a321a116d34p-14)
		p = math.FMA(p, z, -0x1.c02db3d8ecdbep-11)
		p = math.FMA(p, z, 0x1.565bcd0db02c7p-8)
		p = math.FMA(p, z, -0x1.b82ce3128499cp-6)
		p = math.FMA(p, z, 0x1.ce2f21a042b2p-4)
		p = math.FMA(p, z, -0x1.812746b0379e6p-2)
		p = math.FMA(p, z, 0x1.06eba8214db69p-3)
		y = math.FMA(p, a, a)
	} else {
		b := min(a, erfEnd64)
		p := 0x1.6b6b0969a8bbap-46
		p = math.FMA(p, b, -0x1.3fef1a9c098bp-40)
		p = math.FMA(p, b, 0x1.0a3129553192ep-35)
		p = math.FMA(p, b, -0x1.16741208f57cp-31)
		p = math.FMA(p, b, 0x1.9acc1b86f387fp-28)
		p = math.FMA(p, b, -0x1.c61708d998a32p-25)
		p = math.FMA(p, b, 0x1.85a06dea31e26p-22)
		p = math.FMA(p, b, -0x1.08b8453bc6b7dp-19)
		p = math.FMA(p, b, 0x1.1edb5ac9413f8p-17)
		p = math.FMA(p, b, -0x1.eb82f1ab2f40dp-16)
		p = math.FMA(p, b, 0x1.404bc6a521b73p-14)
		p = math.FMA(p, b, -0x1.1639c2c2a9a68p-13)
		p = math.FMA(p, b, 0x1.d27223adf4a8p-15)
		p = math.FMA(p, b, 0x1.0bb42d7477ef6p-11)
		p = math.FMA(p, b, -0x1.ac2c995b32509p-10)
		p = math.FMA(p, b, 0x1.639b905893fbbp-13)
		p = math.FMA(p, b, 0x1.39b8244070a85p-6)
		p = math.FMA(p, b, -0x1.a4fc6718a222cp-4)
		p = math.FMA(p, b, -0x1.45f2c859e07eep-1)
		p = math.FMA(p, b, -0x1.20dd7a1ef2c5p0)
		p = math.FMA(p, b, 0x1.9346b4317da23p-26)
		y = 1 - Exp64(p)
	}
	y = math.Copysign(y, x)
	if x != x {
		y = x
	}
	return y
}
