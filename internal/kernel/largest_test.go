package kernel

import (
	"math"
	"testing"
)

func TestLargestFinite(t *testing.T) {
	naive := func(x []float32, first, step int) (largest float32) {
		for i := first; i < len(x); i += step {
			if v := float32(math.Abs(float64(x[i]))); v <= math.MaxFloat32 {
				largest = max(largest, v)
			}
		}
		return largest
	}
	forEachPath(t, func(t *testing.T) {
		for name, kind := range numberKinds {
			for _, n := range lengths() {
				a := newArena[float32](t, uint64(n))
				x := a.numbers(n, kind)
				if got, want := LargestFinite(x), naive(x, 0, 1); got != want {
					t.Fatalf("largest of %d %s numbers is %v, want %v", n, name, got, want)
				}
				for _, lanes := range []int{8, 16} {
					largest, some := a.make(lanes), x[:n/lanes*lanes]
					for l := range largest {
						largest[l] = float32(l) / 4
					}
					LargestFiniteLanes(largest, some, lanes)
					for l, got := range largest {
						if want := max(naive(some, l, lanes), float32(l)/4); got != want {
							t.Fatalf("largest of lane %d of %d of %d %s numbers is %v, want %v", l, lanes, n, name, got, want)
						}
					}
				}
				a.check()
			}
		}
	})
}

func BenchmarkLargestFinite(b *testing.B) {
	x := make([]float32, 1<<22)
	b.SetBytes(4 * int64(len(x)))
	for b.Loop() {
		LargestFinite(x)
	}
}
