package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// conv2DWeight returns the gradient of a convolution's weights, of KernelH x
// KernelW, from its input and the gradient of its output. The batch is summed
// in groups of 16 images, as docs/numerics.md says, from 0 or from a third input.
type conv2DWeight struct {
	Conv2DConfig
	KernelH, KernelW int
}

func (c Conv2DConfig) weightGrad(x, g *autograd.Value, w []int) *autograd.Value {
	return autograd.Apply1(conv2DWeight{c, w[2], w[3]}, x, g)
}

func (conv2DWeight) Name() string { return "conv2d_weight" }

func (o conv2DWeight) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantTerms(in, 4, "[n c h w] and [n o h w]"); err != nil {
		return nil, err
	}
	x, g := in[0].Shape, in[1].Shape
	w := []int{g[1], x[1] / o.groups(), o.KernelH, o.KernelW}
	out, err := o.outShape(x, w)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(out, g) {
		return nil, fmt.Errorf("want a gradient %v for weights %v", out, w)
	}
	if len(in) == 3 && !slices.Equal(in[2].Shape, w) {
		return nil, fmt.Errorf("want the sum to begin from weights %v", w)
	}
	return one(in[0].DType, w...), nil
}

func (o conv2DWeight) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { convWeight(&scratch32, o.Conv2DConfig, in, out[0]) },
		func() { convWeight(&scratch64, o.Conv2DConfig, in, out[0]) })
}

// Starts reports whether there is a third input.
func (conv2DWeight) Starts(inputs int) bool { return inputs == 3 }

// Running goes on from the weights so far.
func (o conv2DWeight) Running(in []tensor.Spec) *RunningSum { return runningGradient(o, in, 0) }

func convWeight[T kernel.Float](pool *parallel.Scratch[T], c Conv2DConfig, in []*tensor.Tensor, out *tensor.Tensor) {
	dw, x, dy := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[T](in[1])
	shape := c.shape(in[0].Shape(), out.Shape())
	plan := convPlans.get(shape, shape.PaddedX())
	xSize, ySize := imageSize(in[0]), imageSize(in[1])
	images := in[0].Shape()[0]
	sums := pool.Get(blocksOf(images) * len(dw))
	defer pool.Put(sums)
	sum := func(block int) []T { return (*sums)[block*len(dw):][:len(dw)] }
	if d := c.depthwise(images, in[0].Shape(), out.Shape()); d != nil {
		eachDepthwise(d, pool, d.padded.WeightScratch(), func(block, images, i, o, k, _ int, scratch []T) {
			kernel.ConvWeight(d.padded, images, sum(block)[k:], x[i:], dy[o:], scratch)
		})
	} else if shape.Winograd() {
		convWeightBlocks(pool, images, weightConv[T]{plan.X, plan.Y, plan.WinogradWeightParts(), plan.WinogradWeightScratch(),
			func(part, n int, sum, x, dy, scratch []T) {
				kernel.WinogradWeightPart(plan, part, n, sum, x, dy, scratch)
			}}, sum, x, dy)
	} else if blocksOf(images) >= manyBlocks {
		eachBlock(pool, images, plan.WeightScratch(), func(lo, hi int, scratch []T) {
			kernel.ConvWeight(plan, hi-lo, sum(lo/kernel.Lanes), x[lo*xSize:hi*xSize], dy[lo*ySize:hi*ySize], scratch)
		})
	} else {
		convWeightParts(pool, images, weightConv[T]{plan.X, plan.Y, plan.WeightParts(), plan.WeightLanesScratch(),
			func(part, n int, sum, x, dy, scratch []T) { kernel.ConvWeightPart(plan, part, n, sum, x, dy, scratch) }}, sum, x, dy)
	}
	parallel.For(len(dw), grain, func(lo, hi int) {
		if len(in) == 3 {
			copy(dw[lo:hi], tensor.Data[T](in[2])[lo:hi])
		} else {
			clear(dw[lo:hi])
		}
		for block := range blocksOf(images) {
			kernel.Add(dw[lo:hi], dw[lo:hi], sum(block)[lo:hi])
		}
	})
}

// weightConv is the gradient of weights from a block of images, in parts.
type weightConv[T kernel.Float] struct {
	x, y    kernel.Block
	parts   int
	scratch int // elements that a part needs
	part    func(part, images int, sum, x, dy, scratch []T)
}

