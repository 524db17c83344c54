package kernel

import "unsafe"

// chainsForms are the forms of the micro-kernel, by how many rows they compute.
type chainsForms [25]func(dst *float32, dstRow int, in *float32, w *float32, wRow int, wStep int,
	pos *int32, positions int, taps *int32, terms int, start *float32, gate *float32, gateRow int, flags int)

var (
	chainsAVX512 = chainsForms{1: chains1AVX512, 2: chains2AVX512, 3: chains3AVX512, 4: chains4AVX512, 5: chains5AVX512,
		6: chains6AVX512, 12: chains12AVX512, 24: chains24AVX512}
	chainsAVX2 = chainsForms{1: chains1AVX2, 2: chains2AVX2, 3: chains3AVX2, 4: chains4AVX2, 5: chains5AVX2, 6: chains6AVX2}

	chainsLanesAVX512 = chainsForms{1: chains1LanesAVX512, 2: chains2LanesAVX512, 3: chains3LanesAVX512,
		4: chains4LanesAVX512, 5: chains5LanesAVX512, 6: chains6LanesAVX512}
	chainsLanesAVX2 = chainsForms{1: chains1LanesAVX2, 2: chains2LanesAVX2, 3: chains3LanesAVX2}

	// These are for 8 lanes; six rows and twelve may have more registers.
	chainsHalves = chainsForms{1: chains1Half, 2: chains2Half, 3: chains3Half, 4: chains4Half, 5: chains5Half,
		6: chains6Half, 12: chains12Half}
	chainsHalvesAVX512 = chainsForms{1: chains1Half, 2: chains2Half, 3: chains3Half, 4: chains4Half, 5: chains5Half,
		6: chains6HalfAVX512, 12: chains12HalfAVX512}
	chainsLanesHalves = chainsForms{1: chains1LanesHalf, 2: chains2LanesHalf, 3: chains3LanesHalf,
		4: chains4LanesHalf, 5: chains5LanesHalf, 6: chains6LanesHalf}
	chainsLanesHalvesAVX512 = chainsForms{1: chains1LanesHalf, 2: chains2LanesHalf, 3: chains3LanesHalf,
		4: chains4LanesHalf, 5: chains5LanesHalf, 6: chains6LanesHalfAVX512}
)

// chainRows returns how many of the rows left to compute next: mostly six, whose
// sums at four positions fill the registers, or five or four rather than leave one
// or two; more where the positions are few.
func chainRows(left, positions int, wLanes bool, lanes int) int {
	half := lanes == HalfLanes
	switch {
	case wLanes && active != avx512 && !half:
		return min(left, 3)
	case wLanes || active != avx512 && !half || left < 12 || positions > 3 || active != avx512 && positions > 1:
		if half {
			return min(left, 6)
		}
		return ceil(left, ceil(left, 6))
	case positions == 1 && left >= 24 && !half:
		return 24
	}
	return 12
}

// chainsFormsOf returns the forms of the path in use, which is not portable.
func chainsFormsOf(wLanes bool, lanes int) *chainsForms {
	switch {
	case lanes == HalfLanes && active == avx512 && wLanes:
		return &chainsLanesHalvesAVX512
	case lanes == HalfLanes && active == avx512:
		return &chainsHalvesAVX512
	case lanes == HalfLanes && wLanes:
		return &chainsLanesHalves
	case lanes == HalfLanes:
		return &chainsHalves
	case active == avx512 && wLanes:
		return &chainsLanesAVX512
	case active == avx512:
		return &chainsAVX512
	case wLanes:
		return &chainsLanesAVX2
	}
	return &chainsAVX2
}

// The bits of the assembly's argument flags.
const (
	flagGoOn = 1 << iota
	flagReLU
	flagZero
)

// chainsFast computes rows [m, m+rows) in assembly, or returns false. Whoever
// filled c has checked that its slices hold all that the tables reach.
func chainsFast(c *chains[float32], m, rows int) bool {
	if active == portable {
		return false
	}
	var start, gate *float32
	if c.start != nil {
		start = &c.start[m]
	}
	if c.gate != nil {
		gate = &c.gate[m*c.gateRow]
	}
	chainsFormsOf(c.wLanes, c.lanes)[rows](&c.dst[m*c.dstRow], c.dstRow, unsafe.SliceData(c.in), at(c.w, m*c.wRow), c.wRow, c.wStep,
		(*int32)(unsafe.Pointer(unsafe.SliceData(c.pos))), len(c.pos), (*int32)(unsafe.Pointer(unsafe.SliceData(c.taps))), len(c.taps),
		start, gate, c.gateRow, chainFlags(c.goOn, c.then))
	return true
}

// chainFlags returns the argument flags.
func chainFlags(goOn bool, then Epilogue) (flags int) {
	if goOn {
		flags |= flagGoOn
	}
	switch then {
	case ThenReLU:
		flags |= flagReLU | flagZero
	case thenZero:
		flags |= flagZero
	}
	return flags
}

// at returns where element i lies, or would in an empty slice.
func at(s []float32, i int) *float32 { return unsafe.SliceData(s[min(i, len(s)):]) }
