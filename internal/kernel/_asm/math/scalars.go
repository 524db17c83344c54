package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// scalarLoop is an arithmetic kernel of which one operand is the same for all
// elements. It keeps up with memory in AVX2 already.
type scalarLoop struct {
	name    string
	formula string
	emit    func(m machine, x, c Op) VecVirtual
}

var scalarLoops = []scalarLoop{
	{"subScalar", "x[i] - c", func(m machine, x, c Op) VecVirtual { return m.sub(x, c) }},
	{"mulScalar", "x[i] * c", func(m machine, x, c Op) VecVirtual { return m.mul(x, c) }},
	{"divScalar", "x[i] / c", func(m machine, x, c Op) VecVirtual { return m.div(x, c) }},
}

func (s scalarLoop) generate(m machine) {
	const unroll = 4
	start(s.name+m.name, "dst, x *"+m.goType()+", c "+m.goType()+", n int)",
		"for i := range n {", "\tdst[i] = "+s.formula, "}")
	dst, x, left := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	c := m.broadcast(param("c"))
	for _, registers := range []int{unroll, 1} {
		whilst("vectors", left, registers*m.lanes(), func() {
			for i := range registers {
				at := i * m.vector
				m.store(s.emit(m, m.load(Mem{Base: x, Disp: at}, nil), c), nil, Mem{Base: dst, Disp: at})
			}
			for _, p := range []Register{x, dst} {
				ADDQ(U32(registers*m.vector), p)
			}
		})
	}
	TESTQ(left, left)
	JZ(LabelRef("done"))
	mask := m.first(left)
	m.store(s.emit(m, m.load(Mem{Base: x}, mask), c), mask, Mem{Base: dst})
	Label("done")
	end()
}
