package op

import (
	"errors"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Equal returns whether a = b, element by element with NumPy's broadcasting, as
// bool. NaN equals nothing.
func Equal(a, b *autograd.Value) *autograd.Value { return equal.of(a, b) }

// NotEqual returns whether a ≠ b, as Equal does.
func NotEqual(a, b *autograd.Value) *autograd.Value { return notEqual.of(a, b) }

// Less returns whether a < b, as Equal does. NaN is neither less nor greater.
func Less(a, b *autograd.Value) *autograd.Value { return lessThan.of(a, b) }

// LessEqual returns whether a ≤ b, as Equal does.
func LessEqual(a, b *autograd.Value) *autograd.Value { return lessEqual.of(a, b) }

// Greater returns whether a > b, as Equal does.
func Greater(a, b *autograd.Value) *autograd.Value { return greaterThan.of(a, b) }

// GreaterEqual returns whether a ≥ b, as Equal does.
func GreaterEqual(a, b *autograd.Value) *autograd.Value { return greaterEqual.of(a, b) }

// IsNaN returns whether x is NaN, as bool.
func IsNaN(x *autograd.Value) *autograd.Value { return isNaN.of(x) }

// IsInf returns whether x is +Inf or -Inf, as bool.
func IsInf(x *autograd.Value) *autograd.Value { return isInf.of(x) }

// IsFinite returns whether x is neither NaN nor infinite, as bool.
func IsFinite(x *autograd.Value) *autograd.Value { return isFinite.of(x) }

var (
	equal = newComparison("equal", "a = b", "Equal(a, b)", func(a, b float64) bool { return a == b },
		kernel.Equal[float32], kernel.Equal[float64], kernel.Equal[int64])
	notEqual = newComparison("not_equal", "a ≠ b", "NotEqual(a, b)", func(a, b float64) bool { return a != b },
		kernel.NotEqual[float32], kernel.NotEqual[float64], kernel.NotEqual[int64])
	lessThan = newComparison("less", "a < b", "Less(a, b)", func(a, b float64) bool { return a < b },
		kernel.Less[float32], kernel.Less[float64], kernel.Less[int64])
	lessEqual = newComparison("less_equal", "a ≤ b", "LessEqual(a, b)", func(a, b float64) bool { return a <= b },
		kernel.LessEqual[float32], kernel.LessEqual[float64], kernel.LessEqual[int64])
	greaterThan = newComparison("greater", "a > b", "Greater(a, b)", func(a, b float64) bool { return a > b },
		kernel.Greater[float32], kernel.Greater[float64], kernel.Greater[int64])
	greaterEqual = newComparison("greater_equal", "a ≥ b", "GreaterEqual(a, b)", func(a, b float64) bool { return a >= b },
		kernel.GreaterEqual[float32], kernel.GreaterEqual[float64], kernel.GreaterEqual[int64])

	isNaN    = newQuestion("is_nan", "x is NaN", "IsNaN(x)", math.IsNaN, kernel.IsNaN[float32], kernel.IsNaN[float64])
	isInf    = newQuestion("is_inf", "x is ±∞", "IsInf(x)", func(x float64) bool { return math.IsInf(x, 0) }, kernel.IsInf[float32], kernel.IsInf[float64])
	isFinite = newQuestion("is_finite", "x is neither NaN nor ±∞", "IsFinite(x)", func(x float64) bool { return math.Abs(x) <= math.MaxFloat64 }, kernel.IsFinite[float32], kernel.IsFinite[float64])
)

// predicate is an elementwise operation that answers with a bool: with loops for
// the types that it takes.
type predicate struct {
	autograd.Constant
	name   string
	inputs int
	loops  map[tensor.DType]elementLoop
	wants  error // of inputs of other types
}

func (p *predicate) of(in ...*autograd.Value) *autograd.Value { return autograd.Apply1(p, in...) }

func (p *predicate) Name() string { return p.name }

// String keeps the addresses out of messages.
func (p *predicate) String() string { return p.name }

func (p *predicate) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, p.inputs); err != nil {
		return nil, err
	}
	shape := in[0].Shape
	for _, s := range in {
		if p.loops[s.DType] == nil || s.DType != in[0].DType {
			return nil, p.wants
		}
		var err error
		if shape, err = tensor.Broadcast(shape, s.Shape); err != nil {
			return nil, err
		}
	}
	return one(tensor.Bool, shape...), nil
}

func (p *predicate) loop(in []tensor.Spec) elementLoop { return p.loops[in[0].DType] }

func (p *predicate) Forward(in, out []*tensor.Tensor) { forwardMixed(p, in, out) }

// newComparison registers a comparison of two numbers.
func newComparison(name, formula, call string, holds func(a, b float64) bool,
	f32 func(dst []bool, a, b []float32), f64 func(dst []bool, a, b []float64), i64 func(dst []bool, a, b []int64)) *predicate {
	p := &predicate{name: name, inputs: 2, wants: errors.New("want inputs of one type, float or int64"), loops: map[tensor.DType]elementLoop{
		tensor.Float32: ofTwo(f32), tensor.Float64: ofTwo(f64), tensor.Int64: ofTwo(i64),
	}}
	cases := broadcastCases(p, anywhere)
	for _, shapes := range [][2][]int{{{17}, {17}}, {{2, 3, 5}, {3, 1}}, {{3}, {}}} {
		cases = append(cases, Case{p, []Arg{Index(3, shapes[0]...), Index(3, shapes[1]...)}})
	}
	register(Entry{
		Name: name, Kind: Logic, Formula: formula, Call: call, Shapes: "elementwise, of floats or int64 → bool", Cases: cases,
		Reference: OfTwo(func(a, b float64) float64 { return asNumber(holds(a, b)) }),
	})
	return p
}

// newQuestion registers a question about a float.
func newQuestion(name, formula, call string, holds func(x float64) bool,
	f32 func(dst []bool, x []float32), f64 func(dst []bool, x []float64)) *predicate {
	p := &predicate{name: name, inputs: 1, wants: errors.New("want an input of a float type"), loops: map[tensor.DType]elementLoop{
		tensor.Float32: ofOne(f32), tensor.Float64: ofOne(f64),
	}}
	register(Entry{
		Name: name, Kind: Logic, Formula: formula, Call: call, Shapes: "elementwise → bool", Cases: unaryCases(p, anywhere),
		Reference: OfOne(func(x float64) float64 { return asNumber(holds(x)) }),
	})
	return p
}

// ofOne makes points of a kernel with one input.
func ofOne[D, A tensor.Element](f func(dst []D, x []A)) elementLoop {
	return points[D, A, A](func(dst []D, x []A, _, _ []A) { f(dst, x) })
}

// ofTwo makes points of a kernel with two inputs.
func ofTwo[D, A tensor.Element](f func(dst []D, a, b []A)) elementLoop {
	return points[D, A, A](func(dst []D, a []A, b, _ []A) { f(dst, a, b) })
}

// asNumber is a bool as references write it.
func asNumber(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}
