package op

import "github.com/mlodyssey/odyssey/autograd"

// LayerNorm returns (x - mean) / √(variance + eps) · gain + bias, with the mean
// and the biased variance of x along its last axes: those of gain and bias, which
// have the shape of these axes, or the last one where gain is nil. Either may be
// nil, but a bias wants a gain. Ba et al., "Layer Normalization", 2016.
func LayerNorm(x, gain, bias *autograd.Value, eps float64) *autograd.Value {
	in := []*autograd.Value{x}
	if gain != nil || bias != nil {
		in = append(in, gain)
	}
	if bias != nil {
		in = append(in, bias)
	}
	return autograd.Apply1(rowNorm{eps, true}, in...)
}

var _ = register(Entry{
	Name: "layer_norm", Kind: Normalisation, Formula: "(x - mean) / √(variance + eps) · gain + bias along the last axes", Call: "LayerNorm(x, gain, bias, eps)", Shapes: "[… n], [n], [n] → [… n]",
	Kinks: "NaN for a constant row with ε = 0", Whole: "works along rows, which lie across a block",
	Linear:    [][]int{{1, 2}},
	Reference: referenceOfRowNorm,
	Cases: []Case{
		{rowNorm{1e-5, true}, []Arg{In(5).Distinct(), In(5), In(5)}},
		{rowNorm{1e-5, true}, []Arg{In(3, 20).Distinct(), In(20), In(20)}},
		{rowNorm{1e-5, true}, []Arg{In(3, 7).Distinct(), In(7)}},
		{rowNorm{0.1, true}, []Arg{In(2, 3, 7), In(3, 7), In(3, 7)}},
		{rowNorm{0.1, true}, []Arg{In(2, 3, 1), In(1), In(1)}},
		{rowNorm{0.1, true}, []Arg{In(2, 3, 5)}},
		{rowNorm{0.1, true}, []Arg{In(0, 3), In(3), In(3)}},
		{rowNorm{0.1, true}, []Arg{In(2, 0), In(0), In(0)}},
	},
})
