package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
)

type logSumExp struct {
	Axes []int // none: all of them
	Keep bool  // reduced axes stay, with size 1
}

// LogSumExp returns ln Σ exp(x) over axes, which disappear; over all axes where none
// is named. It is worked out from x - max(x), so that nothing overflows; it is
// -Inf where all are, and of nothing. Negative axes count from the end.
func LogSumExp(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(logSumExp{Axes: slices.Clone(axes)}, x)
}

// LogSumExpKeep is LogSumExp, but the axes stay, with size 1.
func LogSumExpKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(logSumExp{Axes: slices.Clone(axes), Keep: true}, x)
}

func (logSumExp) Name() string { return "logsumexp" }

func (o logSumExp) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	if err := wantFloats(specsOf(in), 1); err == nil && reducedCount(x.Shape(), o.Axes) == 0 {
		return []*autograd.Value{Log(autograd.Apply1(sum(o), x))} // of nothing
	}
	top := MaxKeep(x, o.Axes...).Detach() // it goes in and out again: no gradient is lost
	top = Where(IsInf(top), Scalar(x.DType(), 0), top)
	s := Log(autograd.Apply1(sum(o), Exp(Sub(x, top))))
	return []*autograd.Value{Add(s, Reshape(top, s.Shape()...))}
}

var _ = register(Entry{
	Name: "logsumexp", Kind: Reduction, Formula: "ln Σ exp(x) over axes", Call: "LogSumExp(x, axes...)", Shapes: "any → without the axes",
	Reference: PerElement(func(o logSumExp, in []Array, index []int) float64 {
		return logTotal(reducedOf(in[0], o.Axes, o.Keep, index))
	}),
	Cases: []Case{
		{logSumExp{}, []Arg{In(3, 5)}},
		{logSumExp{}, []Arg{In(7)}},
		{logSumExp{Axes: []int{-1}}, []Arg{In(2, 3, 5)}},
		{logSumExp{Axes: []int{0, 2}, Keep: true}, []Arg{In(3, 2, 3)}},
		{logSumExp{Axes: []int{1}, Keep: true}, []Arg{In(3, 1)}},
		{logSumExp{Axes: []int{1}}, []Arg{In(0, 3)}},
	},
})
