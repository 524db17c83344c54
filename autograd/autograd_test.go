package autograd_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

func scalar(name string, v float64) *autograd.Value {
	return autograd.Variable(name, tensor.Scalar(v))
}

// wantMistake checks that f panics with a *tensor.Error that says all of what.
func wantMistake(t *testing.T, f func(), what ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		err, _ := recover().(error)
		var mistake *tensor.Error
		if !errors.As(err, &mistake) {
			t.Fatalf("want a *tensor.Error, got %v", err)
		}
		for _, w := range what {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error %q does not say %q", err, w)
			}
		}
	}()
	f()
}

// y = x³ + x·x, so that x is used often: dy = 3x² + 2x, d²y = 6x + 2, d³y = 6.
func TestDerivativesOfDerivatives(t *testing.T) {
	x := scalar("x", 1.5)
	y := op.Add(op.Mul(x, op.Mul(x, x)), op.Mul(x, x))
	one := op.Scalar(tensor.Float64, 1)
	for order, want := range []float64{3*1.5*1.5 + 2*1.5, 6*1.5 + 2, 6} {
		y = autograd.Backward([]*autograd.Value{y}, []*autograd.Value{one}, []*autograd.Value{x}, true)[0]
		if got := y.Tensor().Item(); math.Abs(got-want) > 1e-12 {
			t.Errorf("derivative %d is %v, want %v", order+1, got, want)
		}
	}
}

func TestGradOfResultsOnTheWay(t *testing.T) {
	x := scalar("x", 2)
	middle := op.Mul(x, x)
	y := op.Exp(op.Neg(middle))
	g := autograd.Grad(y, middle, x)
	if got, want := g[0].Tensor().Item(), -math.Exp(-4); math.Abs(got-want) > 1e-15 {
		t.Errorf("dy/dm = %v, want %v", got, want)
	}
	if got, want := g[1].Tensor().Item(), -4*math.Exp(-4); math.Abs(got-want) > 1e-15 {
		t.Errorf("dy/dx = %v, want %v", got, want)
	}
	if g[1].NeedsGrad() {
		t.Error("a gradient of Grad keeps its history")
	}
}

