package op

import (
	"errors"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type where struct{}

// Where returns a where the condition, of bools, is true, else b: both of one type,
// float, int64 or bool, all three with NumPy's broadcasting. What was not taken gets a
// gradient of 0, even if that of the output is NaN.
func Where(condition, a, b *autograd.Value) *autograd.Value {
	return autograd.Apply1(where{}, condition, a, b)
}

func (where) Name() string { return "where" }

func (where) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 3); err != nil {
		return nil, err
	}
	if in[0].DType != tensor.Bool {
		return nil, errors.New("want a condition of bool")
	}
	d := in[1].DType
	if choices[d] == nil || in[2].DType != d {
		return nil, errors.New("want two inputs of one type, float, int64 or bool, to choose from")
	}
	shape, err := tensor.Broadcast(in[0].Shape, in[1].Shape)
	if err == nil {
		shape, err = tensor.Broadcast(shape, in[2].Shape)
	}
	if err != nil {
		return nil, err
	}
	return one(d, shape...), nil
}

var choices = map[tensor.DType]elementLoop{
	tensor.Float32: points[float32, bool, float32](kernel.Where[float32]),
	tensor.Float64: points[float64, bool, float64](kernel.Where[float64]),
	tensor.Int64:   points[int64, bool, int64](kernel.Where[int64]),
	tensor.Bool:    points[bool, bool, bool](kernel.Where[bool]),
}

func (where) loop(in []tensor.Spec) elementLoop { return choices[in[1].DType] }

func (o where) Forward(in, out []*tensor.Tensor) { forwardMixed(o, in, out) }

func (where) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	condition, zero := call.In[0], Scalar(grad[0].DType(), 0)
	down := make([]*autograd.Value, 3)
	if call.Needs[1] {
		down[1] = Unbroadcast(Where(condition, grad[0], zero), call.In[1].Shape())
	}
	if call.Needs[2] {
		down[2] = Unbroadcast(Where(condition, zero, grad[0]), call.In[2].Shape())
	}
	return down
}

var _ = register(Entry{
	Name: "where", Kind: Logic, Formula: "c ? a : b", Call: "Where(condition, a, b)", Shapes: "elementwise, of bools and two of one type",
	Reference: PerElement(func(_ where, in []Array, index []int) float64 {
		if in[0].At(index...) != 0 {
			return in[1].At(index...)
		}
		return in[2].At(index...)
	}),
	Cases: []Case{
		{where{}, []Arg{Mask(), In(), In()}},
		{where{}, []Arg{Mask(3, 7), In(3, 7), In(3, 7)}},
		{where{}, []Arg{Mask(5, 1), In(5), In()}},
		{where{}, []Arg{Mask(3), In(2, 1, 3), In(5, 1)}},
		{where{}, []Arg{Mask(4, 3), In(2, 4, 3), In()}},
		{where{}, []Arg{Mask(0, 3), In(1, 3), In(3)}},
		{where{}, []Arg{Mask(11), Index(9, 11), Index(9)}},
		{where{}, []Arg{Mask(2, 5), Mask(5), Mask(2, 1)}},
	},
})
