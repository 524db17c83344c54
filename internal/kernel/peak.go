package kernel

//go:generate go run -C _asm ./peak -out ../peak_amd64.s -stubs ../peak_amd64.go -pkg kernel

// peakChains is how many chains of 16 lanes PeakFMA has: more than the
// multiply-adds that any core has in flight.
const peakChains = 24

// peakRounds is how long the assembly runs at a time, since Go cannot
// interrupt it: a tenth of a millisecond or so.
const peakRounds = 1 << 14

// PeakFMA runs chains of float32 fused multiply-adds, each rounds terms long,
// that wait neither for each other nor for memory, and returns how many
// floating-point operations that was: by the clock, the most that one core gives on
// the path in use.
func PeakFMA(rounds int) (flops float64) {
	x := peakStart()
	for left := rounds; left > 0; left -= peakRounds {
		flops += 2 * float64(min(left, peakRounds)) * float64(peak(x, min(left, peakRounds)))
	}
	return flops
}

// peakStart returns the chains at their start: any numbers will do, since all of
// them tend to 1.
func peakStart() []float32 {
	x := make([]float32, peakChains*Lanes)
	for i := range x {
		x[i] = float32(i)
	}
	return x
}

// peak sets the first elements of x to x*half + half, rounds times, and returns
// how many elements these are on the path in use.
func peak(x []float32, rounds int) (elements int) {
	if n := peakFast(x, rounds); n > 0 {
		return n
	}
	const half = 0.5
	for range rounds {
		for at := 0; at < len(x); at += Lanes {
			var next [Lanes]float32
			for i := range next {
				next[i] = half
			}
			fmaLanes(next[:], []float32{half}, 0, x[at:])
			copy(x[at:], next[:])
		}
	}
	return len(x)
}
