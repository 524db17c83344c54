package nn

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Linear is a fully connected layer: x·wᵀ + b.
type Linear struct {
	Weight *autograd.Value // [out in]
	Bias   *autograd.Value // [out], or nil
}

// NewLinear returns a float32 layer whose weights and bias are drawn uniformly
// from ±1/√in, PyTorch's default.
func NewLinear(in, out int, r *random.Stream) *Linear {
	return &Linear{Weight: uniform(r, in, out, in), Bias: uniform(r, in, out)}
}

// Forward maps [n in] to [n out].
func (l *Linear) Forward(x *autograd.Value) *autograd.Value { return op.Linear(x, l.Weight, l.Bias) }

// uniform returns a parameter with elements from ±1/√fanIn: Kaiming's uniform
// initialisation (He et al., 2015) with a gain of √(1/3).
func uniform(r *random.Stream, fanIn int, shape ...int) *autograd.Value {
	bound := 1 / math.Sqrt(float64(fanIn))
	t := tensor.New(tensor.Float32, shape...)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = float32(r.Uniform(-bound, bound))
	}
	return autograd.Variable("", t)
}
