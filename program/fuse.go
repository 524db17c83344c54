package program

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
)

// Fuser is an operation that can do what follows it in the same pass.
type Fuser interface {
	autograd.Op

	// Fuse returns the operation that does both where next, of one input, is all
	// that becomes of the output; or nil.
	Fuse(next autograd.Op) autograd.Op
}

// fuse joins instructions with those that follow them.
func fuse(tr *autograd.Trace, instructions []autograd.Instruction) []autograd.Instruction {
	uses := make([]int, len(tr.Specs))
	for _, id := range results(tr) {
		uses[id]++
	}
	maker := make([]int, len(tr.Specs))
	for i, ins := range instructions {
		for _, id := range ins.In {
			uses[id]++
		}
		for _, id := range ins.Out {
			maker[id] = 1 + i
		}
	}
	var gone []int
	for i, next := range instructions {
		if len(next.In) != 1 || uses[next.In[0]] != 1 || maker[next.In[0]] == 0 {
			continue
		}
		at := maker[next.In[0]] - 1
		first, ok := instructions[at].Op.(Fuser)
		if !ok || len(instructions[at].Out) != 1 {
			continue
		}
		if both := first.Fuse(next.Op); both != nil {
			// It takes the place of the second, so that what both read is there.
			instructions[i] = autograd.Instruction{Op: both, In: instructions[at].In, Out: next.Out}
			maker[next.Out[0]] = 1 + i
			gone = append(gone, at)
		}
	}
	slices.Sort(gone)
	for _, at := range slices.Backward(gone) {
		instructions = slices.Delete(instructions, at, at+1)
	}
	return instructions
}
