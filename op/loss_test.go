package op_test

import (
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Where scores or probabilities are as far off as can be, losses are what they
// should be, and gradients are numbers.
func TestLossesOfExtremes(t *testing.T) {
	inf := math.Inf(1)
	row := func(v ...float64) *autograd.Value { return autograd.Variable("", tensor.FromSlice(v, len(v))) }
	rows := func(v ...float64) *autograd.Value { return op.Reshape(row(v...), 1, -1) }
	label := func(l int64) *autograd.Value { return autograd.Const(tensor.FromSlice([]int64{l}, 1)) }
	constant := func(v ...float64) *autograd.Value { return row(v...).Detach() }
	for name, c := range map[string]struct {
		x    *autograd.Value
		loss func(x *autograd.Value) *autograd.Value
		want float64
	}{
		"certain and right": {row(0, 1), func(x *autograd.Value) *autograd.Value { return op.BinaryCrossEntropy(x, constant(0, 1), op.ReduceSum) }, 0},
		"certain and wrong": {row(1, 0), func(x *autograd.Value) *autograd.Value {
			return op.BinaryCrossEntropy(x, constant(0, 1), op.ReduceMean)
		}, 100},
		"far scores": {row(-1000, 1000), func(x *autograd.Value) *autograd.Value {
			return op.BinaryCrossEntropyWithLogits(x, constant(0, 1), nil, op.ReduceSum)
		}, 0},
		"far scores, wrong": {row(1000, -1000), func(x *autograd.Value) *autograd.Value {
			return op.BinaryCrossEntropyWithLogits(x, constant(0, 1), nil, op.ReduceMean)
		}, 1000},
		"easy": {row(-1000, 1000), func(x *autograd.Value) *autograd.Value { return op.Focal(x, constant(0, 1), op.FocalConfig{}) }, 0},
		"impossible targets": {row(-1, -3), func(x *autograd.Value) *autograd.Value {
			return op.KL(x, constant(0, 1), op.KLConfig{Reduce: op.ReduceSum})
		}, 3},
		"masked scores": {rows(0, 0, -inf), func(x *autograd.Value) *autograd.Value {
			return op.CrossEntropyLoss(x, label(1), nil, op.CrossEntropyConfig{Ignore: []int{-100}})
		}, math.Ln2},
		"masked chances": {rows(-1, -2, -inf), func(x *autograd.Value) *autograd.Value { return op.NLL(x, label(1), nil, op.NLLConfig{}) }, 2},
		"at the target":  {row(1, 2), func(x *autograd.Value) *autograd.Value { return op.SmoothL1(x, constant(1, 2), op.SmoothL1Config{}) }, 0},
	} {
		y := c.loss(c.x)
		if got := y.Tensor().Item(); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: a loss of %v, want %v", name, got, c.want)
		}
		for _, g := range tensor.Data[float64](autograd.Grad(y, c.x)[0].Tensor()) {
			if math.IsNaN(g) || math.IsInf(g, 0) {
				t.Errorf("%s: a gradient of %v", name, g)
			}
		}
	}
}

func TestMistakesOfLosses(t *testing.T) {
	x := autograd.Const(tensor.New(tensor.Float32, 4, 3))
	labels := autograd.Const(tensor.FromSlice([]int64{0, 1, 2, 5}, 4))
	wantMistakes(t, map[string]func(){
		"want inputs of one float type and one shape":    func() { op.MSE(x, op.Sum(x, 0), op.ReduceMean) },
		"want ReduceMean, ReduceSum or ReduceNone":       func() { op.L1(x, x, 7) },
		"want a smoothing from 0 to 1, not 2":            func() { op.CrossEntropyLoss(x, labels, nil, op.CrossEntropyConfig{Smoothing: 2}) },
		"want a weight for each of the 3 classes":        func() { op.NLL(x, labels, op.Sum(x, -1), op.NLLConfig{}) },
		"want a target for each of the scores":           func() { op.NLL(op.Reshape(x, 4, 3, 1), labels, nil, op.NLLConfig{}) },
		"label 3 is 5, want 0 to 2":                      func() { op.CrossEntropyLoss(x, labels, nil, op.CrossEntropyConfig{}) },
		"want rows [… n] and a target for each, […], of": func() { op.CosineEmbedding(x, x, x, op.MarginConfig{}) },
		"want a distance above 0":                        func() { op.Huber(x, x, op.HuberConfig{Delta: -1}) },
	})
}
