package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Blocked is an operation that can go through a batch, along axis 0, in blocks of
// 16 examples, or 8, that lie side by side: kernel.Block. A recorded program takes a
// block through many such operations while it is in the cache. The bits are
// those of Forward.
type Blocked interface {
	autograd.Op

	// Block returns how the operation works on blocks, or nil where it does not
	// with inputs of these specs. ready says which inputs are blocks already.
	Block(in, out []tensor.Spec, ready []bool) *Block
}

// Block is how an operation works on blocks.
type Block struct {
	Split []bool         // of each input: whether it is taken in blocks, or whole
	Want  []kernel.Block // of each input: the layout with the border that suits best; nil: any
	Total Total          // how the outputs of all blocks become the output
	Share bool           // the output may take the place of an input that nobody needs any more
	Plain bool           // works on layouts without borders only
	Apart bool           // and if so, planes of inputs may lie apart
	Full  bool           // works on blocks of 16 only

	// Prepare returns the kernel for blocks of the given layouts; those of inputs
	// that are taken whole mean nothing.
	Prepare func(in, out []kernel.Block) BlockKernel
}

// Total says how what blocks give becomes the output.
type Total int

const (
	// Stacked outputs have a block of examples each.
	Stacked Total = iota

	// SumGroups has the whole output from each block of 16; they are added in
	// order, from 0 or what StartOf says. A block of 8 has 8 values for each element, of which
	// kernel.SumHalves makes the element with those of the next block.
	SumGroups

	// SumLanes has a value an example for each element of the output from each
	// block, 0 for a missing example; they are added in order, from 0, and the tree
	// of docs/numerics.md adds the 16 sums.
	SumLanes
)

// PerElement returns how many values a block has for each element of a total.
func (t Total) PerElement(lanes int) int {
	if t == SumGroups && lanes == kernel.Lanes {
		return 1
	}
	return lanes
}

// BlockKernel computes the outputs of one block: by Run, which may be nil, and
// then by Part for each part, in any order or at once.
type BlockKernel struct {
	Run     func(c *BlockCall)
	Scratch int // elements of the first input's type that Run needs

	Parts       int
	Part        func(c *BlockCall, part int, scratch *tensor.Tensor)
	PartScratch int // elements that a part needs for itself
}

// BlockCall is what a BlockKernel works on. Blocks are tensors without structure,
// as long as their layout says.
type BlockCall struct {
	In, Out  []*tensor.Tensor
	First    int // the number of the block's first example
	Lanes    int // of the block, 16 or 8
	Examples int // of the block, at least 1; what lies in the lanes of the others is arbitrary
	Scratch  *tensor.Tensor
}

// typedBlock returns the kernel for a type, with as much scratch.
func typedBlock(d tensor.DType, scratch int, f32, f64 func(c *BlockCall)) BlockKernel {
	if d == tensor.Float64 {
		return BlockKernel{Run: f64, Scratch: scratch}
	}
	return BlockKernel{Run: f32, Scratch: scratch}
}

// blockPart computes one part of a block's outputs.
type blockPart func(c *BlockCall, part int, scratch *tensor.Tensor)

// inParts adds parts to the kernel for a type.
func (k BlockKernel) inParts(d tensor.DType, parts, scratch int, f32, f64 blockPart) BlockKernel {
	k.Parts, k.PartScratch, k.Part = parts, scratch, f32
	if d == tensor.Float64 {
		k.Part = f64
	}
	return k
}

// BlockOf returns how any operation works on blocks, or nil.
func BlockOf(o autograd.Op, in, out []tensor.Spec, ready []bool) *Block {
	if !slices.Contains(ready, true) {
		return nil
	}
	switch o := o.(type) {
	case Blocked:
		return o.Block(in, out, ready)
	case Pointwise:
		return elementBlock(o.Kernels().loop(out[0].DType), in, out[0], ready)
	case mixed:
		return elementBlock(o.loop(in), in, out[0], ready)
	}
	return nil
}

// LayoutOf returns the layout of blocks of a batch of the given spec, without a
// border: [n c h w] has planes, all else is one channel an element.
func LayoutOf(s tensor.Spec) kernel.Block {
	if s.Rank() == 4 {
		return kernel.Block{Channels: s.Shape[1], Height: s.Shape[2], Width: s.Shape[3]}
	}
	return kernel.Block{Channels: tensor.Elements(s.Shape[1:]), Height: 1, Width: 1}
}

// splitAlong returns which inputs have the batch of an output along their axis 0,
// counted as they broadcast to it, and whether any of them is ready.
func splitAlong(out tensor.Spec, in []tensor.Spec, ready []bool) (split []bool, any bool) {
	split = make([]bool, len(in))
	if out.Rank() == 0 {
		return split, false
	}
	for i, s := range in {
		split[i] = s.Rank() == out.Rank() && s.Shape[0] == out.Shape[0]
		any = any || split[i] && ready[i]
	}
	return split, any
}

// elementBlock goes through the elements of a block with a loop.
func elementBlock(loop elementLoop, in []tensor.Spec, out tensor.Spec, ready []bool) *Block {
	split, any := splitAlong(out, in, ready)
	if !any {
		return nil
	}
	return &Block{Split: split, Share: true, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		return loop.block(blockNest(in, blocks, split, out, outs[0]))
	}}
}

// blockNest returns the loops over a block of the output for operands that are
// blocks themselves, or the same for all examples.
func blockNest(in []tensor.Spec, blocks []kernel.Block, split []bool, out tensor.Spec, to kernel.Block) *nest {
	lanes := to.Images()
	shape := append(slices.Clone(out.Shape[1:]), lanes)
	steps := [][]int{blockSteps(out, out, to)}
	first := [1 + maxInputs]int{to.Offset(0, 0, 0)}
	for i, s := range in {
		if split[i] {
			first[1+i] = blocks[i].Offset(0, 0, 0)
			steps = append(steps, blockSteps(s, out, blocks[i]))
			continue
		}
		own := s.Shape
		if s.Rank() == out.Rank() {
			own = own[1:]
		}
		steps = append(steps, rowMajor(append(slices.Clone(own), 1), shape))
	}
	n := newNest(shape, steps)
	n.first = first
	return n
}

// blockSteps returns how far apart the elements of a block lie along the axes of
// an example of the output, and from lane to lane.
func blockSteps(s, out tensor.Spec, b kernel.Block) []int {
	if s.Rank() != 4 {
		example := append(slices.Clone(s.Shape[1:]), b.Images())
		return rowMajor(example, append(slices.Clone(out.Shape[1:]), b.Images()))
	}
	steps := []int{b.Plane(), b.Offset(0, 1, 0) - b.Offset(0, 0, 0), b.Images(), 1}
	for i := range 3 {
		if s.Shape[1+i] != out.Shape[1+i] {
			steps[i] = 0
		}
	}
	return steps
}
