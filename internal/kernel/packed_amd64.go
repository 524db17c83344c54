package kernel

import "github.com/mlodyssey/odyssey/numeric"

var mxfp4Dots = [...]dotsCodes{avx2: {16, 32, dotsMXFP4AVX2, scalesE8M0AVX2}, avx512: {32, 32, dotsMXFP4AVX512, scalesE8M0AVX512}}
var nvfp4Dots = [...]dotsCodes{avx2: {16, 16, dotsNVFP4AVX2, scalesE4M3AVX2}, avx512: {32, 16, dotsNVFP4AVX512, scalesE4M3AVX512}}

// dotsCodesOf returns the assembly for a format, or false.
func dotsCodesOf(b *numeric.Blocks) (f dotsCodes, ok bool) {
	switch {
	case active == portable:
		return f, false
	case b == numeric.MXFP4:
		return mxfp4Dots[active], true
	case b == numeric.NVFP4:
		return nvfp4Dots[active], true
	}
	return f, false
}

// widenFast makes float32 of some first bfloat16s in assembly, and returns how many. It
// fetches what lies some bytes ahead.
func widenFast(dst []float32, codes []byte, ahead int) int {
	const some = 32
	blocks := len(dst) / some
	switch {
	case blocks == 0 || active == portable:
		return 0
	case active == avx512:
		widenAVX512(&dst[0], &codes[0], blocks, ahead)
	default:
		widenAVX2(&dst[0], &codes[0], blocks, ahead)
	}
	return blocks * some
}
