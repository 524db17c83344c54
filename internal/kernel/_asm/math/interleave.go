package main

import "iter"

// interleave emits the same code n times, an operation of each copy in turn: an
// elementary function is one long chain, and the processor does not see far
// enough ahead to have several on their way.
func (m machine) interleave(n int, emit func(m machine, i int)) {
	var copies []func() (struct{}, bool)
	for i := range n {
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			m := m
			m.turn = func() { yield(struct{}{}) }
			emit(m, i)
		})
		defer stop()
		copies = append(copies, next)
	}
	for busy := true; busy; {
		busy = false
		for _, next := range copies {
			_, more := next()
			busy = busy || more
		}
	}
}

// done lets the other copies of interleaved code have their turn.
func (m machine) done() {
	if m.turn != nil {
		m.turn()
	}
}