// convWeightBlocks computes the sums of each block, one after the other where they are
// many.
func convWeightBlocks[T kernel.Float](pool *parallel.Scratch[T], images int, c weightConv[T], sum func(block int) []T, x, dy []T) {
	if blocksOf(images) < manyBlocks {
		convWeightParts(pool, images, c, sum, x, dy)
		return
	}
	xImage, yImage := len(x)/images, len(dy)/images
	eachBlock(pool, images, c.x.Len()+c.y.Len()+c.scratch+kernel.AlignSlack, func(lo, hi int, scratch []T) {
		rest := kernel.Aligned(scratch)
		xs, dys := cutLanes(&rest, c.x, 1).block(0), cutLanes(&rest, c.y, 1).block(0)
		kernel.ToLanes(c.x, xs, hi-lo, x[lo*xImage:])
		kernel.ToLanes(c.y, dys, hi-lo, dy[lo*yImage:])
		for part := range c.parts {
			c.part(part, hi-lo, sum(lo/kernel.Lanes), xs, dys, rest)
		}
	})
}

// convWeightParts computes the sums of each block of a batch of few.
func convWeightParts[T kernel.Float](pool *parallel.Scratch[T], images int, c weightConv[T], sum func(block int) []T, x, dy []T) {
	scratch := pool.Get(blocksOf(images)*(c.x.Len()+c.y.Len()) + kernel.AlignSlack)
	defer pool.Put(scratch)
	rest := kernel.Aligned(*scratch)
	xs, dys := cutLanes(&rest, c.x, images), cutLanes(&rest, c.y, images)
	xs.load(x)
	dys.load(dy)
	eachBlockPart(images, c.parts, func(block, part int) {
		s := pool.Get(c.scratch + kernel.AlignSlack)
		defer pool.Put(s)
		c.part(part, min(kernel.Lanes, images-block*kernel.Lanes), sum(block), xs.block(block), dys.block(block), kernel.Aligned(*s))
	})
}

func (o conv2DWeight) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, g, up := call.In[0], call.In[1], grad[0]
	return gradientsOfTerms(call, up,
		func() *autograd.Value { return o.inputGrad(g, up, x.Shape()) },
		func() *autograd.Value { return Conv2D(x, up, nil, o.Conv2DConfig) })
}

var _ = register(Entry{
	Name: "conv2d_weight", Kind: Convolution, Formula: "start + Σ g[n,o,y,x] x[n,c,y+ky,x+kx] over n, y, x", Shapes: "[n c h w], [n o h′ w′], [o c/groups kh kw] → [o c/groups kh kw]", Bound: 1e-5,
	Linear:    [][]int{{0, 2}, {1, 2}},
	Reference: PerElement(conv2DWeight.element),
	Cases: []Case{
		{conv2DWeight{Conv2DConfig{}, 3, 2}, []Arg{In(2, 3, 5, 4), In(2, 4, 3, 3)}},
		{conv2DWeight{Conv2DConfig{Padding: 2}, 5, 5}, []Arg{In(2, 1, 5, 6), In(2, 3, 5, 6)}},
		{conv2DWeight{Conv2DConfig{Stride: 2, Padding: 1}, 3, 3}, []Arg{In(3, 2, 6, 5), In(3, 2, 3, 3)}},
		{conv2DWeight{Conv2DConfig{}, 2, 2}, []Arg{In(35, 1, 3, 3), In(35, 2, 2, 2)}},
		{conv2DWeight{Conv2DConfig{}, 3, 3}, []Arg{In(0, 2, 4, 4), In(0, 3, 2, 2)}},
		{conv2DWeight{Conv2DConfig{Groups: 2}, 2, 2}, []Arg{In(2, 4, 3, 3), In(2, 6, 2, 2)}},
		{conv2DWeight{Conv2DConfig{Dilation: 2, Padding: 1}, 3, 2}, []Arg{In(2, 1, 5, 4), In(2, 2, 3, 4)}},
		{conv2DWeight{Conv2DConfig{Stride: 2, Columns: ConvColumns{3, 2, 2}}, 2, 3}, []Arg{In(1, 2, 3, 7), In(1, 2, 1, 3)}},
		{conv2DWeight{Conv2DConfig{Padding: 1}, 3, 3}, []Arg{In(3, 16, 9, 8), In(3, 19, 9, 8)}},
		{conv2DWeight{Conv2DConfig{Padding: 1}, 3, 3}, []Arg{In(3, 2, 4, 5), In(3, 3, 4, 5), In(3, 2, 3, 3)}},
		{conv2DWeight{Conv2DConfig{Padding: 1}, 3, 3}, []Arg{In(2, 16, 6, 6), In(2, 16, 6, 6), In(16, 16, 3, 3)}},
		{conv2DWeight{Conv2DConfig{Groups: 2, Padding: 1}, 3, 3}, []Arg{In(19, 2, 4, 4), In(19, 2, 4, 4), In(2, 1, 3, 3)}},
		{conv2DWeight{Conv2DConfig{}, 2, 2}, []Arg{In(0, 1, 3, 3), In(0, 2, 2, 2), In(2, 1, 2, 2)}},
	},
})
