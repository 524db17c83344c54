package numeric

import "math"

// The MX specification's concrete formats: blocks of 32 elements with an E8M0 scale,
//
//	scale = 2^(floor(log2(largest)) - emax), within E8M0's range,
//
// where largest is the block's largest magnitude and emax the exponent of the
// element's largest value: 8 in E4M3, 15 in E5M2, 4 in E3M2, 2 in E2M3 and E2M1, 0 in
// INT8. A block of zeros takes the smallest scale.
var (
	MXFP8E4M3 = &Blocks{Name: "MXFP8_E4M3", Size: 32, Element: E4M3} // 8.25 bits a value
	MXFP8E5M2 = &Blocks{Name: "MXFP8_E5M2", Size: 32, Element: E5M2}
	MXFP6E3M2 = &Blocks{Name: "MXFP6_E3M2", Size: 32, Element: E3M2} // 6.25 bits a value
	MXFP6E2M3 = &Blocks{Name: "MXFP6_E2M3", Size: 32, Element: E2M3}
	MXFP4     = &Blocks{Name: "MXFP4", Size: 32, Element: E2M1} // 4.25 bits a value
)

// MXINT8 is the MX format of 8-bit two's complement elements, of which each counts
// 2^-6: -127/64 to 127/64. Encoding leaves -128 unused, so that the range is
// symmetric; Decode takes it as -2. There is no negative zero.
var MXINT8 = &Blocks{Name: "MXINT8", Size: 32, Element: fixed8}

// fixed8 has the multiples of 2^-6 below 2 in magnitude, as sign and magnitude:
// with a single exponent bit the subnormals and the normals are equally far apart.
var fixed8 = &Float{Name: "INT8", Exponent: 1, Mantissa: 6, Bias: 1, Special: Finite}

func mxScale(largest float32, element *Float, stochastic bool) E8M0 {
	if largest == 0 {
		return 0
	}
	exponent := math.Ilogb(float64(largest)) - element.MaxExponent()
	if stochastic && element != fixed8 && float64(largest) > math.Ldexp(float64(element.Max()), exponent) {
		exponent++
	}
	return ToE8M0(exponent)
}
