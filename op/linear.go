package op

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type linear struct{}

// Linear returns x·wᵀ + b for x of shape [… in], w of [out in] and b of [out] or
// nil. Each element is one chain of fused multiply-adds from the bias. Weights of a packed
// type give the bits that they give as float32, and have no gradient.
func Linear(x, w, b *autograd.Value) *autograd.Value {
	in := withBias(x, w, b)
	if rank := len(x.Shape()); rank == 0 || rank == 2 {
		if w.DType().IsPacked() {
			return autograd.Apply1(linearPacked{}, in...)
		}
		return autograd.Apply1(linear{}, in...)
	}
	defer named("linear", in)
	return autograd.AsPart("linear", in, func() []*autograd.Value {
		return []*autograd.Value{byRows(x, func(rows *autograd.Value) *autograd.Value { return Linear(rows, w, b) })}
	})[0]
}

func withBias(x, w, b *autograd.Value) []*autograd.Value {
	if b == nil {
		return []*autograd.Value{x, w}
	}
	return []*autograd.Value{x, w, b}
}

// wantWeights checks for an input and weights of some rank, and perhaps a bias
// with an element for each row of the weights.
func wantWeights(in []tensor.Spec, rank int, axes string) error {
	n := min(max(len(in), 2), 3)
	if err := wantFloats(in, n); err != nil {
		return err
	}
	if err := wantRank(in[:2], rank, axes); err != nil {
		return err
	}
	if n == 3 && (in[2].Rank() != 1 || in[2].Shape[0] != in[1].Shape[0]) {
		return fmt.Errorf("want a bias [%d]", in[1].Shape[0])
	}
	return nil
}

func (linear) Name() string { return "linear" }

func (linear) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantWeights(in, 2, "[n in] and [out in]"); err != nil {
		return nil, err
	}
	x, w := in[0].Shape, in[1].Shape
	if x[1] != w[1] {
		return nil, fmt.Errorf("want an input [n %d] for these weights", w[1])
	}
	return one(in[0].DType, x[0], w[0]), nil
}

func (o linear) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare cuts the product into parts.
func (linear) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareLinear(&products32, in, out[0]) },
		func() func() { return prepareLinear(&products64, in, out[0]) })
}

func prepareLinear[T kernel.Float](pool *productScratch[T], in []*tensor.Tensor, out *tensor.Tensor) func() {
	g := product[T]{
		transB: true, m: out.Shape()[0], n: out.Shape()[1], k: in[0].Shape()[1],
		c: tensor.Data[T](out), a: tensor.Data[T](in[0]), b: tensor.Data[T](in[1]),
	}
	if len(in) == 3 {
		g.bias = tensor.Data[T](in[2])
	}
	return g.prepare(pool)
}

// maxLaneWeights is how many weights a dense layer may have to go through them
// once for each block of a batch: they stay in the second-level cache. The
// packed product reads larger ones less often.
const maxLaneWeights = 1 << 17

// Block goes through the weights once for 16 examples.
func (o linear) Block(in, _ []tensor.Spec, ready []bool) *Block {
	return o.block(in, ready, kernel.None)
}

func (linear) block(in []tensor.Spec, ready []bool, e kernel.Epilogue) *Block {
	if !ready[0] || in[1].Elements() > maxLaneWeights {
		return nil
	}
	outs, ins := in[1].Shape[0], in[1].Shape[1]
	return &Block{Split: []bool{true, false, false}[:len(in)], Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return BlockKernel{}.inParts(in[0].DType, (outs+linearPart-1)/linearPart, 0,
			func(c *BlockCall, part int, _ *tensor.Tensor) { linearRows[float32](outs, ins, part, e, c) },
			func(c *BlockCall, part int, _ *tensor.Tensor) { linearRows[float64](outs, ins, part, e, c) })
	}}
}

// linearPart is how many outputs of a dense layer on blocks are a part.
const linearPart = 48

func linearRows[T kernel.Float](outs, ins, part int, e kernel.Epilogue, c *BlockCall) {
	lo := part * linearPart
	hi := min(lo+linearPart, outs)
	var bias []T
	if len(c.In) == 3 {
		bias = tensor.Data[T](c.In[2])[lo:hi]
	}
	kernel.LinearLanes(c.Lanes, hi-lo, ins, tensor.Data[T](c.Out[0])[lo*c.Lanes:], tensor.Data[T](c.In[0]),
		tensor.Data[T](c.In[1])[lo*ins:], bias, e)
}

func (linear) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, w, g := call.In[0], call.In[1], grad[0]
	down := make([]*autograd.Value, len(call.In))
	if call.Needs[0] {
		down[0] = MatMul(g, w)
	}
	if call.Needs[1] {
		down[1] = autograd.Apply1(linearWeight{}, x, g)
	}
	if len(call.In) == 3 && call.Needs[2] {
		down[2] = Sum(g, 0)
	}
	return down
}

// linearAny is Linear of any rank, for its cases.
type linearAny struct{}

func (linearAny) Name() string { return "linear" }

func (linearAny) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Linear(in[0], in[1], in[2])}
}

var _ = register(Entry{
	Name: "linear", Kind: Matrix, Formula: "x·wᵀ + b", Call: "Linear(x, w, b)", Shapes: "[… in], [out in], [out] → [… out]", Bound: 4e-6,
	Linear:    [][]int{{0, 2}, {1, 2}},
	Reference: PerElement(func(_ Operation, in []Array, index []int) float64 { return linear{}.element(in, index) }),
	Cases: []Case{
		{linear{}, []Arg{In(3, 5), In(4, 5), In(4)}},
		{linear{}, []Arg{In(3, 5), In(4, 5)}},
		{linear{}, []Arg{In(19, 7), In(70, 7), In(70)}},
		{linear{}, []Arg{In(1, 1), In(2, 1), In(2)}},
		{linear{}, []Arg{In(2, 0), In(3, 0), In(3)}},
		{linear{}, []Arg{In(0, 4), In(3, 4), In(3)}},
		{linearAny{}, []Arg{In(5), In(3, 5), In(3)}},
		{linearAny{}, []Arg{In(2, 3, 1, 5), In(3, 5), In(3)}},
	},
})
