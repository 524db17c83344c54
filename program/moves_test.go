package program

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// What moves elements within an example does not end a segment, forward or
// backward: of a densely connected network it would be every layer.
func TestMovesStayInTheSegment(t *testing.T) {
	variable := func(shape ...int) *autograd.Value { return autograd.Variable("", tensor.New(tensor.Float32, shape...)) }
	first, second := variable(4, 3, 3, 3), variable(4, 5, 3, 3)
	same := op.Conv2DConfig{Padding: 1}
	p := Record([]*autograd.Value{first, second}, []tensor.Spec{tensor.NewSpec(tensor.Float32, 32, 3, 8, 8)}, func(in []*autograd.Value) []*autograd.Value {
		dense := op.Concat(1, in[0], op.Conv2D(in[0], first, nil, same))
		parts := op.Split(dense, 1, 5, 2)
		rows := op.Slice(op.Conv2D(parts[0], second, nil, same), op.Range{Axis: 2, Start: -1, Stop: op.End, Step: -2})
		rows = op.Pad(rows, op.PadConfig{Before: []int{1, 2}, Mode: op.PadReflect})
		last := op.MaxKeep(op.CumSum(op.Permute(rows, 0, 2, 3, 1), 2), 3)
		loss := op.Add(op.Mean(last), op.Mean(op.Tanh(parts[1])))
		return autograd.Grad(loss, first, second)
	})
	moves := 0
	for _, task := range newSchedule(p.trace, p.trace.Instructions, true).tasks {
		switch name := task.Op.Name(); name {
		case "concat", "split", "slice", "place", "permute", "cumsum", "max":
			moves++
			if task.kind != asBlocks || task.phase != 0 {
				t.Errorf("%s is in phase %d, %v", name, task.phase, task.kind)
			}
		}
	}
	if moves < 15 {
		t.Errorf("only %d moves, forward and backward", moves)
	}
}
