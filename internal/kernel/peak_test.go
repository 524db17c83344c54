package kernel

import "testing"

// Every chain computes what its formula says, and nothing beyond the chains is
// touched.
func TestPeakComputesItsChains(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for rounds := range 40 {
			a := newArena[float32](t, uint64(rounds))
			x := a.make(peakChains * Lanes)
			want := peakStart()
			copy(x, want)
			n := peak(x, rounds)
			if n < 96 || n > len(x) {
				t.Fatalf("%d elements", n)
			}
			for i := range want[:n] {
				for range rounds {
					want[i] = FMA32(want[i], 0.5, 0.5)
				}
			}
			for i := range x {
				if bitsOf(x[i]) != bitsOf(want[i]) {
					t.Fatalf("%d rounds: element %d of %d is %v, want %v", rounds, i, n, x[i], want[i])
				}
			}
			a.check()
		}
	})
}

func TestPeakCountsItsOperations(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		n := float64(peak(peakStart(), 1))
		for _, rounds := range []int{0, 1, 3, peakRounds + 1} {
			if Path() == "portable" && rounds > 3 {
				continue // a second of emulation
			}
			if got := PeakFMA(rounds); got != 2*n*float64(rounds) {
				t.Errorf("%d rounds: %v operations, want %v", rounds, got, 2*n*float64(rounds))
			}
		}
	})
}

func BenchmarkPeakFMA(b *testing.B) {
	var flops float64
	for b.Loop() {
		flops += PeakFMA(peakRounds)
	}
	b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
