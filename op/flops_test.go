package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// flopsOf adds up the FLOPs of what f and, if backward is set, its gradients take.
func flopsOf(backward bool, f func(in []*autograd.Value) *autograd.Value, shapes ...[]int) (total int64) {
	var variables []*autograd.Value
	for _, s := range shapes {
		variables = append(variables, autograd.Variable("", tensor.New(tensor.Float32, s...)))
	}
	tr := autograd.Record(variables, nil, func([]*autograd.Value) []*autograd.Value {
		y := f(variables)
		if !backward {
			return []*autograd.Value{y}
		}
		return autograd.Backward([]*autograd.Value{y}, []*autograd.Value{y}, variables, false)
	})
	specs := func(ids []int) (s []tensor.Spec) {
		for _, id := range ids {
			s = append(s, tr.Specs[id])
		}
		return s
	}
	for _, ins := range tr.Instructions {
		total += op.FLOPs(ins.Op, specs(ins.In), specs(ins.Out))
	}
	return total
}

func TestFLOPs(t *testing.T) {
	conv := func(in []*autograd.Value) *autograd.Value {
		return op.Conv2D(in[0], in[1], nil, op.Conv2DConfig{Stride: 2, Padding: 1, Groups: 2})
	}
	linear := func(in []*autograd.Value) *autograd.Value { return op.Linear(in[0], in[1], nil) }
	matmul := func(in []*autograd.Value) *autograd.Value { return op.MatMul(in[0], in[1]) }
	attend := func(cfg op.AttentionConfig) func(in []*autograd.Value) *autograd.Value {
		return func(in []*autograd.Value) *autograd.Value { return op.Attention(in[0], in[1], in[2], cfg) }
	}
	const taps, dots, cells = 2 * (3 * 6 * 4 * 4) * (2 * 3 * 3), 2 * (5 * 7) * 11, 2 * (2 * 3 * 7) * 5
	for _, c := range []struct {
		name string
		got  int64
		want int64
	}{
		{"conv2d", flopsOf(false, conv, []int{3, 4, 8, 8}, []int{6, 2, 3, 3}), taps},
		{"conv2d and its gradients", flopsOf(true, conv, []int{3, 4, 8, 8}, []int{6, 2, 3, 3}), 3 * taps},
		{"linear", flopsOf(false, linear, []int{5, 11}, []int{7, 11}), dots},
		{"linear and its gradients", flopsOf(true, linear, []int{5, 11}, []int{7, 11}), 3 * dots},
		{"linear with an axis more", flopsOf(false, linear, []int{1, 5, 11}, []int{7, 11}), dots},
		{"matmul", flopsOf(false, matmul, []int{2, 3, 5}, []int{2, 5, 7}), cells},
		{"matmul and its gradients", flopsOf(true, matmul, []int{2, 3, 5}, []int{2, 5, 7}), 3 * cells},
		{"attention", flopsOf(false, attend(op.AttentionConfig{}), []int{2, 4, 5, 3}, []int{2, 2, 7, 3}, []int{2, 2, 7, 6}), 2 * (2 * 4 * 5 * 7) * (3 + 6)},
		{"causal attention", flopsOf(false, attend(op.AttentionConfig{Causal: true}), []int{2, 4, 5, 3}, []int{2, 4, 5, 3}, []int{2, 4, 5, 3}), 2 * (2 * 4 * 15) * 6},
		{"add", flopsOf(false, func(in []*autograd.Value) *autograd.Value { return op.Add(in[0], in[1]) }, []int{3, 5}, []int{5}), 15},
		{"sum", flopsOf(false, func(in []*autograd.Value) *autograd.Value { return op.Sum(in[0]) }, []int{3, 5}), 15},
		{"permute and reshape", flopsOf(false, func(in []*autograd.Value) *autograd.Value { return op.Reshape(op.Permute(in[0], 1, 0), 15) }, []int{3, 5}), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d FLOPs, want %d", c.name, c.got, c.want)
		}
	}
}
