package op

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// GLU cuts x into halves a and b along an axis and returns a · sigmoid(b). Dauphin et
// al., "Language Modeling with Gated Convolutional Networks", 2016. A negative axis
// counts from the end.
func GLU(x *autograd.Value, axis int) *autograd.Value { return Apply1(glu{axis}, x) }

// SwiGLU cuts x into halves a and b along an axis and returns SiLU(a) · b. Shazeer, "GLU
// Variants Improve Transformer", 2020. A negative axis counts from the end.
func SwiGLU(x *autograd.Value, axis int) *autograd.Value { return Apply1(swiGLU{axis}, x) }

type (
	glu    struct{ Axis int }
	swiGLU struct{ Axis int }
)

func (glu) Name() string { return "glu" }

func (o glu) Compose(in []*autograd.Value) []*autograd.Value {
	a, b := halves("glu", in[0], o.Axis)
	return []*autograd.Value{Mul(a, Sigmoid(b))}
}

func (swiGLU) Name() string { return "swiglu" }

func (o swiGLU) Compose(in []*autograd.Value) []*autograd.Value {
	a, b := halves("swiglu", in[0], o.Axis)
	return []*autograd.Value{Mul(SiLU(a), b)}
}

// halves cuts x in the middle of an axis.
func halves(name string, x *autograd.Value, axis int) (a, b *autograd.Value) {
	at, err := resolveAxis(axis, len(x.Shape()))
	if err != nil {
		tensor.Fail(name, nil, "%v", err)
	}
	n := x.Shape()[at]
	if n%2 != 0 {
		tensor.Fail(name, nil, "want an even number of elements along axis %d, not %d", axis, n)
	}
	parts := Split(x, axis, n/2, n/2)
	return parts[0], parts[1]
}

// referenceOfHalves is a function of elements of the halves.
func referenceOfHalves(x Array, axis int, index []int, f func(a, b float64) float64) float64 {
	axis, _ = resolveAxis(axis, len(index))
	other := slices.Clone(index)
	other[axis] += x.Shape()[axis] / 2
	return f(x.At(index...), x.At(other...))
}

func sigmoidOf(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

var _ = register(Entry{
	Name: "glu", Kind: Activation, Formula: "a sigmoid(b) of the halves a and b along an axis", Call: "GLU(x, axis)", Shapes: "[… 2n …] → [… n …]",
	Reference: PerElement(func(o glu, in []Array, index []int) float64 {
		return referenceOfHalves(in[0], o.Axis, index, func(a, b float64) float64 { return a * sigmoidOf(b) })
	}),
	Cases: halvesCases(func(axis int) Operation { return glu{axis} }),
})

var _ = register(Entry{
	Name: "swiglu", Kind: Activation, Formula: "silu(a) b of the halves a and b along an axis", Call: "SwiGLU(x, axis)", Shapes: "[… 2n …] → [… n …]",
	Reference: PerElement(func(o swiGLU, in []Array, index []int) float64 {
		return referenceOfHalves(in[0], o.Axis, index, func(a, b float64) float64 { return a * sigmoidOf(a) * b })
	}),
	Cases: halvesCases(func(axis int) Operation { return swiGLU{axis} }),
})

func halvesCases(of func(axis int) Operation) []Case {
	return []Case{
		{of(0), []Arg{In(6)}},
		{of(-1), []Arg{In(3, 10)}},
		{of(1), []Arg{In(3, 6, 1)}},
		{of(0), []Arg{In(2, 5, 3)}},
		{of(-2), []Arg{In(2, 2, 3)}},
		{of(1), []Arg{In(0, 4)}},
		{of(1), []Arg{In(3, 0)}},
	}
}
