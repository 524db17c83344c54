package numeric

// E4M3 is the OFP8 format of that name, elsewhere float8_e4m3fn: one sign bit, 4
// exponent bits with bias 7, 3 mantissa bits. The largest value is 448, the
// smallest subnormal 2^-9. It has no Inf, and one NaN of either sign, S.1111.111.
var E4M3 = &Float{Name: "F8_E4M3", Exponent: 4, Mantissa: 3, Bias: 7, Special: OnlyNaN}

// E5M2 is the OFP8 format of that name: one sign bit, 5 exponent bits with bias 15,
// 2 mantissa bits. The largest finite value is 57344, the smallest subnormal
// 2^-16. Inf and NaN are as in IEEE 754: it is the upper half of a float16.
var E5M2 = &Float{Name: "F8_E5M2", Exponent: 5, Mantissa: 2, Bias: 15, Special: IEEE}
