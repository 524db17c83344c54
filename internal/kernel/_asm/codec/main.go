// Command codec writes the assembly of package kernel that rounds, encodes and decodes
// numbers of low-precision formats; run it by go generate ./internal/kernel.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	shared := constants{}
	for _, v := range []vectors{avx512, avx2} {
		v.constants = shared
		for _, o := range []output{values, bytes, words} {
			encodeFloats(v, o)
		}
		decodeFloats(v, bytes)
		decodeFloats(v, words)
		decodeBlocks(v)
		for _, f := range []blockFormat{mx, nvfp4} {
			blockRows(v, f, values)
			blockRows(v, f, bytes)
			blockLanes(v, f)
		}
		largestFinite(v)
	}
	Generate()
}
