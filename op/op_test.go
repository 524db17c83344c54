package op_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

func zeros(shape ...int) *autograd.Value { return op.Zeros(tensor.Float32, shape...) }

// Every mistake panics with one typed error that names the operation, what it
// was given and what it wants.
func TestMistakes(t *testing.T) {
	ints := autograd.Const(tensor.New(tensor.Int64, 2))
	labels := func(l ...int64) *autograd.Value { return autograd.Const(tensor.FromSlice(l, len(l))) }
	wantMistakes(t, map[string]func(){
		"add of float32[2 3], float32[4]: sizes 3 and 4 at axis -1 do not broadcast":                        func() { op.Add(zeros(2, 3), zeros(4)) },
		"mul of float32[2], int64[2]: want inputs of one float type":                                        func() { op.Mul(zeros(2), ints) },
		"mul of float32[2], float64[]: want inputs of one float type":                                       func() { op.Mul(zeros(2), op.Scalar(tensor.Float64, 1)) },
		"exp of int64[2]: want inputs of one float type":                                                    func() { op.Exp(ints) },
		"matmul of float32[2 3], float32[2 3]: want as many columns":                                        func() { op.MatMul(zeros(2, 3), zeros(2, 3)) },
		"matmul of float32[], float32[3 2]: want at least one axis":                                         func() { op.MatMul(zeros(), zeros(3, 2)) },
		"matmul of float32[3], float32[4 2]: want as many columns":                                          func() { op.MatMul(zeros(3), zeros(4, 2)) },
		"matmul of float32[2 4 3], float32[3 3 2]: leading axes: sizes 2 and 3 at axis -1 do not broadcast": func() { op.MatMul(zeros(2, 4, 3), zeros(3, 3, 2)) },
		"linear of float32[2 3], float32[4 5]: want an input [n 5]":                                         func() { op.Linear(zeros(2, 3), zeros(4, 5), nil) },
		"linear of float32[7 2 3], float32[4 5]: want an input [n 5]":                                       func() { op.Linear(zeros(7, 2, 3), zeros(4, 5), nil) },
		"linear of float32[2 5], float32[4 5], float32[5]: want a bias [4]":                                 func() { op.Linear(zeros(2, 5), zeros(4, 5), zeros(5)) },
		"sum of float32[2 3]: axis 2 is outside":                                                            func() { op.Sum(zeros(2, 3), 2) },
		"sum of float32[2 3]: axes [1 -1] name one twice":                                                   func() { op.Sum(zeros(2, 3), 1, -1) },
		"reshape of float32[2 3]: want as many elements as [4] has":                                         func() { op.Reshape(zeros(2, 3), 4) },
		"permute of float32[2 3]: want each of 2 axes once":                                                 func() { op.Permute(zeros(2, 3), 0) },
		"softmax of float32[]: want at least one axis":                                                      func() { op.Softmax(zeros()) },
		"layer_norm of float32[], float32[1], float32[1]: want at least one axis":                           func() { op.LayerNorm(zeros(), zeros(1), zeros(1), 1) },
		"layer_norm of float32[2 3], float32[3], float32[2]: want a gain, and a bias, of":                   func() { op.LayerNorm(zeros(2, 3), zeros(3), zeros(2), 1) },
		"layer_norm of float32[2], float32[2], float32[2]: want an eps of at least 0, not -1":               func() { op.LayerNorm(zeros(2), zeros(2), zeros(2), -1) },
		"argmax of float32[2 0]: want axes that are not empty":                                              func() { op.ArgMax(zeros(2, 0), 1) },
		"cross_entropy of float32[2 3], int64[3]: want float scores [n classes] and int64 labels [n]":       func() { op.CrossEntropy(zeros(2, 3), labels(0, 1, 2)) },
		"cross_entropy: label 1 is 3, want 0 to 2":                                                          func() { op.CrossEntropy(zeros(2, 3), labels(0, 3)) },
		"cross_entropy: label 0 is -1, want 0 to 2":                                                         func() { op.CrossEntropy(zeros(2, 3), labels(-1, 0)) },
		"one_hot: label 0 is 5, want 0 to 4":                                                                func() { op.OneHot(labels(5), 5, tensor.Float32) },
		"dropout of float32[2], int64[2]: want a probability of at least 0 and below 1, not 1":              func() { op.Dropout(zeros(2), ints, 1) },
		"clip of float32[2]: want a minimum of at most the maximum, not 2 and 1":                            func() { op.Clip(zeros(2), 2, 1) },
		"hard_tanh of float32[2]: want a minimum of at most the maximum, not NaN and 1":                     func() { op.HardTanh(zeros(2), math.NaN(), 1) },
		"pow_const of float32[2]: want an exponent, not NaN":                                                func() { op.PowConst(zeros(2), math.NaN()) },
		"less of float32[2], int64[2]: want inputs of one type, float or int64":                             func() { op.Less(zeros(2), ints) },
		"is_nan of int64[2]: want an input of a float type":                                                 func() { op.IsNaN(ints) },
		"and of float32[2], float32[2]: want inputs of bool":                                                func() { op.And(zeros(2), zeros(2)) },
		"where of float32[2], float32[2], float32[2]: want a condition of bool":                             func() { op.Where(zeros(2), zeros(2), zeros(2)) },
		"where of bool[2], float32[2], int64[2]: want two inputs of one type":                               func() { op.Where(op.IsNaN(zeros(2)), zeros(2), ints) },
		"where of bool[2], float32[3], float32[]: sizes 2 and 3":                                            func() { op.Where(op.IsNaN(zeros(2)), zeros(3), zeros()) },
		"softplus of float32[2]: want a beta above 0, not -1":                                               func() { op.Softplus(zeros(2), op.SoftplusConfig{Beta: -1}) },
		"celu of float32[2]: want an alpha that is not 0":                                                   func() { op.CELU(zeros(2), 0) },
		"prelu of float32[2 3 4], float32[4]: want slopes [1], or one for each channel":                     func() { op.PReLU(zeros(2, 3, 4), zeros(4)) },
		"glu of float32[2 3]: want an even number of elements along axis -1, not 3":                         func() { op.GLU(zeros(2, 3), -1) },
		"swiglu of float32[2 4]: axis 2 is outside":                                                         func() { op.SwiGLU(zeros(2, 4), 2) },
		"log_softmax of float32[]: want at least one axis":                                                  func() { op.LogSoftmax(zeros()) },
		"softmax_along of float32[2]: axis 1 is outside":                                                    func() { op.SoftmaxAlong(zeros(2), 1) },
		"gelu of int64[2]: want inputs of one float type":                                                   func() { op.GELU(ints) },
		"broadcast_to of float32[2]: want a shape that broadcasts to [3]":                                   func() { op.BroadcastTo(zeros(2), 3) },
		"flatten of float32[]: want an axis to keep":                                                        func() { op.Flatten(zeros()) },
	})
}

