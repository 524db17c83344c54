package program

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// A program for few examples packs its weights once. Whoever assigns them, in
// whatever way, gets results of the new ones.
func TestPackedWeightsFollowAssignments(t *testing.T) {
	w, b := autograd.Variable("w", fill(1, 12).Reshape(3, 4)), autograd.Variable("b", fill(2, 3))
	layer := func(in values) values { return values{op.ReLU(op.Linear(in[0], w, b)), op.Linear(in[0], w, nil)} }
	score := Record(values{w, b}, specs{tensor.NewSpec(tensor.Float64, 1, 4)}, layer)
	train := Record(values{w}, nil, func(values) values {
		autograd.Assign(w, op.Neg(op.Scale(w, 2)))
		return nil
	})
	x := fill(3, 4).Reshape(1, 4)
	for i, change := range []func(){
		func() {},
		func() { autograd.Assign(w, autograd.Const(fill(4, 12).Reshape(3, 4))) },
		func() { autograd.Overwrite(w, fill(5, 12).Reshape(3, 4)) },
		func() { train.Run() },
		func() { autograd.Overwrite(b, fill(6, 3)) },
	} {
		change()
		want := layer(values{autograd.Const(x)})
		for j, got := range score.Run(x) {
			if !got.Equal(want[j].Tensor()) {
				t.Errorf("change %d, output %d: %v, want %v", i, j, got, want[j].Tensor())
			}
		}
	}
}