// The slices that go into Apply and come out of it are the caller's to change.
func TestSlicesOfApplyAreTheCallers(t *testing.T) {
	x := scalar("x", 3)
	mul := op.Table()[slices.IndexFunc(op.Table(), func(e op.Entry) bool { return e.Name == "mul" })].Cases[0].Op
	in := []*autograd.Value{x, x}
	out := op.Apply(mul, in...)
	y := out[0]
	in[0], out[0] = scalar("other", 5), nil
	if got := autograd.Grad(y, x)[0].Tensor().Item(); got != 6 {
		t.Errorf("dy/dx = %v, want 6", got)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	x, y := scalar("x", 1), scalar("y", 2)
	wantMistake(t, func() { autograd.Grad(op.Mul(x, x), y) }, "does not depend", `"y"`)
	wantMistake(t, func() { autograd.Grad(op.Mul(x, x).Detach(), x) }, "does not depend", `"x"`)
	wide := autograd.Variable("wide", tensor.New(tensor.Float64, 3))
	wantMistake(t, func() { autograd.Grad(op.Mul(wide, wide), wide) }, "one float element", "float64[3]")
	wantMistake(t, func() { op.Add(wide, autograd.Const(tensor.New(tensor.Float64, 4))) },
		"autograd_test.go:", "add of float64[3], float64[4]", "do not broadcast")
	wantMistake(t, func() { op.Add(wide, nil) }, "add", "input 1 is nil")
	wantMistake(t, func() { autograd.Variable("n", tensor.New(tensor.Int64, 1)) }, "int64[1]", "only float")
	wantMistake(t, func() { autograd.Assign(wide, x) }, "float64[3]", "variable")
}

func TestAGradientAfterAnAssignmentIsRefused(t *testing.T) {
	x := scalar("x", 3)
	y := op.Mul(x, x)
	autograd.Assign(x, op.Scalar(tensor.Float64, 5))
	wantMistake(t, func() { autograd.Grad(y, x) }, "mul", `"x" was assigned`)
}

func TestRecordingAssignsNothing(t *testing.T) {
	x := scalar("x", 3)
	y := op.Mul(x, x)
	autograd.Record([]*autograd.Value{x}, nil, func([]*autograd.Value) []*autograd.Value {
		autograd.Assign(x, op.Scale(x, 2))
		return nil
	})
	if got := autograd.Grad(y, x)[0].Tensor().Item(); got != 6 {
		t.Errorf("dy/dx = %v, want 6", got)
	}
}

func TestMoreMistakes(t *testing.T) {
	x := scalar("x", 1)
	wantMistake(t, func() { autograd.Assign(x, nil) }, "not nil")
	wantMistake(t, func() { autograd.Backward([]*autograd.Value{x}, nil, []*autograd.Value{x}, false) }, "each of 1 outputs, not 0")
	wantMistake(t, func() { op.BroadcastTo(x, math.MaxInt/2, math.MaxInt/2) }, "broadcast_to of float64[]", "too many elements")
	wantMistake(t, func() { op.Cast(x, tensor.Invalid) }, "cast of float64[]", "not invalid")
}

func TestAssignLeavesEarlierValuesAlone(t *testing.T) {
	x := autograd.Variable("x", tensor.FromSlice([]float64{1, 2}, 2))
	view, old := op.Reshape(x, 2, 1), x.Detach()
	autograd.Assign(x, op.Scale(x, 10))
	for _, v := range []*autograd.Value{view, old} {
		if got := tensor.Data[float64](v.Tensor()); got[0] != 1 || got[1] != 2 {
			t.Errorf("an earlier value became %v", got)
		}
	}
	if got := tensor.Data[float64](x.Tensor()); got[0] != 10 || got[1] != 20 {
		t.Errorf("the variable is %v", got)
	}
}

func TestRecordRefusesWhatItCannotFollow(t *testing.T) {
	listed, other := scalar("listed", 1), scalar("other", 2)
	spec := []tensor.Spec{tensor.NewSpec(tensor.Float64)}
	record := func(f func(in []*autograd.Value) []*autograd.Value) func() {
		return func() { autograd.Record([]*autograd.Value{listed}, spec, f) }
	}
	wantMistake(t, record(func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{op.Mul(in[0], other)}
	}), `"other" is not listed`)
	wantMistake(t, record(func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{op.Add(in[0], op.Mul(other, other))} // would be a constant for ever
	}), "worked out from a variable")
	wantMistake(t, record(func([]*autograd.Value) []*autograd.Value { return []*autograd.Value{nil} }), "a value is nil")
	wantMistake(t, record(func(in []*autograd.Value) []*autograd.Value {
		autograd.Assign(other, in[0])
		return nil
	}), `"other" is not listed`)
	wantMistake(t, record(func(in []*autograd.Value) []*autograd.Value {
		in[0].Tensor()
		return nil
	}), "has no elements yet")
	wantMistake(t, record(func(in []*autograd.Value) []*autograd.Value {
		listed.Tensor()
		return nil
	}), "has no elements yet")
	var leaked *autograd.Value
	record(func(in []*autograd.Value) []*autograd.Value { leaked = in[0]; return nil })()
	wantMistake(t, record(func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{op.Add(in[0], leaked)}
	}), "another program")
	if listed.Tensor().Item() != 1 {
		t.Error("the variable is still being recorded")
	}
}

func TestSlicesOfValuesBelongToTheCaller(t *testing.T) {
	x := scalar("x", 3)
	in := []*autograd.Value{op.Mul(x, x), x}
	parts := op.Split(op.Stack(0, in...), 0, 1, 1)
	square := parts[0]
	in[0], in[1], parts[0], parts[1] = x, nil, parts[1], nil
	if got := autograd.Grad(square, x)[0].Tensor().Item(); got != 6 {
		t.Errorf("the derivative of x² at 3 is %v, want 6", got)
	}
}
