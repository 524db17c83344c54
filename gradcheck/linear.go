package gradcheck

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// compareLinear holds an operation to being linear in sets of its inputs.
func (r *Report) compareLinear(where string, sets [][]int, c op.Case, s *random.Stream) {
	for _, set := range sets {
		if slices.Min(set) >= len(c.In) {
			continue // the case has none of these inputs
		}
		x, y := samples(c.In, s), samples(c.In, s)
		if off := nonlinearity(c.Op, set, x, y, 1.7, -0.6); !(off <= LinearBound) {
			r.fail("%s: is off by %.2g from linear in inputs %v, more than %.2g", where, off, set, LinearBound)
		}
	}
}

// nonlinearity returns by how much f(ax + by) differs from a f(x) + b f(y), for
// the inputs of a set with the others as in x, relative to the largest element of
// an output or of those inputs, which may cancel.
func nonlinearity(o op.Operation, set []int, x, y []*tensor.Tensor, a, b float64) float64 {
	scale := 1e-3
	y, both := slices.Clone(y), slices.Clone(x)
	for i := range x {
		if slices.Contains(set, i) {
			both[i] = weighted(a, x[i], b, y[i])
			scale = max(scale, largest(x[i]), largest(y[i]))
		} else {
			y[i] = x[i]
		}
	}
	off, outputs := 0.0, 0
	fx, fy, fboth := op.Apply(o, constants(x)...), op.Apply(o, constants(y)...), op.Apply(o, constants(both)...)
	for i := range fboth {
		if fboth[i].DType() == tensor.Float64 {
			outputs++
			got, want := fboth[i].Tensor(), weighted(a, fx[i].Tensor(), b, fy[i].Tensor())
			off = worse(off, distance(got, want)/max(scale, largest(want)))
		}
	}
	if outputs == 0 {
		return math.Inf(1)
	}
	return off
}

// weighted returns ax + by.
func weighted(a float64, x *tensor.Tensor, b float64, y *tensor.Tensor) *tensor.Tensor {
	sum := tensor.New(tensor.Float64, x.Shape()...)
	xs, ys := float64s(x), float64s(y)
	for i := range xs {
		tensor.Data[float64](sum)[i] = a*xs[i] + b*ys[i]
	}
	return sum
}

// distance returns the largest difference. NaN and infinities do not differ from
// themselves.
func distance(x, y *tensor.Tensor) (off float64) {
	xs, ys := float64s(x), float64s(y)
	for i := range xs {
		if xs[i] != ys[i] && !(xs[i] != xs[i] && ys[i] != ys[i]) {
			off = worse(off, math.Abs(xs[i]-ys[i]))
		}
	}
	return off
}

// largest returns the largest magnitude of an element that is finite.
func largest(x *tensor.Tensor) (most float64) {
	for _, v := range float64s(x) {
		if !math.IsInf(v, 0) && v == v {
			most = max(most, math.Abs(v))
		}
	}
	return most
}

func constants(in []*tensor.Tensor) []*autograd.Value {
	var values []*autograd.Value
	for _, x := range in {
		values = append(values, autograd.Const(x))
	}
	return values
}
