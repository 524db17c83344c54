package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type reshape struct{ Shape []int }

// Reshape returns x's elements, in order, under another shape. One size may be
// -1: it is worked out from the others.
func Reshape(x *autograd.Value, shape ...int) *autograd.Value {
	if slices.Equal(x.Shape(), shape) {
		return x
	}
	return autograd.Apply1(reshape{slices.Clone(shape)}, x)
}

// Flatten joins all axes but the first.
func Flatten(x *autograd.Value) *autograd.Value {
	shape := x.Shape()
	if len(shape) == 0 {
		tensor.Fail("flatten", []tensor.Spec{x.Spec()}, "want an axis to keep")
	}
	return Reshape(x, shape[0], tensor.Elements(shape[1:]))
}

func (reshape) Name() string { return "reshape" }

func (o reshape) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	shape, ok := tensor.InferShape(in[0].Elements(), o.Shape)
	if !ok {
		return nil, fmt.Errorf("want as many elements as %v has", o.Shape)
	}
	return one(in[0].DType, shape...), nil
}

func (reshape) Forward(in, out []*tensor.Tensor) {
	out[0].CopyFrom(in[0].Reshape(out[0].Shape()...))
}

// IsView: the elements stay where they are.
func (reshape) IsView() {}

func (reshape) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Reshape(grad[0], call.In[0].Shape()...)}
}

var _ = register(Entry{
	Name: "reshape", Kind: Shape, Formula: "x's elements under another shape", Call: "Reshape(x, shape...)", Shapes: "any → that shape",
	Linear: [][]int{{0}},
	Whole:  "a view",
	Reference: func(o Operation, in []Array) []Array {
		out, _ := Infer(o, []tensor.Spec{in[0].Spec})
		return []Array{{out[0], in[0].Data}}
	},
	Cases: []Case{
		{reshape{[]int{-1, 7}}, []Arg{In(3, 7, 5)}},
		{reshape{[]int{4, 3}}, []Arg{In(3, 4)}},
		{reshape{[]int{2, -1}}, []Arg{In(4, 3)}},
		{reshape{[]int{}}, []Arg{In(1, 1)}},
		{reshape{[]int{5, 0}}, []Arg{In(0, 2)}},
	},
})
