package numeric

// E8M0 is the MX specification's scale: 8 bits of exponent with bias 127, without
// sign and mantissa. Codes 0 to 254 are 2^-127 to 2^127; 255 is NaN; there is no
// zero and no Inf. safetensors calls it F8_E8M0.
type E8M0 uint8

// E8M0NaN is the scale of a block that holds a NaN or an Inf.
const E8M0NaN E8M0 = 255

const e8m0Bias = 127

// ToE8M0 returns the scale 2^exponent, or the closest that there is.
func ToE8M0(exponent int) E8M0 {
	return E8M0(min(max(exponent, -e8m0Bias), e8m0Bias) + e8m0Bias)
}

// Float32 returns the value of s, which float32 holds exactly: 2^-127 as a
// subnormal.
func (s E8M0) Float32() float32 {
	if s == E8M0NaN {
		return float32NaN()
	}
	return pow2(int(s) - e8m0Bias)
}
