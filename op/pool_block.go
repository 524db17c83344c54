package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// The poolings on blocks: 16 images side by side, in layouts with any border.

// Block finds the largest of each window.
func (o maxPool2D) Block(in, _ []tensor.Spec, _ []bool) *Block {
	return o.block(in, 1, maxPoolBlock[float32], maxPoolBlock[float64])
}

func maxPoolBlock[T kernel.Float](s kernel.PoolShape, in, out kernel.Block, c *BlockCall) {
	kernel.MaxPoolLanes(s, in, out, tensor.Data[T](c.Out[0]), tensor.Data[int32](c.Out[1]), tensor.Data[T](c.In[0]))
}

// Block adds to the tap of each window.
func (o poolScatter) Block(in, _ []tensor.Spec, ready []bool) *Block {
	if !ready[0] {
		return nil
	}
	return o.blockOf(o.shape(o.Height, o.Width), in, 2, scatterBlock[float32], scatterBlock[float64])
}

func scatterBlock[T kernel.Float](s kernel.PoolShape, in, out kernel.Block, c *BlockCall) {
	kernel.PoolScatterLanes(s, out, in, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[int32](c.In[1]))
}

// Block takes the tap of each window.
func (o poolGather) Block(in, _ []tensor.Spec, ready []bool) *Block {
	if !ready[0] {
		return nil
	}
	return o.block(in, 2, gatherBlock[float32], gatherBlock[float64])
}

func gatherBlock[T kernel.Float](s kernel.PoolShape, in, out kernel.Block, c *BlockCall) {
	kernel.PoolGatherLanes(s, in, out, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[int32](c.In[1]))
}

// Block takes the mean of each window.
func (o avgPool2D) Block(in, _ []tensor.Spec, _ []bool) *Block {
	return o.block(in, 1, avgPoolBlock[float32], avgPoolBlock[float64])
}

func avgPoolBlock[T kernel.Float](s kernel.PoolShape, in, out kernel.Block, c *BlockCall) {
	kernel.AvgPoolLanes(s, in, out, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]))
}

// Block adds to all of each window.
func (o avgPool2DGrad) Block(in, _ []tensor.Spec, _ []bool) *Block {
	return o.blockOf(o.shape(o.Height, o.Width), in, 1, avgPoolGradBlock[float32], avgPoolGradBlock[float64])
}

func avgPoolGradBlock[T kernel.Float](s kernel.PoolShape, in, out kernel.Block, c *BlockCall) {
	kernel.AvgPoolGradLanes(s, out, in, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]))
}

// poolBlock computes with the layouts of the first input and the first output.
type poolBlock func(s kernel.PoolShape, in, out kernel.Block, c *BlockCall)

// block is that of a pooling of its first input.
func (p pool2D) block(in []tensor.Spec, inputs int, f32, f64 poolBlock) *Block {
	return p.blockOf(p.shape(in[0].Shape[2], in[0].Shape[3]), in, inputs, f32, f64)
}

func (p pool2D) blockOf(s kernel.PoolShape, in []tensor.Spec, inputs int, f32, f64 poolBlock) *Block {
	return &Block{Split: []bool{true, true}[:inputs], Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { f32(s, blocks[0], outs[0], c) },
			func(c *BlockCall) { f64(s, blocks[0], outs[0], c) })
	}}
}
