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
	} {
		if g, w := bits(c.got), bits(c.want); !slices.Equal(g, w) {
			t.Errorf("%s is %v, want %v", name, c.got.Tensor(), c.want.Tensor())
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