// wantMistakes fails unless each function panics with a mistake that is said to lie
// in a test.
func wantMistakes(t *testing.T, mistakes map[string]func()) {
	t.Helper()
	for want, f := range mistakes {
		func() {
			defer func() {
				err, _ := recover().(error)
				var mistake *tensor.Error
				if !errors.As(err, &mistake) || !strings.Contains(err.Error(), "_test.go:") || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}()
			f()
		}()
	}
}

func TestSpecialNumbers(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := func(v ...float32) *autograd.Value { return autograd.Const(tensor.FromSlice(v, len(v))) }
	bits := func(v *autograd.Value) (b []uint32) {
		for _, f := range tensor.Data[float32](v.Tensor()) {
			if f != f {
				f = nan
			}
			b = append(b, math.Float32bits(f))
		}
		return b
	}
	negative := float32(math.Copysign(0, -1))
	for name, c := range map[string]struct{ got, want *autograd.Value }{
		"relu":                   {op.ReLU(x(nan, -inf, inf, negative, -1)), x(nan, 0, inf, 0, 0)},
		"gate":                   {op.Gate(x(nan, 0, negative, 1, inf), x(1, 2, 3, nan, 5)), x(0, 0, 0, nan, 5)},
		"softmax of large":       {op.Softmax(x(1e30, 0, -inf)), x(1, 0, 0)},
		"softmax with NaN":       {op.Softmax(x(1, nan)), x(nan, nan)},
		"sum of nothing":         {op.Sum(op.Reshape(x(), 2, 0), 1), x(0, 0)},
		"matmul over no k":       {op.Reshape(op.MatMul(op.Zeros(tensor.Float32, 2, 0), op.Zeros(tensor.Float32, 0, 1)), 2), x(0, 0)},
		"max pool keeps NaN":     {op.Reshape(op.MaxPool2D(op.Reshape(x(1, inf, nan, 2), 1, 1, 2, 2), op.Pool2DConfig{Kernel: 2}), 1), x(nan)},
		"max pool of -Inf":       {op.Reshape(op.MaxPool2D(op.Reshape(x(-inf, -inf, -inf, -inf), 1, 1, 2, 2), op.Pool2DConfig{Kernel: 2}), 1), x(-inf)},
		"padding counts as zero": {op.Reshape(op.AvgPool2D(op.Reshape(x(1, 2, 3, 4), 1, 1, 2, 2), op.Pool2DConfig{Kernel: 2, Padding: 1}), 4), x(0.25, 0.5, 0.75, 1)},
		"padding never wins":     {op.Reshape(op.MaxPool2D(op.Reshape(x(-1, -2, -3, -4), 1, 1, 2, 2), op.Pool2DConfig{Kernel: 2, Padding: 1}), 4), x(-1, -2, -3, -4)},
		"cross-entropy of large": {op.CrossEntropy(op.Reshape(x(1000, 0), 1, 2), autograd.Const(tensor.FromSlice([]int64{1}, 1))), x(1000)},
		"maximum":                {op.Maximum(x(1, nan, 2, negative, -inf), x(nan, 1, 3, 0, inf)), x(nan, nan, 3, 0, inf)},
		"minimum":                {op.Minimum(x(1, nan, 2, 0, -inf), x(nan, 1, 3, negative, inf)), x(nan, nan, 2, negative, -inf)},
		"clip":                   {op.Clip(x(nan, -inf, inf, 0.5), -1, 1), x(nan, -1, 1, 0.5)},
		"clip to no limits":      {op.Clip(x(nan, -inf, inf, 0.5), math.Inf(-1), math.Inf(1)), x(nan, -inf, inf, 0.5)},
		"abs":                    {op.Abs(x(nan, -inf, negative, -2)), x(nan, inf, 0, 2)},
		"sign":                   {op.Sign(x(nan, -inf, inf, negative, 0, 1e-45)), x(nan, -1, 1, negative, 0, 1)},
		"round":                  {op.Round(x(0.5, 1.5, 2.5, -0.5, -1.5, inf, nan)), x(0, 2, 2, negative, -2, inf, nan)},
		"trunc":                  {op.Trunc(x(1.9, -1.9, -0.9)), x(1, -1, negative)},
		"ceil":                   {op.Ceil(x(1.1, -1.1, -0.9)), x(2, -1, negative)},
		"mod":                    {op.Mod(x(7, -7, 7, -7, 1, 5), x(3, 3, -3, -3, 0, inf)), x(1, 2, -2, -1, nan, 5)},
		"mod that truncates":     {op.FMod(x(7, -7, 7, -7, 1, -5), x(3, 3, -3, -3, 0, inf)), x(1, -1, 1, -1, nan, -5)},
		"pow":                    {op.Pow(x(0, -2, -8, nan, 1, 0), x(0, 3, 0.5, 0, nan, -1)), x(1, -8, nan, 1, 1, inf)},
		"square":                 {op.PowConst(x(-3, negative), 2), x(9, 0)},
		"rsqrt":                  {op.Rsqrt(x(4, 0, inf, -1)), x(0.5, inf, 0, nan)},
		"log1p":                  {op.Log1p(x(-1, -2, 1e-30, negative)), x(-inf, nan, 1e-30, negative)},
		"expm1":                  {op.Expm1(x(-1000, 1e-30, 1000, negative)), x(-1, 1e-30, inf, negative)},
		"sin of infinities":      {op.Sin(x(inf, -inf, negative)), x(nan, nan, negative)},
		"where takes no NaN":     {op.Where(op.IsNaN(x(1, nan)), x(0), x(1, nan)), x(1, 0)},
		"comparisons with NaN":   {truths(op.Less(x(nan), x(1)), op.GreaterEqual(x(nan), x(1)), op.Equal(x(nan), x(nan)), op.NotEqual(x(nan), x(nan))), x(0, 0, 0, 1)},
		"zeros are equal":        {truths(op.Equal(x(negative), x(0)), op.Less(x(negative), x(0))), x(1, 0)},
		"is_inf":                 {truths(op.IsInf(x(inf, -inf, nan, 1))), x(1, 1, 0, 0)},
		"is_finite":              {truths(op.IsFinite(x(inf, -inf, nan, 1))), x(0, 0, 0, 1)},
		"log-sigmoid":            {op.LogSigmoid(x(-1000, 1000, -inf, inf, nan)), x(-1000, 0, -inf, 0, nan)},
		"softplus":               {op.Softplus(x(-1000, 1000, -inf, inf, nan), op.SoftplusConfig{}), x(0, 1000, 0, inf, nan)},
		"silu":                   {op.SiLU(x(-1000, 1000, inf, nan, negative)), x(negative, 1000, inf, nan, negative)},
		"gelu":                   {op.GELU(x(-1000, 1000, inf, nan, negative)), x(negative, 1000, inf, nan, negative)},
		"gelu with tanh":         {op.GELUTanh(x(-1000, 1000, inf, nan, negative)), x(negative, 1000, inf, nan, negative)},
		"mish":                   {op.Mish(x(-1000, 1000, inf, nan, negative)), x(negative, 1000, inf, nan, negative)},
		"elu":                    {op.ELU(x(-1000, -inf, 1000, inf, nan, 0), 2), x(-2, -2, 1000, inf, nan, 0)},
		"leaky relu":             {op.LeakyReLU(x(-4, -inf, inf, nan), 0.5), x(-2, -inf, inf, nan)},
		"relu6":                  {op.ReLU6(x(-1, 7, nan, -inf, inf)), x(0, 6, nan, 0, 6)},
		"hard sigmoid":           {op.HardSigmoid(x(-inf, -3, 0, 3, inf, nan)), x(0, 0, 0.5, 1, 1, nan)},
		"log-softmax of large":   {op.LogSoftmax(x(1e30, 0, -inf)), x(0, -1e30, -inf)},
		"softmax of no last":     {op.Reshape(op.SoftmaxAlong(op.Reshape(x(1e30, 0), 2, 1), 0), 2), x(1, 0)},
		"is_nan":                 {truths(op.IsNaN(x(inf, nan, -inf, 1))), x(0, 1, 0, 0)},
	} {
		if g, w := bits(c.got), bits(c.want); !slices.Equal(g, w) {
			t.Errorf("%s is %v, want %v", name, c.got.Tensor(), c.want.Tensor())
		}
	}
}

