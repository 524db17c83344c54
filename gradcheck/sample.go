package gradcheck

import (
	"math"

	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Sample draws a tensor that an argument describes.
func Sample(a op.Arg, r *random.Stream) *tensor.Tensor {
	if d := a.Spec.DType; d.IsPacked() {
		a.Spec.DType = tensor.Float64
		return Sample(a, r).Convert(d)
	}
	if !a.Spec.DType.IsFloat() {
		index := tensor.New(tensor.Int64, a.Spec.Shape...)
		for i := range tensor.Data[int64](index) {
			tensor.Data[int64](index)[i] = int64(a.Lo) + int64(r.IntN(int(a.Hi-a.Lo)))
		}
		return index.Convert(a.Spec.DType)
	}
	if math.Abs(a.Lo) < a.Gap && math.Abs(a.Hi) < a.Gap || a.Apart && a.Gap > 0 {
		tensor.Fail("gradcheck.Sample", []tensor.Spec{a.Spec}, "want a range that reaches past the gap of %v at 0, and no gap for distinct values", a.Gap)
	}
	t := tensor.New(tensor.Float64, a.Spec.Shape...)
	values := tensor.Data[float64](t)
	if a.Matrices {
		definite(values, a.Spec.Shape[a.Spec.Rank()-1], r)
		return t
	}
	if a.Apart {
		spread(values, a, r)
		return t
	}
	for i := range values {
		values[i] = r.Uniform(a.Lo, a.Hi)
		for math.Abs(values[i]) < a.Gap {
			values[i] = r.Uniform(a.Lo, a.Hi)
		}
	}
	return t
}

func samples(args []op.Arg, r *random.Stream) []*tensor.Tensor {
	var in []*tensor.Tensor
	for _, a := range args {
		in = append(in, Sample(a, r))
	}
	return in
}

// spread gives each value a cell of its own, with half of the cell kept free.
func spread(values []float64, a op.Arg, r *random.Stream) {
	cell := (a.Hi - a.Lo) / float64(len(values))
	for i, p := range r.Perm(len(values)) {
		values[i] = a.Lo + float64((float64(p)+r.Uniform(0.25, 0.75))*cell)
	}
}

// like draws a tensor of a float type with values from -1 to 1: an upstream
// gradient.
func like(s tensor.Spec, r *random.Stream) *tensor.Tensor {
	return Sample(op.In(s.Shape...).From(-1, 1), r).Convert(s.DType)
}

// definite makes each n×n matrix m·mᵀ/n + 1/2 of a random m.
func definite(values []float64, n int, r *random.Stream) {
	m := make([]float64, n*n)
	for ; len(values) > 0; values = values[n*n:] {
		for i := range m {
			m[i] = r.Uniform(-1, 1)
		}
		for i := range n {
			for j := range n {
				sum := 0.0
				for k := range n {
					sum += float64(m[i*n+k] * m[j*n+k])
				}
				values[i*n+j] = sum / float64(n)
			}
			values[i*n+i] += 0.5
		}
	}
}
