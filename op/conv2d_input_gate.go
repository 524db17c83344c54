package op

import (
	"errors"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// conv2DInputGate is conv2DInput where the images x are above 0, else 0: the
// gradient of a convolution of rectified images. Its inputs are the gradient of
// the output, the weights, and x.
type conv2DInputGate struct{ conv2DInput }

func (conv2DInputGate) Name() string { return "conv2d_input_gate" }

func (o conv2DInputGate) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 3); err != nil {
		return nil, err
	}
	out, err := o.conv2DInput.Infer(in[:2])
	if err == nil && (in[2].DType != out[0].DType || !slices.Equal(in[2].Shape, out[0].Shape)) {
		err = errors.New("want images of the type and shape of their gradient")
	}
	return out, err
}

func (o conv2DInputGate) Forward(in, out []*tensor.Tensor) {
	o.conv2DInput.Forward(in[:2], out)
	ForwardPointwise(gate{}, []*tensor.Tensor{in[2], out[0]}, out)
}

func (o conv2DInputGate) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[2]
	down := o.conv2DInput.Backward(call, []*autograd.Value{Gate(x, grad[0])})
	return append(down, Zeros(x.DType(), x.Shape()...))
}

var _ = register(Entry{
	Name: "conv2d_input_gate", Kind: Convolution, Formula: "conv2d_input(g, w), where x > 0", Shapes: "[n o h′ w′], [o c/groups kh kw], [n c h w] → [n c h w]", Bound: 1e-5,
	Linear: [][]int{{0}, {1}},
	Kinks:  "the gate is shut at 0",
	Reference: PerElement(func(o conv2DInputGate, in []Array, index []int) float64 {
		if in[2].At(index...) > 0 {
			return o.element(in, index)
		}
		return 0
	}),
	Cases: []Case{
		{conv2DInputGate{conv2DInput{Conv2DConfig{Padding: 1}, 3, 4}}, []Arg{In(2, 3, 3, 5), In(3, 2, 3, 2), In(2, 2, 3, 4).AwayFromZero()}},
		{conv2DInputGate{conv2DInput{Conv2DConfig{Stride: 2}, 5, 5}}, []Arg{In(18, 2, 2, 3), In(2, 1, 3, 1), In(18, 1, 5, 5).AwayFromZero()}},
		{conv2DInputGate{conv2DInput{Conv2DConfig{Dilation: 2, Columns: ConvColumns{3, 2, 2}}, 3, 7}}, []Arg{In(1, 2, 1, 3), In(2, 2, 2, 3), In(1, 2, 3, 7).AwayFromZero()}},
		{conv2DInputGate{conv2DInput{Conv2DConfig{Groups: 2}, 4, 4}}, []Arg{In(0, 4, 2, 2), In(4, 1, 3, 3), In(0, 2, 4, 4).AwayFromZero()}},
		{conv2DInputGate{conv2DInput{Conv2DConfig{Padding: 2}, 6, 6}}, []Arg{In(8, 16, 8, 8), In(16, 16, 3, 3), In(8, 16, 6, 6).AwayFromZero()}},
	},
})
