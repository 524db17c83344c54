package op

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// linearPacked is Linear with weights of a packed type, which have no gradient.
type linearPacked struct{}

func (linearPacked) Name() string { return "linear_packed" }

func (linearPacked) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantPackedWeights(in, 2, "[n in] and [out in]"); err != nil {
		return nil, err
	}
	x, w := in[0].Shape, in[1].Shape
	if x[1] != w[1] {
		return nil, fmt.Errorf("want an input [n %d] for these weights", w[1])
	}
	return one(in[0].DType, x[0], w[0]), nil
}

func (o linearPacked) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare cuts the product into parts.
func (linearPacked) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareLinearPacked(&products32, in, out[0]) },
		func() func() { return prepareLinearPacked(&products64, in, out[0]) })
}

func prepareLinearPacked[T kernel.Float](pool *productScratch[T], in []*tensor.Tensor, out *tensor.Tensor) func() {
	g := packedProduct[T]{
		m: out.Shape()[0], n: out.Shape()[1], k: in[0].Shape()[1], transB: true,
		c: tensor.Data[T](out), a: tensor.Data[T](in[0]), packedB: newPackedOperand(in[1]),
	}
	if len(in) == 3 {
		g.bias = tensor.Data[T](in[2])
	}
	return g.prepare(pool)
}

func (linearPacked) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	down := make([]*autograd.Value, len(call.In))
	if call.Needs[0] {
		down[0] = MatMul(grad[0], call.In[1])
	}
	if len(call.In) == 3 && call.Needs[2] {
		down[2] = Sum(grad[0], 0)
	}
	return down
}

var _ = register(Entry{
	Name: "linear_packed", Kind: Matrix, Formula: "x·wᵀ + b, w packed", Call: "Linear(x, w, b)", Shapes: "[n in], [out in], [out] → [n out]", Bound: 4e-6,
	Linear:    [][]int{{0, 2}},
	Whole:     "weights are decoded once for all examples",
	Reference: PerElement(func(_ Operation, in []Array, index []int) float64 { return linear{}.element(in, index) }),
	Cases: []Case{
		{linearPacked{}, []Arg{In(3, 37), Packed(tensor.MXFP4, 4, 37), In(4)}},
		{linearPacked{}, []Arg{In(3, 40), Packed(tensor.NVFP4, 33, 40)}},
		{linearPacked{}, []Arg{In(1, 70), Packed(tensor.MXFP4, 40, 70), In(40)}},
		{linearPacked{}, []Arg{In(1, 40), Packed(tensor.NVFP4, 17, 40), In(17)}},
		{linearPacked{}, []Arg{In(1, 5), Packed(tensor.Float6E2M3, 3, 5)}},
		{linearPacked{}, []Arg{In(19, 7), Packed(tensor.Float8E4M3, 70, 7), In(70)}},
		{linearPacked{}, []Arg{In(5, 7), Packed(tensor.BFloat16, 5, 7), In(5)}},
		{linearPacked{}, []Arg{In(4, 9), Packed(tensor.MXINT8, 5, 9), In(5)}},
		{linearPacked{}, []Arg{In(2, 0), Packed(tensor.MXFP6E3M2, 3, 0), In(3)}},
		{linearPacked{}, []Arg{In(0, 4), Packed(tensor.Float16, 3, 4), In(3)}},
	},
})
