package op

import (
	"errors"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// poolScatterGate is poolScatter of g where the pooled value p is above 0: the
// gradient of maximum pooling of rectified images. Its inputs are g, taps and p.
type poolScatterGate struct{ poolScatter }

func (poolScatterGate) Name() string { return "pool_scatter_gate" }

func (o poolScatterGate) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 3); err != nil {
		return nil, err
	}
	if in[2].DType != in[0].DType || !slices.Equal(in[2].Shape, in[0].Shape) {
		return nil, errors.New("want pooled values of the gradient's type and shape")
	}
	return o.poolScatter.Infer(in[:2])
}

func (o poolScatterGate) Forward(in, out []*tensor.Tensor) {
	g := tensor.New(in[0].DType(), in[0].Shape()...)
	ForwardPointwise(gate{}, []*tensor.Tensor{in[2], in[0]}, []*tensor.Tensor{g})
	o.poolScatter.Forward([]*tensor.Tensor{g, in[1]}, out)
}

// Block gates on the way.
func (o poolScatterGate) Block(in, _ []tensor.Spec, ready []bool) *Block {
	if !ready[0] {
		return nil
	}
	s, d := o.shape(o.Height, o.Width), in[0].DType
	return &Block{Split: []bool{true, true, true}, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		l := gatedLayout{g: blocks[0], p: blocks[2], x: outs[0]}
		scratch := 0
		if !l.p.SameRows(l.g) {
			scratch = l.g.Len()
		}
		return typedBlock(d, scratch,
			func(c *BlockCall) { scatterGateBlock[float32](s, l, c) },
			func(c *BlockCall) { scatterGateBlock[float64](s, l, c) })
	}}
}

// gatedLayout is how the gradient, what was pooled, and the output lie.
type gatedLayout struct{ g, p, x kernel.Block }

func scatterGateBlock[T kernel.Float](s kernel.PoolShape, l gatedLayout, c *BlockCall) {
	p := tensor.Data[T](c.In[2])
	if !l.p.SameRows(l.g) {
		like := tensor.Data[T](c.Scratch)[:l.g.Len()]
		kernel.CopyBlock(l.g, like, l.p, p)
		l.p, p = l.g, like
	}
	kernel.PoolScatterGateLanes(s, l.x, l.g, l.p, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[int32](c.In[1]), p)
}

func (o poolScatterGate) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	p := call.In[2]
	g := Gate(p, autograd.Apply1(poolGather{o.pool2D}, grad[0], call.In[1]))
	return []*autograd.Value{g, nil, Zeros(p.DType(), p.Shape()...)}
}

var _ = register(Entry{
	Name: "pool_scatter_gate", Kind: Pooling, Formula: "g, where p > 0, added to its tap of each window", Shapes: "[n c h′ w′], taps, [n c h′ w′] → [n c h w]",
	Linear: [][]int{{0}},
	Kinks:  "the gate is shut at 0",
	Reference: func(o Operation, in []Array) []Array {
		p := o.(poolScatterGate)
		return spreadOverWindows(p.pool2D, p.Height, p.Width, in[0].Shape(), func(window []int, tap, _ int) float64 {
			if in[1].At(window...) != float64(tap) || in[2].At(window...) <= 0 {
				return 0
			}
			return in[0].At(window...)
		})
	},
	Cases: []Case{
		{poolScatterGate{poolScatter{windows(Pool2DConfig{Kernel: 2}), 4, 5}}, []Arg{In(2, 3, 2, 2), taps(5, 2, 3, 2, 2), In(2, 3, 2, 2).AwayFromZero()}},
		{poolScatterGate{poolScatter{windows(Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1}), 3, 5}}, []Arg{In(2, 1, 2, 3), taps(9, 2, 1, 2, 3), In(2, 1, 2, 3).AwayFromZero()}},
		{poolScatterGate{poolScatter{windows(Pool2DConfig{Kernel: 2}), 4, 4}}, []Arg{In(0, 1, 2, 2), taps(4, 0, 1, 2, 2), In(0, 1, 2, 2).AwayFromZero()}},
		{poolScatterGate{poolScatter{windows(oblong), 5, 6}}, []Arg{In(2, 1, 3, 4), taps(7, 2, 1, 3, 4), In(2, 1, 3, 4).AwayFromZero()}},
		{poolScatterGate{poolScatter{pool2D{BinsH: 3, BinsW: 2}, 5, 3}}, []Arg{In(2, 1, 3, 2), taps(5, 2, 1, 3, 2), In(2, 1, 3, 2).AwayFromZero()}},
	},
})
