package op

import "github.com/mlodyssey/odyssey/autograd"

// RMSNorm returns x / √(mean of x² + eps) · gain along the last axes of x, those of
// gain, or the last one where gain is nil. Zhang and Sennrich, "Root Mean Square
// Layer Normalization", 2019.
func RMSNorm(x, gain *autograd.Value, eps float64) *autograd.Value {
	if gain == nil {
		return autograd.Apply1(rowNorm{Eps: eps}, x)
	}
	return autograd.Apply1(rowNorm{Eps: eps}, x, gain)
}

var _ = register(Entry{
	Name: "rms_norm", Kind: Normalisation, Formula: "x / √(mean of x² + eps) · gain along the last axes", Call: "RMSNorm(x, gain, eps)", Shapes: "[… n], [n] → [… n]",
	Kinks: "NaN for a row of zeros with ε = 0", Whole: "works along rows, which lie across a block",
	Linear:    [][]int{{1}},
	Reference: referenceOfRowNorm,
	Cases: []Case{
		{rowNorm{Eps: 1e-5}, []Arg{In(5).Distinct(), In(5)}},
		{rowNorm{Eps: 1e-5}, []Arg{In(3, 19).Distinct(), In(19)}},
		{rowNorm{Eps: 0.1}, []Arg{In(2, 3, 5), In(3, 5)}},
		{rowNorm{Eps: 0.1}, []Arg{In(2, 3, 1), In(1)}},
		{rowNorm{Eps: 0.1}, []Arg{In(2, 3, 7)}},
		{rowNorm{Eps: 0.1}, []Arg{In(0, 3), In(3)}},
		{rowNorm{Eps: 0.1}, []Arg{In(2, 0), In(0)}},
	},
})
