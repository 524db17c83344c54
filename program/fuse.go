package program

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// graph is the instructions of a program as op.Fuser sees them.
type graph struct {
	specs        []tensor.Spec
	instructions []autograd.Instruction
	maker        []int // of each value: the instruction's number, or -1
	uses         []int
}

// fuse joins instructions where an operation knows how, each at the place of the
// last of those that it does the work of.
func fuse(tr *autograd.Trace, instructions []autograd.Instruction) []autograd.Instruction {
	g := &graph{tr.Specs, instructions, make([]int, len(tr.Specs)), make([]int, len(tr.Specs))}
	for id := range g.maker {
		g.maker[id] = -1
	}
	for _, id := range tr.Results() {
		g.uses[id]++
	}
	for i, ins := range instructions {
		for _, id := range ins.In {
			g.uses[id]++
		}
		for _, id := range ins.Out {
			g.maker[id] = i
		}
	}
	for i, ins := range instructions {
		f, ok := ins.Op.(op.Fuser)
		if !ok {
			continue
		}
		if joined, ok := f.Fuse(ins, g); ok {
			instructions[i] = joined
		}
	}
	return tr.Live(instructions)
}

// Maker returns the instruction that makes a value, if any does.
func (g *graph) Maker(id int) (ins autograd.Instruction, ok bool) {
	if g.maker[id] < 0 {
		return ins, false
	}
	return g.instructions[g.maker[id]], true
}

// Spec returns the type and shape of a value.
func (g *graph) Spec(id int) tensor.Spec { return g.specs[id] }

// Uses returns how often a value is read.
func (g *graph) Uses(id int) int { return g.uses[id] }
