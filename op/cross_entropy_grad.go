package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// crossEntropyGrad returns g[n] (softmax(x)[n] - 1 at the label) for scores x of
// [n classes], int64 labels [n] and g of [n]: the gradient of CrossEntropy.
type crossEntropyGrad struct{}

func (crossEntropyGrad) Name() string { return "cross_entropy_grad" }

func (crossEntropyGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 3); err != nil {
		return nil, err
	}
	if err := wantScoresAndLabels(in[:2]); err != nil {
		return nil, err
	}
	if err := wantFloats([]tensor.Spec{in[0], in[2]}, 2); err != nil {
		return nil, err
	}
	if in[2].Rank() != 1 || in[2].Shape[0] != in[0].Shape[0] {
		return nil, errOnePerExample
	}
	return one(in[0].DType, in[0].Shape...), nil
}

func (o crossEntropyGrad) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the examples.
func (crossEntropyGrad) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareCrossEntropyGrad[float32](in, out[0]) },
		func() func() { return prepareCrossEntropyGrad[float64](in, out[0]) })
}

func prepareCrossEntropyGrad[T kernel.Float](in []*tensor.Tensor, out *tensor.Tensor) func() {
	y, x, label, g := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int64](in[1]), tensor.Data[T](in[2])
	n := out.Shape()[1]
	return parallel.NewLoop(len(label), expGrain/n, func(lo, hi int) {
		checkLabels("cross_entropy_grad", label[lo:hi], n, lo)
		kernel.Softmax(y[lo*n:hi*n], x[lo*n:hi*n], hi-lo, n)
		for r := lo; r < hi; r++ {
			row := y[r*n : (r+1)*n]
			row[label[r]]--
			kernel.MulScalar(row, row, g[r])
		}
	}).Run
}

// Block keeps the classes of an example one below the other.
func (crossEntropyGrad) Block(in, _ []tensor.Spec, ready []bool) *Block {
	if !ready[0] {
		return nil
	}
	n := in[0].Shape[1]
	return &Block{Split: []bool{true, true, true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { crossEntropyGradBlock[float32](n, c) },
			func(c *BlockCall) { crossEntropyGradBlock[float64](n, c) })
	}}
}

func crossEntropyGradBlock[T kernel.Float](n int, c *BlockCall) {
	y, x, label, g := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[int64](c.In[1]), tensor.Data[T](c.In[2])
	checkLabels("cross_entropy_grad", label[:c.Examples], n, c.First)
	kernel.SoftmaxLanes(c.Lanes, y, x, n)
	for lane, l := range label[:c.Examples] {
		y[int(l)*c.Lanes+lane]--
	}
	for r := range n {
		row := y[r*c.Lanes : (r+1)*c.Lanes]
		kernel.Mul(row, row, g)
	}
}

func (crossEntropyGrad) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, label, g, up := call.In[0], call.In[1], call.In[2], grad[0]
	down := make([]*autograd.Value, 3)
	p := Softmax(x)
	if call.Needs[0] {
		weighed := Mul(up, Reshape(g, -1, 1))
		down[0] = Mul(p, Sub(weighed, SumKeep(Mul(weighed, p), -1)))
	}
	if call.Needs[2] {
		down[2] = Sum(Mul(up, Sub(p, OneHot(label, x.Shape()[1], x.DType()))), -1)
	}
	return down
}

var _ = register(Entry{
	Name: "cross_entropy_grad", Kind: Loss, Formula: "g (softmax(x) - 1 at the label)", Shapes: "[n classes], [n], [n] → [n classes]",
	Linear: [][]int{{2}},
	Reference: PerElement(func(_ crossEntropyGrad, in []Array, index []int) float64 {
		x, example, class := in[0].row(index), index[0], index[1]
		p := math.Exp(x[class] - logTotal(x))
		if class == int(in[1].At(example)) {
			p--
		}
		return p * in[2].At(example)
	}),
	Cases: []Case{
		{crossEntropyGrad{}, []Arg{In(4, 7), Index(7, 4), In(4)}},
		{crossEntropyGrad{}, []Arg{In(3, 47), Index(47, 3), In(3)}},
		{crossEntropyGrad{}, []Arg{In(2, 1), Index(1, 2), In(2)}},
		{crossEntropyGrad{}, []Arg{In(0, 3), Index(3, 0), In(0)}},
	},
})
