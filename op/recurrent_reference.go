package op

import (
	"math"
	"slices"
)

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// plainUnit gives the next states of a unit from those before, and from what the
// input and the output before give for each of its gates.
type plainUnit func(o Operation, input, hidden, state []float64) []float64

// recurrentReference goes through a sequence unit by unit.
func recurrentReference(gates, states int, unit plainUnit) Reference {
	return func(o Operation, in []Array) []Array {
		r := o.(interface{ shared() recurrent }).shared()
		directions := r.directions()
		x, weights := swapped(in[0], r.BatchFirst), in[1+states:]
		var last []Array
		for _, s := range in[1 : 1+states] {
			last = append(last, Array{s.Spec, slices.Clone(s.Data)})
		}
		units := last[0].Shape()[2]
		for l := 0; l < last[0].Shape()[0]; l += directions {
			y := NewArray(x.Shape()[0], x.Shape()[1], units*directions)
			for d := range directions {
				for t := range x.Shape()[0] {
					if d == 1 {
						t = x.Shape()[0] - 1 - t
					}
					for b := range x.Shape()[1] {
						plainStep(o, unit, gates, x, y, last, weights[4*(l+d):], t, b, l+d, d*units)
					}
				}
			}
			x = y
		}
		return append([]Array{swapped(x, r.BatchFirst)}, last...)
	}
}

// plainStep replaces the states of one layer and example by the next ones, the first
// of which go to y from a column on.
func plainStep(o Operation, unit plainUnit, gates int, x, y Array, states, w []Array, t, b, layer, column int) {
	units := states[0].Shape()[2]
	product := func(w, bias Array, row int, v func(c int) float64) float64 {
		return bias.At(row) + total(w.Shape()[1:], func(c []int) float64 { return w.At(row, c[0]) * v(c[0]) })
	}
	next := make([][]float64, units)
	for u := range units {
		var input, hidden, before []float64
		for g := range gates {
			input = append(input, product(w[0], w[2], g*units+u, func(c int) float64 { return x.At(t, b, c) }))
			hidden = append(hidden, product(w[1], w[3], g*units+u, func(c int) float64 { return states[0].At(layer, b, c) }))
		}
		for _, s := range states {
			before = append(before, s.At(layer, b, u))
		}
		next[u] = unit(o, input, hidden, before)
	}
	for u, values := range next {
		y.Set(values[0], t, b, column+u)
		for s, v := range values {
			states[s].Set(v, layer, b, u)
		}
	}
}

// swapped returns x with its first two axes swapped, if so asked.
func swapped(x Array, swap bool) Array {
	if !swap {
		return x
	}
	y := NewArray(x.Shape()[1], x.Shape()[0], x.Shape()[2])
	Each(x.Shape(), func(i []int) { y.Set(x.At(i...), i[1], i[0], i[2]) })
	return y
}
