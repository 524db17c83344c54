// Command elementwise writes the assembly of the elementwise, reduction and
// pooling kernels of package kernel; run it by go generate ./internal/kernel.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	m := newMasks()
	for _, k := range loops {
		k.generate(avx2, m)
		if k.wide {
			k.generate(avx512, m)
		}
	}
	sum(m)
	d := newPoolData()
	for _, v := range []vectors{avx512, avx2} {
		pool{vectors: v, masks: m, data: d}.generate()
		scatterPairs(v, m, d)
		for _, l := range lanesLoops {
			l.generate(v, 16, d)
		}
	}
	for _, l := range lanesLoops {
		l.generate(avx2, 8, d)
	}
	Generate()
}
