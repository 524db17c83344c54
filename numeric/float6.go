package numeric

// E3M2 is the MX specification's FP6 of that name: one sign bit, 3 exponent bits
// with bias 3, 2 mantissa bits. The largest value is 28, the smallest subnormal
// 2^-4. It has neither Inf nor NaN.
var E3M2 = &Float{Name: "F6_E3M2", Exponent: 3, Mantissa: 2, Bias: 3, Special: Finite}

// E2M3 is the MX specification's FP6 of that name: one sign bit, 2 exponent bits
// with bias 1, 3 mantissa bits. The largest value is 7.5, the smallest subnormal
// 2^-3. It has neither Inf nor NaN.
var E2M3 = &Float{Name: "F6_E2M3", Exponent: 2, Mantissa: 3, Bias: 1, Special: Finite}
