package numeric

// E2M1 is the MX specification's FP4: one sign bit, 2 exponent bits with bias 1,
// 1 mantissa bit. Its values are 0, 0.5, 1, 1.5, 2, 3, 4, 6, and their negatives.
// It has neither Inf nor NaN.
var E2M1 = &Float{Name: "F4", Exponent: 2, Mantissa: 1, Bias: 1, Special: Finite}
