package op

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type cast struct{ To tensor.DType }

// Cast converts x to another element type, as tensor.Convert does. Gradients
// flow between float types.
func Cast(x *autograd.Value, to tensor.DType) *autograd.Value {
	if x.DType() == to {
		return x
	}
	return autograd.Apply1(cast{to}, x)
}

func (cast) Name() string { return "cast" }

func (o cast) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	if o.To.Size() == 0 {
		return nil, fmt.Errorf("want a type of elements, not %v", o.To)
	}
	return one(o.To, in[0].Shape...), nil
}

func (cast) Forward(in, out []*tensor.Tensor) { tensor.ConvertInto(out[0], in[0]) }

func (cast) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Cast(grad[0], call.In[0].DType())}
}

var _ = register(Entry{
	Name: "cast", Kind: Elementwise, Formula: "x in another type", Call: "Cast(x, dtype)", Shapes: "any → the same",
	Whole: "of elements of another size; what is cast in training is small",
	Reference: PerElement(func(o cast, in []Array, index []int) float64 {
		switch v := in[0].At(index...); o.To {
		case tensor.Float32:
			return float64(float32(v))
		case tensor.Int32, tensor.Int64:
			return math.Trunc(v)
		default:
			return v
		}
	}),
	Cases: []Case{
		{cast{tensor.Int64}, []Arg{In(3, 5, 7)}},
		{cast{tensor.Float64}, []Arg{In(3, 4)}},
		{cast{tensor.Float32}, []Arg{In(3, 1)}},
		{cast{tensor.Int32}, []Arg{In(3, 4)}},
		{cast{tensor.Bool}, []Arg{Index(2, 5)}},
		{cast{tensor.Float64}, []Arg{In(0, 3)}},
	},
})
