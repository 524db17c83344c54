package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Convolutions that kernel.ConvShape.Winograd says so of go by tiles: their weights are
// made points of tiles first.

// pointsGrain is how many pairs of a filter and a channel are worth a goroutine.
const pointsGrain = 1 << 13

// fewImages leave most lanes of a block empty.
const fewImages = 8

// winogradForward and winogradInput convolve whole tensors.
func winogradForward[T kernel.Float](pool *parallel.Scratch[T], plan *kernel.ConvPlan, images int, y, x, w, bias []T, e kernel.Epilogue) {
	withPoints(pool, plan.Shape, w, func(u []T) {
		if images < fewImages {
			eachFlatPart(pool, plan, images, func(part int, scratch []T) {
				kernel.WinogradForwardFlat(plan, part, images, y, x, u, bias, scratch, e)
			})
			return
		}
		c := blockConv[T]{from: plan.X, to: plan.Y, parts: plan.WinogradForwardParts(), scratch: plan.WinogradForwardScratch(), part: func(part int, y, x, scratch []T) {
			kernel.WinogradForwardPart(plan, part, y, x, u, bias, scratch, e)
		}}
		c.run(pool, images, y, x)
	})
}

func winogradInput[T kernel.Float](pool *parallel.Scratch[T], plan *kernel.ConvPlan, images int, dx, dy, w []T) {
	withPoints(pool, plan.Shape, w, func(u []T) {
		if images < fewImages {
			eachFlatPart(pool, plan, images, func(part int, scratch []T) {
				kernel.WinogradInputFlat(plan, part, images, dx, dy, u, scratch)
			})
			return
		}
		c := blockConv[T]{from: plan.Y, to: plan.X, parts: plan.WinogradInputParts(), scratch: plan.WinogradInputScratch(), part: func(part int, dx, dy, scratch []T) {
			kernel.WinogradInputPart(plan, part, dx, dy, u, nil, scratch)
		}}
		c.run(pool, images, dx, dy)
	})
}

// eachFlatPart calls do for every part of a few images.
func eachFlatPart[T kernel.Float](pool *parallel.Scratch[T], plan *kernel.ConvPlan, images int, do func(part int, scratch []T)) {
	parallel.For(plan.WinogradFlatParts(images), 1, func(lo, hi int) {
		scratch := pool.Get(plan.WinogradFlatScratch())
		defer pool.Put(scratch)
		for part := lo; part < hi; part++ {
			do(part, *scratch)
		}
	})
}

// withPoints calls do with the points of the weights.
func withPoints[T kernel.Float](pool *parallel.Scratch[T], s kernel.ConvShape, w []T, do func(u []T)) {
	u := pool.Get(s.WinogradWeights())
	defer pool.Put(u)
	parallel.For(s.Filters*s.Channels, pointsGrain, func(lo, hi int) { kernel.WinogradPoints(s, *u, w, lo, hi) })
	do(*u)
}

// pointsOf returns a kernel that makes points of the second input, in its scratch.
func pointsOf(s kernel.ConvShape, d tensor.DType) BlockKernel {
	return typedBlock(d, s.WinogradWeights(),
		func(c *BlockCall) {
			kernel.WinogradPoints(s, weightPoints[float32](c), tensor.Data[float32](c.In[1]), 0, s.Filters*s.Channels)
		},
		func(c *BlockCall) {
			kernel.WinogradPoints(s, weightPoints[float64](c), tensor.Data[float64](c.In[1]), 0, s.Filters*s.Channels)
		})
}

func weightPoints[T kernel.Float](c *BlockCall) []T { return tensor.Data[T](c.Scratch) }

func winogradPart[T kernel.Float](plan *kernel.ConvPlan, part int, e kernel.Epilogue, c *BlockCall, scratch *tensor.Tensor) {
	var bias []T
	if len(c.In) == 3 {
		bias = tensor.Data[T](c.In[2])
	}
	kernel.WinogradForwardPart(plan, part, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), weightPoints[T](c), bias, tensor.Data[T](scratch), e)
}

func winogradInputPart[T kernel.Float](plan *kernel.ConvPlan, part int, c *BlockCall, scratch *tensor.Tensor) {
	var gate []T
	if len(c.In) == 3 {
		gate = tensor.Data[T](c.In[2])
	}
	kernel.WinogradInputPart(plan, part, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), weightPoints[T](c), gate, tensor.Data[T](scratch))
}

// winogradWeightBlock sums a group of 16 images.
func winogradWeightBlock(s kernel.ConvShape, inputs int, d tensor.DType) *Block {
	return &Block{
		Split: []bool{true, true, false}[:inputs], Want: []kernel.Block{s.X(), s.Y()}, Total: SumGroups, Full: true,
		Prepare: func(blocks, _ []kernel.Block) BlockKernel {
			plan := kernel.NewConvPlan(s, blocks[0], blocks[1])
			return BlockKernel{}.inParts(d, plan.WinogradWeightParts(), plan.WinogradWeightScratch(),
				func(c *BlockCall, part int, s *tensor.Tensor) { winogradWeightPart[float32](plan, part, c, s) },
				func(c *BlockCall, part int, s *tensor.Tensor) { winogradWeightPart[float64](plan, part, c, s) })
		},
	}
}

func winogradWeightPart[T kernel.Float](plan *kernel.ConvPlan, part int, c *BlockCall, scratch *tensor.Tensor) {
	kernel.WinogradWeightPart(plan, part, c.Examples, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[T](c.In[1]), tensor.Data[T](scratch))
}
