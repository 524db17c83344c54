package kernel

import (
	"fmt"
	"math"
	"testing"
)

// sumInOrder is the sum that docs/numerics.md states, of n elements.
func sumInOrder[T Float](n int, element func(i int) T) T {
	var s [16]T
	for i := range n {
		s[i%16] += element(i)
	}
	for i := range 8 {
		s[i] += s[i+8]
	}
	for i := range 4 {
		s[i] += s[i+4]
	}
	return (s[0] + s[2]) + (s[1] + s[3])
}

func TestSum(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testSum[float32](t)
		testSum[float64](t)
	})
}

func testSum[T Float](t *testing.T) {
	for name, kind := range numberKinds {
		for _, n := range lengths() {
			a := newArena[T](t, uint64(n))
			x := a.numbers(n, kind)
			want := sumInOrder(n, func(i int) T { return x[i] })
			wantSame(t, fmt.Sprintf("Sum of %d %s numbers", n, name), []T{Sum(x)}, []T{want})
			a.check()
		}
	}
}

func TestSumOfNegativeZeros(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for n := range 40 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(math.Copysign(0, -1))
			}
			wantSame(t, fmt.Sprint(n, " elements"), []float32{Sum(x)}, []float32{0})
		}
	})
}

func TestSumRows(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for name, kind := range numberKinds {
			for _, width := range []int{0, 1, 2, 7, 8, 9, 47, 64, 65, 130} {
				for _, n := range []int{0, 1, 2, 15, 16, 17, 33, 64} {
					stride := width + n%3
					a := newArena[float32](t, uint64(width*100+n))
					x, dst := a.numbers(max(0, (n-1)*stride+width), kind), a.make(width)
					want := make([]float32, width)
					for j := range want {
						want[j] = sumInOrder(n, func(i int) float32 { return x[i*stride+j] })
					}
					SumRows(dst, x, n, stride)
					wantSame(t, fmt.Sprintf("SumRows of %d x %d %s numbers", n, width, name), dst, want)
					a.check()
				}
			}
		}
	})
}
