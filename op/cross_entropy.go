package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type crossEntropy struct{}

// CrossEntropy returns -ln softmax(x)[label] for each row of scores x, of shape
// [n, classes], and labels, int64 of shape [n]: a loss for each example. Its
// Mean is the usual loss of a classifier.
func CrossEntropy(x, label *autograd.Value) *autograd.Value {
	return autograd.Apply1(crossEntropy{}, x, label)
}

func (crossEntropy) Name() string { return "cross_entropy" }

func (crossEntropy) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantScoresAndLabels(in); err != nil {
		return nil, err
	}
	return one(in[0].DType, in[0].Shape[0]), nil
}

func (o crossEntropy) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the examples.
func (crossEntropy) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareCrossEntropy(&scratch32, out[0], in[0], in[1]) },
		func() func() { return prepareCrossEntropy(&scratch64, out[0], in[0], in[1]) })
}

func prepareCrossEntropy[T kernel.Float](scratch *parallel.Scratch[T], out, in, labels *tensor.Tensor) func() {
	loss, x, label := tensor.Data[T](out), tensor.Data[T](in), tensor.Data[int64](labels)
	n := in.Shape()[1]
	return parallel.NewLoop(len(loss), expGrain/n, func(lo, hi int) {
		checkLabels("cross_entropy", label[lo:hi], n, lo)
		s := scratch.Get(n)
		defer scratch.Put(s)
		kernel.CrossEntropy(loss[lo:hi], x[lo*n:hi*n], label[lo:hi], n, *s)
	}).Run
}

// Block keeps the classes of an example one below the other.
func (crossEntropy) Block(in, _ []tensor.Spec, ready []bool) *Block {
	if !ready[0] {
		return nil
	}
	n := in[0].Shape[1]
	return &Block{Split: []bool{true, true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, n*kernel.Lanes,
			func(c *BlockCall) { crossEntropyBlock[float32](n, c) },
			func(c *BlockCall) { crossEntropyBlock[float64](n, c) })
	}}
}

func crossEntropyBlock[T kernel.Float](n int, c *BlockCall) {
	label := tensor.Data[int64](c.In[1])
	checkLabels("cross_entropy", label[:c.Examples], n, c.First)
	kernel.CrossEntropyLanes(c.Lanes, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), label, n, tensor.Data[T](c.Scratch))
}

func (crossEntropy) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, label := call.In[0], call.In[1]
	return []*autograd.Value{autograd.Apply1(crossEntropyGrad{}, x, label, grad[0]), nil}
}

var _ = register(Entry{
	Name: "cross_entropy", Kind: Loss, Formula: "-ln softmax(x)[label]", Call: "CrossEntropy(x, label)", Shapes: "[n classes], [n] → [n]",
	Reference: PerElement(func(_ crossEntropy, in []Array, index []int) float64 {
		x := in[0].row(index)
		return logTotal(x) - x[int(in[1].At(index...))]
	}),
	Cases: []Case{
		{crossEntropy{}, []Arg{In(17, 5), Index(5, 17)}},
		{crossEntropy{}, []Arg{In(4, 7), Index(7, 4)}},
		{crossEntropy{}, []Arg{In(3, 47), Index(47, 3)}},
		{crossEntropy{}, []Arg{In(2, 1), Index(1, 2)}},
		{crossEntropy{}, []Arg{In(0, 3), Index(3, 0)}},
	},
})
