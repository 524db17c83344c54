package kernel

import "math"

// tanhSmall divides two formulas for a = |x|: below it a + a z P(z) with z = a^2
// and P a minimax polynomial, from it on 1 - 2 / (e^2a + 1).
const tanhSmall = 0.625

// Tanh32 returns the hyperbolic tangent of x with an error below 1.5 ulp. A NaN
// is returned as it is.
func Tanh32(x float32) float32 {
	a := abs32(x)
	var y float32
	if a < tanhSmall {
		z := a * a
		p := float32(-0x1.8f2868p-8)
		p = float32(p*z) + 0x1.57eddap-6
		p = float32(p*z) + -0x1.b92222p-5
		p = float32(p*z) + 0x1.110e04p-3
		p = float32(p*z) + -0x1.555552p-2
		y = a + float32(a*float32(z*p))
	} else {
		y = 1 - 2/(Exp32(2*a)+1)
	}
	y = math.Float32frombits(math.Float32bits(y) | math.Float32bits(x)&(1<<31))
	if x != x {
		y = x
	}
	return y
}

// Tanh64 is Tanh32 in float64, with an error below 1.5 ulp.
func Tanh64(x float64) float64 {
	a := math.Abs(x)
	var y float64
	if a < tanhSmall {
		z := a * a
		p := -0x1.211f7a734a931p-16
		p = math.FMA(p, z, 0x1.4dc33a264c0d6p-14)
		p = math.FMA(p, z, -0x1.e3ed71268af19p-13)
		p = math.FMA(p, z, 0x1.33fb1099b4d25p-11)
		p = math.FMA(p, z, -0x1.7d7fef92a3cd7p-10)
		p = math.FMA(p, z, 0x1.d6d17a4e46ec4p-9)
		p = math.FMA(p, z, -0x1.226e28f7fb5dbp-7)
		p = math.FMA(p, z, 0x1.664f48357edbp-6)
		p = math.FMA(p, z, -0x1.ba1ba1b922a03p-5)
		p = math.FMA(p, z, 0x1.111111111071bp-3)
		p = math.FMA(p, z, -0x1.5555555555553p-2)
		y = math.FMA(a, z*p, a)
	} else {
		y = 1 - 2/(Exp64(2*a)+1)
	}
	y = math.Copysign(y, x)
	if x != x {
		y = x
	}
	return y
}
