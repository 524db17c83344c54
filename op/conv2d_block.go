package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// The three convolutions on blocks. What a kernel reads must have the border of
// zeros that stands for padding: where the layout has none, it is copied first.

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
			x := newPadded(shape.X(), blocks[0])
			plan := kernel.NewConvPlan(shape, x.want, outs[0])
			return typedBlock(d, x.scratch(),
				func(c *BlockCall) { convBlock[float32](plan, x, e, c) },
				func(c *BlockCall) { convBlock[float64](plan, x, e, c) })
		},
	}
}

func convBlock[T kernel.Float](plan *kernel.ConvPlan, x padded, e kernel.Epilogue, c *BlockCall) {
	var bias []T
	if len(c.In) == 3 {
		bias = tensor.Data[T](c.In[2])
	}
	kernel.ConvForwardLanes(plan, tensor.Data[T](c.Out[0]), paddedData[T](x, c), tensor.Data[T](c.In[1]), bias, e)
}

// Block works out the gradient of 16 images side by side.
func (o conv2DInput) Block(in, out []tensor.Spec, ready []bool) *Block {
	if !ready[0] {
		return nil
	}
	shape, d := o.shape(out[0].Shape, in[1].Shape), in[0].DType
	return &Block{Split: []bool{true, false}, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		plan := kernel.NewConvPlan(shape, outs[0], blocks[0])
		return typedBlock(d, 0,
			func(c *BlockCall) { convInputBlock[float32](plan, c) },
			func(c *BlockCall) { convInputBlock[float64](plan, c) })
	}}
}

func convInputBlock[T kernel.Float](plan *kernel.ConvPlan, c *BlockCall) {
	kernel.ConvInputLanes(plan, tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[T](c.In[1]))
}

// Block sums a group of 16 images.
func (o conv2DWeight) Block(in, out []tensor.Spec, ready []bool) *Block {
	if !ready[0] || !ready[1] {
		return nil
	}
	shape, d := o.shape(in[0].Shape, out[0].Shape), in[0].DType
	return &Block{
		Split: []bool{true, true}, Want: []kernel.Block{shape.X()}, Total: SumGroups,
		Prepare: func(blocks, _ []kernel.Block) BlockKernel {
			x := newPadded(shape.X(), blocks[0])
			plan := kernel.NewConvPlan(shape, x.want, blocks[1])
			return typedBlock(d, x.scratch()+plan.WeightLanesScratch(),
				func(c *BlockCall) { convWeightBlock[float32](plan, x, c) },
				func(c *BlockCall) { convWeightBlock[float64](plan, x, c) })
		},
	}
}

func convWeightBlock[T kernel.Float](plan *kernel.ConvPlan, x padded, c *BlockCall) {
	kernel.ConvWeightLanes(plan, c.Examples, tensor.Data[T](c.Out[0]), paddedData[T](x, c), tensor.Data[T](c.In[1]),
		tensor.Data[T](c.Scratch)[x.scratch():])
}

// padded is the first input of a convolution, with a border.
type padded struct{ have, want kernel.Block }

// newPadded returns how to come from the layout that is to one with a border.
func newPadded(need, have kernel.Block) padded {
	if have.Top >= need.Top && have.Bottom >= need.Bottom && have.Left >= need.Left && have.Right >= need.Right {
		need = have
	}
	return padded{have, need}
}

// scratch returns how many elements the copy needs, if there is one.
func (p padded) scratch() int {
	if p.have == p.want {
		return 0
	}
	return p.want.Len()
}

// paddedData returns the input with its border, in the scratch if it has to be
// copied.
func paddedData[T kernel.Float](p padded, c *BlockCall) []T {
	x := tensor.Data[T](c.In[0])
	if p.have == p.want {
		return x
	}
	to := tensor.Data[T](c.Scratch)[:p.want.Len()]
	clear(to)
	kernel.CopyBlock(p.want, to, p.have, x)
	return to
}
