// Command gemm writes the assembly of the matrix products of package kernel;
// run it by go generate ./internal/kernel.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	masks := newMasks()
	for _, p := range []precision{float32s, float64s} {
		for _, v := range []vectors{avx512, avx2} {
			for rows := 1; rows <= v.rows; rows++ {
				(&tile{vectors: v, precision: p, rows: rows, n: 1, masks: masks}).generate()
				(&tile{vectors: v, precision: p, rows: rows, n: 2, masks: masks}).generate()
				if v.width == 64 {
					(&tile{vectors: v, precision: p, rows: rows, n: 2, half: true, masks: masks}).generate()
				}
			}
			(&tile{vectors: v, precision: p, rows: 1, n: 8, masks: masks}).generate()
			packColumns(v, p, masks)
			dots(v, p, masks, 1)
			if v.width == 32 || p.size == 8 {
				dots(v, p, masks, v.dots)
			}
		}
	}
	tables := newCodeTables()
	constants := newWords()
	for _, v := range []vectors{avx512, avx2} {
		widen(v)
		scaleRows(v, constants, "E8M0", scaleExpander.e8m0)
		scaleRows(v, constants, "E4M3", scaleExpander.e4m3)
		dotsCodes(v, tables, "MXFP4", 32, false)
		dotsCodes(v, tables, "NVFP4", 16, true)
	}
	copyRows(avx512, masks)
	copyRows(avx2, masks)
	Generate()
}
