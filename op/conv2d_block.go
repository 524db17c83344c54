package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Block convolves 16 images side by side.
func (o conv2D) Block(in, _ []tensor.Spec, ready []bool) *Block {
	return o.block(in, ready, kernel.None)
}

func (o conv2D) block(in []tensor.Spec, ready []bool, e kernel.Epilogue) *Block {
	if !ready[0] {
		return nil
	}
	shape, d := o.shape(in[0].Shape, in[1].Shape), in[0].DType
	return &Block{
		Split: []bool{true, false, false}[:len(in)], Want: []kernel.Block{shape.X()},
		Prepare: func(blocks, outs []kernel.Block) BlockKernel {
			plan := kernel.NewConvPlan(shape, blocks[0], outs[0])
			if shape.Winograd() {
				return pointsOf(shape, d).inParts(d, plan.WinogradForwardParts(), plan.WinogradForwardScratch(),
					func(c *BlockCall, part int, s *tensor.Tensor) { winogradPart[float32](plan, part, e, c, s) },
					func(c *BlockCall, part int, s *tensor.Tensor) { winogradPart[float64](plan, part, e, c, s) })
			}
			return BlockKernel{}.inParts(d, plan.ForwardParts(), 0,
				func(c *BlockCall, part int, _ *tensor.Tensor) { convPart[float32](plan, part, e, c) },
				func(c *BlockCall, part int, _ *tensor.Tensor) { convPart[float64](plan, part, e, c) })
		},
	}
}

func convPart[T kernel.Float](plan *kernel.ConvPlan, part int, e kernel.Epilogue, c *BlockCall) {
	var bias []T
	if len(c.In) == 3 {
		bias = tensor.Data[T](c.In[2])
	}
	kernel.ConvForwardPart(plan, part, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[T](c.In[1]), bias, e)
}

// Block works out the gradient of images side by side, and for conv2DInputGate, of
// which this is the Block too, gates each sum by the third input before it is stored.
func (o conv2DInput) Block(in, out []tensor.Spec, ready []bool) *Block {
	if !ready[0] {
		return nil
	}
	shape, d := o.shape(out[0].Shape, in[1].Shape), in[0].DType
	return &Block{
		Split: []bool{true, false, true}[:len(in)], Want: []kernel.Block{shape.Y()},
		Prepare: func(blocks, outs []kernel.Block) BlockKernel {
			plan := kernel.NewConvPlan(shape, outs[0], blocks[0])
			if len(blocks) == 3 {
				plan.Gate = blocks[2]
			}
			if shape.Winograd() {
				return pointsOf(shape, d).inParts(d, plan.WinogradInputParts(), plan.WinogradInputScratch(),
					func(c *BlockCall, part int, s *tensor.Tensor) { winogradInputPart[float32](plan, part, c, s) },
					func(c *BlockCall, part int, s *tensor.Tensor) { winogradInputPart[float64](plan, part, c, s) })
			}
			return BlockKernel{}.inParts(d, plan.InputParts(), 0,
				func(c *BlockCall, part int, _ *tensor.Tensor) { convInputPart[float32](plan, part, c) },
				func(c *BlockCall, part int, _ *tensor.Tensor) { convInputPart[float64](plan, part, c) })
		},
	}
}

func convInputPart[T kernel.Float](plan *kernel.ConvPlan, part int, c *BlockCall) {
	var gate []T
	if len(c.In) == 3 {
		gate = tensor.Data[T](c.In[2])
	}
	kernel.ConvInputPart(plan, part, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[T](c.In[1]), gate)
}

// Block sums a group of 16 images. Where the input has no border of zeros for its
// columns of padding, it is copied first.
func (o conv2DWeight) Block(in, out []tensor.Spec, ready []bool) *Block {
	if !ready[0] || !ready[1] {
		return nil
	}
	shape, d := o.shape(in[0].Shape, out[0].Shape), in[0].DType
	if shape.Winograd() {
		return winogradWeightBlock(shape, len(in), d)
	}
	return &Block{
		Split: []bool{true, true, false}[:len(in)], Want: []kernel.Block{shape.PaddedX(), shape.Y()}, Total: SumGroups,
		Prepare: func(blocks, _ []kernel.Block) BlockKernel {
			x := newPadded(shape.PaddedX(), blocks[0])
			plan := kernel.NewConvPlan(shape, x.want, blocks[1])
			return x.kernel(d).inParts(d, plan.WeightParts(), plan.WeightLanesScratch(),
				func(c *BlockCall, part int, s *tensor.Tensor) { convWeightPart[float32](plan, part, x, c, s) },
				func(c *BlockCall, part int, s *tensor.Tensor) { convWeightPart[float64](plan, part, x, c, s) })
		},
	}
}

func convWeightPart[T kernel.Float](plan *kernel.ConvPlan, part int, x padded, c *BlockCall, scratch *tensor.Tensor) {
	kernel.ConvWeightPart(plan, part, c.Examples, tensor.Data[T](c.Out[0]), paddedData[T](x, c), tensor.Data[T](c.In[1]),
		tensor.Data[T](scratch))
}

// padded is the first input of a convolution, with a border.
type padded struct{ have, want kernel.Block }

// newPadded returns how to come from the layout that is to one with a border.
func newPadded(need, have kernel.Block) padded {
	if have.Left >= need.Left && have.Right >= need.Right {
		need = have
	}
	need.Lanes = have.Lanes
	return padded{have, need}
}

// kernel returns one that copies the input, if it has to be copied.
func (p padded) kernel(d tensor.DType) BlockKernel {
	if p.have == p.want {
		return BlockKernel{}
	}
	return typedBlock(d, p.want.Len(),
		func(c *BlockCall) { padBlock[float32](p, c) },
		func(c *BlockCall) { padBlock[float64](p, c) })
}

func padBlock[T kernel.Float](p padded, c *BlockCall) {
	to := paddedData[T](p, c)
	clear(to)
	kernel.CopyBlock(p.want, to, p.have, tensor.Data[T](c.In[0]))
}

// paddedData returns the input with its border: in the scratch, if it was copied.
func paddedData[T kernel.Float](p padded, c *BlockCall) []T {
	if p.have == p.want {
		return tensor.Data[T](c.In[0])
	}
	return tensor.Data[T](c.Scratch)[:p.want.Len()]
}
