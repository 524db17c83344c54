// Command peak writes the assembly of package kernel that finds out how fast a
// core multiplies and adds; run it by go generate ./internal/kernel.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	peak("AVX512", 24, 64, ZMM)
	peak("AVX2", 12, 32, YMM)
	Generate()
}

// peak generates a loop over chains of fused multiply-adds, one a register:
// more of them than the pipelines hold, and none waits for another or for memory.
func peak(name string, chains, size int, register func() VecVirtual) {
	TEXT("peak"+name, NOSPLIT, "func(x *float32, half *float32, rounds int)")
	Pragma("noescape")
	Doc("peak" + name + " sets each of the elements of x that its chains hold to x*half + half, rounds times.")
	x, rounds := Load(Param("x"), GP64()), Load(Param("rounds"), GP64())
	half, sums := register(), make([]VecVirtual, chains)
	VBROADCASTSS(Mem{Base: Load(Param("half"), GP64())}, half)
	for i := range sums {
		sums[i] = register()
		VMOVUPS(Mem{Base: x, Disp: i * size}, sums[i])
	}
	Label("round")
	TESTQ(rounds, rounds)
	JZ(LabelRef("done"))
	for _, s := range sums {
		VFMADD213PS(half, half, s)
	}
	DECQ(rounds)
	JMP(LabelRef("round"))
	Label("done")
	for i, s := range sums {
		VMOVUPS(s, Mem{Base: x, Disp: i * size})
	}
	VZEROUPPER()
	RET()
}
