package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// conv2DReLU is ReLU of a convolution in one pass.
type conv2DReLU struct{ conv2D }

func (conv2DReLU) Name() string { return "conv2d_relu" }

func (o conv2DReLU) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { convForward(&scratch32, o.Conv2DConfig, kernel.ThenReLU, in, out[0]) },
		func() { convForward(&scratch64, o.Conv2DConfig, kernel.ThenReLU, in, out[0]) })
}

// Block rectifies each sum before it is stored.
func (o conv2DReLU) Block(in, _ []tensor.Spec, ready []bool) *Block {
	return o.block(in, ready, kernel.ThenReLU)
}

func (o conv2DReLU) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return o.conv2D.Backward(call, []*autograd.Value{Gate(call.Out[0], grad[0])})
}

var _ = register(Entry{
	Name: "conv2d_relu", Kind: Convolution, Formula: "max(conv2d(x, w, b), 0)", Shapes: "[n c h w], [o c/groups kh kw], [o] → [n o h′ w′]", Bound: 1e-5,
	Reference: rectified(conv2DReLU.element),
	Cases: []Case{
		{conv2DReLU{conv2D{Conv2DConfig{Padding: 1}}}, []Arg{In(2, 2, 3, 4), In(3, 2, 3, 2), In(3)}},
		{conv2DReLU{conv2D{Conv2DConfig{Stride: 2}}}, []Arg{In(18, 1, 3, 5), In(2, 1, 3, 1)}},
		{conv2DReLU{conv2D{Conv2DConfig{Dilation: 2, Columns: ConvColumns{3, 2, 2}}}}, []Arg{In(1, 2, 3, 7), In(2, 2, 2, 3)}},
		{conv2DReLU{conv2D{Conv2DConfig{Groups: 2}}}, []Arg{In(0, 2, 4, 4), In(4, 1, 3, 3), In(4)}},
		{conv2DReLU{conv2D{Conv2DConfig{Padding: 1}}}, []Arg{In(3, 1, 7, 5), In(3, 1, 3, 3), In(3)}},
		{conv2DReLU{conv2D{Conv2DConfig{Stride: 2}}}, []Arg{In(1, 3, 9, 7), In(5, 3, 3, 1)}},
		{conv2DReLU{conv2D{Conv2DConfig{Padding: 1}}}, []Arg{In(1, 16, 9, 8), In(16, 16, 3, 3), In(16)}},
	},
})
