package op

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

type roundTo struct {
	rounding
	Format   tensor.DType
	Overflow numeric.Overflow
}

// RoundTo rounds each element to the nearest value of a packed type without blocks, such as
// tensor.BFloat16, ties to even. The elements stay float32, or float64 that are rounded
// to float32 first. There is no derivative: package precision puts roundings into programs
// whose gradients are written down already.
func RoundTo(x *autograd.Value, format tensor.DType, overflow numeric.Overflow) *autograd.Value {
	return autograd.Apply1(roundTo{Format: format, Overflow: overflow}, x)
}

// rounding is embedded in operations whose derivative is 0, or nobody's wish.
type rounding struct{}

// Backward has no gradient to give.
func (rounding) Backward(call *autograd.Call, _ []*autograd.Value) []*autograd.Value {
	tensor.Fail("op", specsOf(call.In), "want no derivative of a rounding or a magnitude: package precision trains with roundings")
	return nil
}

// IsFinal: see op.IsFinal.
func (rounding) IsFinal() {}

func (roundTo) Name() string { return "round_to" }

func (o roundTo) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if !o.Format.IsPacked() || o.Format.Float() == nil {
		return nil, fmt.Errorf("want a packed type without blocks, not %v", o.Format)
	}
	return sameAsInput(in)
}

func (o roundTo) Kernels() Kernels {
	f := o.Format.Float()
	return unary(
		func(dst, x []float32) { kernel.RoundFloat(dst, x, f, o.Overflow) },
		func(dst, x []float64) {
			for i, v := range x {
				dst[i] = float64(f.Decode(f.Encode(float32(v), o.Overflow)))
			}
		})
}

func (o roundTo) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

var _ = register(Entry{
	Name: "round_to", Kind: Quantisation, Formula: "x, rounded to the nearest value of a format", Call: "RoundTo(x, format, overflow)",
	Reference: PerElement(func(o roundTo, in []Array, index []int) float64 {
		f := o.Format.Float()
		return float64(f.Decode(f.Encode(float32(in[0].At(index...)), o.Overflow)))
	}),
	Cases: append(unaryCases(roundTo{Format: tensor.BFloat16}, anywhere),
		Case{roundTo{Format: tensor.Float16, Overflow: numeric.ToInf}, []Arg{In(3, 7)}},
		Case{roundTo{Format: tensor.Float8E4M3}, []Arg{In(3, 7).From(-500, 500)}},
		Case{roundTo{Format: tensor.Float4E2M1}, []Arg{In(2, 17).From(-8, 8)}},
	),
})
