package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// linearReLU is ReLU of a dense layer in one pass.
type linearReLU struct{ linear }

func (linearReLU) Name() string { return "linear_relu" }

func (o linearReLU) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare is that of the layer, and a pass over its output.
func (o linearReLU) Prepare(in, out []*tensor.Tensor) func() {
	layer, rectify := o.linear.Prepare(in, out), preparePointwise(relu{}, out, out)
	return func() {
		layer()
		rectify()
	}
}

// Block rectifies each sum before it is stored.
func (o linearReLU) Block(in, _ []tensor.Spec, ready []bool) *Block {
	return o.block(in, ready, kernel.ThenReLU)
}

func (o linearReLU) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return o.linear.Backward(call, []*autograd.Value{Gate(call.Out[0], grad[0])})
}

var _ = register(Entry{
	Name: "linear_relu", Kind: Matrix, Formula: "max(x·wᵀ + b, 0)", Shapes: "[n in], [out in], [out] → [n out]", Bound: 4e-6,
	Reference: rectified(linearReLU.element),
	Cases: []Case{
		{linearReLU{}, []Arg{In(3, 5), In(4, 5), In(4)}},
		{linearReLU{}, []Arg{In(3, 7), In(35, 7)}},
		{linearReLU{}, []Arg{In(1, 1), In(2, 1), In(2)}},
		{linearReLU{}, []Arg{In(0, 4), In(3, 4), In(3)}},
		{linearReLU{}, []Arg{In(17, 7), In(5, 7), In(5)}},
	},
})
