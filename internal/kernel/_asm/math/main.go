// Command math writes the assembly of the elementary functions of package
// kernel, and of the softmax, the normalisation and the reductions; run it by
// go generate ./internal/kernel.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	t := newTables()
	for _, m := range []machine{avx512f32, avx512f64, avx2f32, avx2f64} {
		m.tables = t
		for _, f := range functions {
			f.generate(m)
		}
		if !m.wide() {
			for _, s := range scalarLoops {
				s.generate(m)
			}
		}
	}
	for _, m := range []machine{avx512f32, avx2f32} {
		m.tables = t
		rows(m)
		lanes(m)
	}
	Generate()
}
