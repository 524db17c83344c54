package op

import (
	"math"
	"slices"
	"strconv"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type norm struct {
	P    degree
	Axes []int // none: all of them
	Keep bool  // reduced axes stay, with size 1
}

// degree is the p of a norm. JSON has it as text, as it may be infinite.
type degree float64

func (p degree) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(p), 'g', -1, 64), nil
}

// Norm returns the p-norm over axes, which disappear; over all axes where none is
// named: (Σ |x|^p)^(1/p) for a p of at least 1, or max |x| for one of math.Inf(1).
// Its gradient is 0 where the norm is 0. Negative axes count from the end.
func Norm(x *autograd.Value, p float64, axes ...int) *autograd.Value {
	return Apply1(norm{degree(p), slices.Clone(axes), false}, x)
}

// NormKeep is Norm, but the axes stay, with size 1.
func NormKeep(x *autograd.Value, p float64, axes ...int) *autograd.Value {
	return Apply1(norm{degree(p), slices.Clone(axes), true}, x)
}

func (norm) Name() string { return "norm" }

func (o norm) Compose(in []*autograd.Value) []*autograd.Value {
	p, total := float64(o.P), sum{o.Axes, o.Keep}
	var y *autograd.Value
	switch {
	case !(p >= 1):
		tensor.Fail("norm", specsOf(in), "want a p of at least 1, not %v", p)
	case p == 1:
		y = autograd.Apply1(total, Abs(in[0]))
	case p == 2:
		y = offZero(autograd.Apply1(total, Mul(in[0], in[0])), Sqrt)
	case math.IsInf(p, 1):
		y = autograd.Apply1(largest(total), Abs(in[0]))
	default:
		y = offZero(autograd.Apply1(total, PowConst(Abs(in[0]), p)), func(s *autograd.Value) *autograd.Value { return PowConst(s, 1/p) })
	}
	return []*autograd.Value{y}
}

// offZero returns f(x), but 0 with a gradient of 0 where x is 0.
func offZero(x *autograd.Value, f func(x *autograd.Value) *autograd.Value) *autograd.Value {
	zero := Scalar(x.DType(), 0)
	is := Equal(x, zero)
	return Where(is, zero, f(Where(is, Scalar(x.DType(), 1), x)))
}

var _ = register(Entry{
	Name: "norm", Kind: Reduction, Formula: "(Σ |x|^p)^(1/p) over axes", Call: "Norm(x, p, axes...)", Shapes: "any → without the axes",
	Kinks: "that of |x|; 0 where the norm is 0",
	Reference: PerElement(func(o norm, in []Array, index []int) float64 {
		var sum, top float64
		eachReduced(in[0], o.Axes, o.Keep, index, func(v float64) {
			sum, top = sum+math.Pow(math.Abs(v), float64(o.P)), max(top, math.Abs(v))
		})
		if math.IsInf(float64(o.P), 1) {
			return top
		}
		return math.Pow(sum, 1/float64(o.P))
	}),
	Cases: []Case{
		{norm{P: 2}, []Arg{In(3, 5)}},
		{norm{2, []int{-1}, false}, []Arg{In(2, 3, 5)}},
		{norm{2, []int{0, 2}, true}, []Arg{In(3, 2, 3, 1)}},
		{norm{1, []int{1}, false}, []Arg{In(2, 3, 5).AwayFromZero()}},
		{norm{P: 1}, []Arg{In(7).AwayFromZero()}},
		{norm{degree(math.Inf(1)), []int{-1}, true}, []Arg{In(3, 5).From(0.1, 2).Distinct()}},
		{norm{P: degree(math.Inf(1))}, []Arg{In(2, 7).From(0.1, 2).Distinct()}},
		{norm{3.5, []int{0}, false}, []Arg{In(5, 2).AwayFromZero()}},
		{norm{1.5, []int{1}, true}, []Arg{In(3, 7).AwayFromZero()}},
		{norm{2, []int{1}, false}, []Arg{In(0, 3)}},
	},
})
