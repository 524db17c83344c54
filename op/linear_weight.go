package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// linearWeight returns Σ over n of g[n, out] x[n, in] for x of [n in] and g of
// [n out]: the gradient of Linear's weights. Unlike a matrix product it sums
// the batch in groups of 16, so that blocks of it can be worked on apart. The
// groups are added to a third input, if there is one.
type linearWeight struct{}

func (linearWeight) Name() string { return "linear_weight" }

func (linearWeight) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantTerms(in, 2, "[n in] and [n out]"); err != nil {
		return nil, err
	}
	if in[0].Shape[0] != in[1].Shape[0] {
		return nil, errors.New("want two batches of one length")
	}
	w := []int{in[1].Shape[1], in[0].Shape[1]}
	if len(in) == 3 && !slices.Equal(in[2].Shape, w) {
		return nil, fmt.Errorf("want the sum to begin from weights %v", w)
	}
	return one(in[0].DType, w...), nil
}

// Starts reports whether there is a third input.
func (linearWeight) Starts(inputs int) bool { return inputs == 3 }

// Running goes on from the weights so far. The first group alone is not added to 0.
func (o linearWeight) Running(in []tensor.Spec) *RunningSum {
	return runningGradient(o, in, negativeZero)
}

func (o linearWeight) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare cuts the weights into parts.
func (linearWeight) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareLinearWeight(&products32, in, out[0]) },
		func() func() { return prepareLinearWeight(&products64, in, out[0]) })
}

func prepareLinearWeight[T kernel.Float](pool *productScratch[T], in []*tensor.Tensor, out *tensor.Tensor) func() {
	dw, x, g := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[T](in[1])
	n, outs, ins := in[0].Shape()[0], out.Shape()[0], out.Shape()[1]
	return newPartition(outs, ins, n, false).loop(func(i0, i1, j0, j1 int) {
		scratch := pool.work.Get(kernel.GemmScratch)
		defer pool.work.Put(scratch)
		gi, xj := g, x
		if n > 0 {
			gi, xj = g[i0:], x[j0:]
		}
		for i := i0; i < i1 && len(in) == 3; i++ {
			copy(dw[i*ins+j0:i*ins+j1], tensor.Data[T](in[2])[i*ins+j0:])
		}
		kernel.LinearWeight(i1-i0, j1-j0, n, dw[i0*ins+j0:], ins, gi, outs, xj, ins, len(in) == 3, *scratch)
	}).Run
}

func (linearWeight) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, g, up := call.In[0], call.In[1], grad[0]
	return gradientsOfTerms(call, up,
		func() *autograd.Value { return MatMul(g, up) },
		func() *autograd.Value { return Linear(x, up, nil) })
}

var _ = register(Entry{
	Name: "linear_weight", Kind: Matrix, Formula: "start + Σ g[n,out] x[n,in] over n", Shapes: "[n in], [n out], [out in] → [out in]", Bound: 4e-6,
	Linear: [][]int{{0, 2}, {1, 2}},
	Whole:  "one packed product reads the batch once",
	Reference: PerElement(func(_ linearWeight, in []Array, index []int) float64 {
		x, g := in[0], in[1]
		return start(in, index) + total(x.Shape()[:1], func(at []int) float64 { return g.At(at[0], index[0]) * x.At(at[0], index[1]) })
	}),
	Cases: []Case{
		{linearWeight{}, []Arg{In(33, 5), In(33, 3)}},
		{linearWeight{}, []Arg{In(3, 5), In(3, 4)}},
		{linearWeight{}, []Arg{In(35, 5), In(35, 4)}},
		{linearWeight{}, []Arg{In(1, 70), In(1, 2)}},
		{linearWeight{}, []Arg{In(0, 3), In(0, 2)}},
		{linearWeight{}, []Arg{In(35, 5), In(35, 4), In(4, 5)}},
		{linearWeight{}, []Arg{In(3, 70), In(3, 20), In(20, 70)}},
		{linearWeight{}, []Arg{In(0, 3), In(0, 2), In(2, 3)}},
	},
})
