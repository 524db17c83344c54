package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type broadcastTo struct{ Shape []int }

// BroadcastTo repeats x along axes of size 1 and new leading axes until it has
// the shape.
func BroadcastTo(x *autograd.Value, shape ...int) *autograd.Value {
	if slices.Equal(x.Shape(), shape) {
		return x
	}
	return autograd.Apply1(broadcastTo{slices.Clone(shape)}, x)
}

func (broadcastTo) Name() string { return "broadcast_to" }

func (o broadcastTo) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	if both, err := tensor.Broadcast(in[0].Shape, o.Shape); err != nil || !slices.Equal(both, o.Shape) {
		return nil, fmt.Errorf("want a shape that broadcasts to %v", o.Shape)
	}
	return one(in[0].DType, o.Shape...), nil
}

func (o broadcastTo) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (broadcastTo) Prepare(in, out []*tensor.Tensor) func() {
	x, y := in[0].Shape(), out[0].Shape()
	return prepareMove(newMove(y, rowMajor(y, y), rowMajor(x, y)), out[0], in[0])
}

// Block copies within each example.
func (broadcastTo) Block(in, out []tensor.Spec, ready []bool) *Block {
	split, any := splitAlong(out[0], in, ready)
	if !any || !in[0].DType.IsFloat() {
		return nil
	}
	return &Block{Split: split, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		return copying.loop(out[0].DType).block(blockNest(in, blocks, split, out[0], outs[0]))
	}}
}

// copying is the loop that copies.
var copying = unary(
	func(dst, x []float32) { copy(dst, x) },
	func(dst, x []float64) { copy(dst, x) })

func (broadcastTo) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Unbroadcast(grad[0], call.In[0].Shape())}
}

var _ = register(Entry{
	Name: "broadcast_to", Kind: Shape, Formula: "x repeated to a shape", Call: "BroadcastTo(x, shape...)", Shapes: "any → that shape",
	Linear:    [][]int{{0}},
	Reference: OfOne(func(x float64) float64 { return x }),
	Cases: []Case{
		{broadcastTo{[]int{3, 4}}, []Arg{In()}},
		{broadcastTo{[]int{3, 4}}, []Arg{In(1, 4)}},
		{broadcastTo{[]int{2, 3, 4}}, []Arg{In(3, 1)}},
		{broadcastTo{[]int{0, 3}}, []Arg{In(1, 3)}},
		{broadcastTo{[]int{2, 0}}, []Arg{In(0)}},
	},
})
