package op

import (
	"errors"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// matMulPacked is MatMul of two matrices of which one or both are of packed types, which
// have no gradient. Of two packed ones the product is of type Of, which else is Invalid.
type matMulPacked struct{ Of tensor.DType }

// productType returns the type to give to the product of two matrices, float32 of two
// packed ones, or Invalid where one of them has it.
func productType(a, b *autograd.Value) tensor.DType {
	if a.DType().IsPacked() && b.DType().IsPacked() {
		return tensor.Float32
	}
	return tensor.Invalid
}

func (matMulPacked) Name() string { return "matmul_packed" }

func (o matMulPacked) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	a, b := in[0], in[1]
	d := o.Of
	for _, s := range in {
		switch {
		case s.DType.IsFloat():
			d = s.DType
		case !s.DType.IsPacked():
			return nil, errors.New("want matrices of packed and float types")
		}
	}
	switch {
	case !a.DType.IsPacked() && !b.DType.IsPacked():
		return nil, errors.New("want a matrix of a packed type")
	case (a.DType.IsPacked() && b.DType.IsPacked()) != o.Of.IsFloat():
		return nil, errors.New("want a float type for the product of two packed matrices, and for no other")
	case a.Rank() != 2 || b.Rank() != 2:
		return nil, errors.New("want two axes where a type is packed")
	case a.Shape[1] != b.Shape[0]:
		return nil, errors.New("want as many columns on the left as rows on the right")
	}
	return one(d, a.Shape[0], b.Shape[1]), nil
}

func (o matMulPacked) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare cuts the product into parts.
func (matMulPacked) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareMatMulPacked(&products32, in, out[0]) },
		func() func() { return prepareMatMulPacked(&products64, in, out[0]) })
}

func prepareMatMulPacked[T kernel.Float](pool *productScratch[T], in []*tensor.Tensor, out *tensor.Tensor) func() {
	g := packedProduct[T]{m: out.Shape()[0], n: out.Shape()[1], k: in[0].Shape()[1], c: tensor.Data[T](out)}
	g.a, g.packedA = packedOrNot[T](in[0])
	g.b, g.packedB = packedOrNot[T](in[1])
	return g.prepare(pool)
}

func packedOrNot[T kernel.Float](t *tensor.Tensor) ([]T, *packedOperand) {
	if !t.DType().IsPacked() {
		return tensor.Data[T](t), nil
	}
	return nil, newPackedOperand(t)
}

func (matMulPacked) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b, g := call.In[0], call.In[1], grad[0]
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		down[0] = Linear(g, b, nil)
	}
	if call.Needs[1] {
		down[1] = matMulT(Cast(a, g.DType()), g, true, false)
	}
	return down
}

var _ = register(Entry{
	Name: "matmul_packed", Kind: Matrix, Formula: "a · b, packed", Call: "MatMul(a, b)", Shapes: "[m k], [k n] → [m n]", Bound: 4e-6,
	Whole:     "matrices are decoded once for all examples",
	Reference: PerElement(func(_ Operation, in []Array, index []int) float64 { return matMul{}.element(in[0], in[1], index) }),
	Cases: []Case{
		{matMulPacked{}, []Arg{In(3, 5), Packed(tensor.BFloat16, 5, 4)}},
		{matMulPacked{}, []Arg{Packed(tensor.BFloat16, 3, 37), In(37, 4)}},
		{matMulPacked{tensor.Float64}, []Arg{Packed(tensor.BFloat16, 5, 7), Packed(tensor.Float16, 7, 70)}},
		{matMulPacked{}, []Arg{In(7, 20), Packed(tensor.MXFP4, 20, 70)}},
		{matMulPacked{tensor.Float64}, []Arg{Packed(tensor.NVFP4, 3, 40), Packed(tensor.MXFP8E5M2, 40, 33)}},
		{matMulPacked{}, []Arg{In(1, 3), Packed(tensor.Float4E2M1, 3, 1)}},
		{matMulPacked{}, []Arg{Packed(tensor.MXFP4, 3, 0), In(0, 2)}},
		{matMulPacked{}, []Arg{In(0, 3), Packed(tensor.Float8E5M2, 3, 2)}},
	},
})
