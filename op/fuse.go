package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Fuser is an operation that can be joined with those that made its inputs, to
// save passes over memory. A recorded program does so; the bits stay the same.
type Fuser interface {
	autograd.Op

	// Fuse returns an instruction with the outputs of ins that does the work of
	// other instructions as well, or false.
	Fuse(ins autograd.Instruction, g Graph) (autograd.Instruction, bool)
}

// Graph is the program that an instruction is part of.
type Graph interface {
	Maker(id int) (autograd.Instruction, bool) // of a value, if an instruction makes it
	Uses(id int) int                           // how often a value is read
	Spec(id int) tensor.Spec
}

// only returns the instruction that makes a value which nobody else reads.
func only[O autograd.Op](g Graph, id int) (ins autograd.Instruction, o O, ok bool) {
	if g.Uses(id) != 1 {
		return ins, o, false
	}
	if ins, ok = g.Maker(id); ok {
		o, ok = ins.Op.(O)
	}
	return ins, o, ok
}

// Fuse rectifies the outputs of a convolution or a dense layer before they are
// stored.
func (relu) Fuse(ins autograd.Instruction, g Graph) (autograd.Instruction, bool) {
	if layer, o, ok := only[conv2D](g, ins.In[0]); ok {
		return autograd.Instruction{Op: conv2DReLU{o}, In: layer.In, Out: ins.Out}, true
	}
	if layer, _, ok := only[linear](g, ins.In[0]); ok {
		return autograd.Instruction{Op: linearReLU{}, In: layer.In, Out: ins.Out}, true
	}
	return ins, false
}

// Fuse gates the gradient of a convolution before it is stored, and that of a
// pooling by what was pooled: the largest of a window is above 0 where the element
// it came from is, and all others get no gradient.
func (gate) Fuse(ins autograd.Instruction, g Graph) (autograd.Instruction, bool) {
	alike := slices.Equal(g.Spec(ins.In[0]).Shape, g.Spec(ins.In[1]).Shape)
	if conv, o, ok := only[conv2DInput](g, ins.In[1]); ok && alike {
		return autograd.Instruction{Op: conv2DInputGate{o}, In: []int{conv.In[0], conv.In[1], ins.In[0]}, Out: ins.Out}, true
	}
	scatter, o, ok := only[poolScatter](g, ins.In[1])
	if !ok {
		return ins, false
	}
	pool, ok := g.Maker(scatter.In[1])
	if max, isMax := pool.Op.(maxPool2D); !ok || !isMax || max.pool2D != o.pool2D || pool.In[0] != ins.In[0] {
		return ins, false
	}
	return autograd.Instruction{
		Op: poolScatterGate{o}, In: []int{scatter.In[0], scatter.In[1], pool.Out[0]}, Out: ins.Out,
	}, true
}
