package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

// naiveDropout asks Philox about each element.
func naiveDropout[T Float](x []T, p float64, seed, counter uint64, first int) []T {
	y := make([]T, len(x))
	for i, v := range x {
		at := uint64(first + i)
		words := random.Philox([4]uint32{uint32(at / 4), uint32(at / 4 >> 32), uint32(counter), uint32(counter >> 32)}, [2]uint32{uint32(seed), uint32(seed >> 32)})
		if float64(words[at%4]) >= math.Floor(p*(1<<32)) {
			y[i] = v * T(1/(1-p))
		}
	}
	return y
}

func TestDropout(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testDropout[float32](t)
		testDropout[float64](t)
	})
}

func testDropout[T Float](t *testing.T) {
	const seed, counter = 0x123456789ABCDEF0, 0xFEDCBA9876543210
	firsts := []int{0, 4, 37}
	if far := int64(1) << 34; int64(int(far)) == far {
		firsts = append(firsts, int(far)-64, int(far)+10)
	}
	for name, kind := range numberKinds {
		for _, n := range lengths() {
			for _, first := range firsts {
				a := newArena[T](t, uint64(n))
				x, y := a.numbers(n, kind), a.make(n)
				p := []float64{0, 0.3, 0.5, 1 - 1e-12}[(n+first)%4]
				Dropout(y, x, p, seed, counter, first)
				wantSame(t, fmt.Sprintf("Dropout(%v) of %d %s numbers from %d", p, n, name, first), y, naiveDropout(x, p, seed, counter, first))
				Dropout(x, x, p, seed, counter, first)
				wantSame(t, "Dropout in place", x, y)
				a.check()
			}
		}
	}
}

func BenchmarkDropout(b *testing.B) {
	x := make([]float32, 1<<14)
	b.SetBytes(4 * int64(len(x)))
	for b.Loop() {
		Dropout(x, x, 0.2, 1, 2, 0)
	}
}
