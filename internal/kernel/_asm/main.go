// Command _asm writes the assembly of package kernel. It is a module of its own
// so that users of the package never depend on the generator; run it by
// go generate ./internal/kernel.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	generateChains(avx512, chainsAVX512, 6)
	generateChains(avx2, chainsAVX2, 3)
	generateChains(half, chainsHalf, 6)
	generateChains(wide, chainsWide, 6)
	generateDepthwise(avx512, 8)
	generateDepthwise(avx2, 4)
	generateDepthwise(half, 4)
	generateWinograd(avx512)
	generateWinograd(half)
	generatePlanes()
	transpose("transposeAVX2", 8, transposeAVX2)
	transpose("transposeAVX512", 16, transposeAVX512)
	sumLanes()
	sumHalves()
	prefetchRows("prefetchRows", "first", PREFETCHT0)
	prefetchRows("prefetchFar", "second", PREFETCHT1)
	Generate()
}