// truths joins bools, as numbers.
func truths(values ...*autograd.Value) *autograd.Value {
	var all []float32
	for _, v := range values {
		all = append(all, tensor.Data[float32](op.Cast(v, tensor.Float32).Tensor())...)
	}
	return autograd.Const(tensor.FromSlice(all, len(all)))
}

// Where a function has no derivative, its gradient is what Kinks says.
func TestGradientsAtKinks(t *testing.T) {
	type value = *autograd.Value
	with := func(f func(a, b value) value, b ...float64) func(value) value {
		return func(a value) value { return f(a, autograd.Const(tensor.FromSlice(b, len(b)))) }
	}
	for name, c := range map[string]struct {
		f       func(x value) value
		x, want []float64
	}{
		"abs":        {op.Abs, []float64{-2, 0, 3}, []float64{-1, 0, 1}},
		"maximum":    {with(op.Maximum, 1, 1, 1), []float64{0, 1, 2}, []float64{0, 0.5, 1}},
		"minimum":    {with(op.Minimum, 1, 1, 1), []float64{0, 1, 2}, []float64{1, 0.5, 0}},
		"clip":       {func(x value) value { return op.Clip(x, -1, 1) }, []float64{-2, -1, 0, 1, 2}, []float64{0, 1, 1, 1, 0}},
		"hard tanh":  {func(x value) value { return op.HardTanh(x, -1, 1) }, []float64{-2, -1, 0, 1, 2}, []float64{0, 0, 1, 0, 0}},
		"relu6":      {op.ReLU6, []float64{-1, 0, 3, 6, 7}, []float64{0, 0, 1, 0, 0}},
		"leaky relu": {func(x value) value { return op.LeakyReLU(x, 0.25) }, []float64{-1, 0, 1}, []float64{0.25, 0.25, 1}},
		"elu":        {func(x value) value { return op.ELU(x, 0.5) }, []float64{0, 1}, []float64{0.5, 1}},
		"hard swish": {op.HardSwish, []float64{-4, -3, 0, 3, 4}, []float64{0, 0, 0.5, 1, 1}},
		"softplus":   {func(x value) value { return op.Softplus(x, op.SoftplusConfig{Threshold: 2}) }, []float64{0, 3}, []float64{0.5, 1}},
		"softsign":   {op.Softsign, []float64{0, 1}, []float64{1, 0.25}},
		"pow at 0":   {with(op.Pow, 0, 1, 2), []float64{0, 0, 0}, []float64{0, 1, 0}},
		"0 to the":   {func(x value) value { return op.Pow(op.Zeros(tensor.Float64, 3), x) }, []float64{0, 1, 2}, []float64{0, 0, 0}},
		"x to the 0": {func(x value) value { return op.PowConst(x, 0) }, []float64{0, 1, 2}, []float64{0, 0, 0}},
	} {
		x := autograd.Variable("x", tensor.FromSlice(c.x, len(c.x)))
		got := tensor.Data[float64](autograd.Grad(op.Sum(c.f(x)), x)[0].Tensor())
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A long sum is cut into pieces, on any number of threads as in one.
func TestLongSums(t *testing.T) {
	const n = 3*kernel.Piece + 77
	x := tensor.New(tensor.Float32, 2, n)
	r := random.New(1)
	for i := range tensor.Data[float32](x) {
		tensor.Data[float32](x)[i] = r.Float32() - 0.5
	}
	data := tensor.Data[float32](x)
	want := tensor.FromSlice([]float32{kernel.Sum(data[:n]), kernel.Sum(data[n:])}, 2)
	column := op.Reshape(op.Permute(autograd.Const(x), 1, 0), 1, n, 2)
	for name, got := range map[string]*autograd.Value{
		"rows":    op.Sum(autograd.Const(x), 1),
		"columns": op.Reshape(op.Sum(column, 1), 2),
	} {
		if !got.Tensor().Equal(want) {
			t.Errorf("%s: got %v, want %v", name, got.Tensor(), want)
		}
	}
}

// The batch is summed last and by itself, so that blocks of it can be summed
// apart; other neighbouring axes are summed as one.
func TestTheOrderOfSums(t *testing.T) {
	x := tensor.New(tensor.Float32, 37, 5, 3, 7)
	r := random.New(1)
	for i := range tensor.Data[float32](x) {
		tensor.Data[float32](x)[i] = r.Float32() - 0.5
	}
	v := autograd.Const(x)
	flat := autograd.Const(x.Reshape(37, 5, 21))
	for name, c := range map[string]struct{ got, want *autograd.Value }{
		"all axes":       {op.Sum(v), op.Sum(op.Sum(v, 1, 2, 3), 0)},
		"0 and 1":        {op.Sum(v, 0, 1), op.Sum(op.Sum(v, 1), 0)},
		"0, 2 and 3":     {op.Sum(v, 0, 2, 3), op.Sum(op.Sum(v, 2, 3), 0)},
		"2 and 3 as one": {op.Sum(v, 2, 3), op.Sum(flat, 2)},
	} {
		if !c.got.Tensor().Equal(c.want.Tensor()) {
			t.Errorf("%s: %v, want the bits of %v", name, c.got.Tensor(), c.want.Tensor())
		}
	}
	if op.Sum(v).Tensor().Equal(op.Sum(autograd.Const(x.Reshape(x.Len()))).Tensor()) {
		t.Error("the test cannot tell one order from another")
	}
}
