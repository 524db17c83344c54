package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// sumInOrder is the sum that docs/numerics.md states, of n elements.
func sumInOrder[T Float](n int, element func(i int) T) T {
	const piece = 65536
	if n > piece {
		return sumInOrder((n+piece-1)/piece, func(p int) T {
			return sumInOrder(min(piece, n-p*piece), func(i int) T { return element(p*piece + i) })
		})
	}
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
			for _, width := range []int{0, 1, 2, 7, 8, 9, 47, 64, 65, 130, 256, 300} {
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

// Sums of more elements than a piece has.
func TestLongSums(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, n := range []int{Piece, Piece + 1, 2*Piece - 1, 18*Piece + 5} {
			a := newArena[float32](t, uint64(n))
			x := a.numbers(n, ordinary)
			want := sumInOrder(n, func(i int) float32 { return x[i] })
			wantSame(t, fmt.Sprintf("Sum of %d", n), []float32{Sum(x)}, []float32{want})
			if n <= 2*Piece {
				testLongRows(t, a, x)
			}
			a.check()
		}
	})
}

func testLongRows(t *testing.T, a *arena[float32], x []float32) {
	n := len(x)
	y, soft, gain := a.make(n), a.make(n), a.numbers(n, ordinary)
	Softmax(y, x, 1, n)
	want, _ := naiveSoftmax(x)
	wantSame(t, fmt.Sprintf("Softmax of %d", n), y, want)
	if top, at := x[naiveArgMax(x)], naiveArgMax(x); MaxOf(x) != top || ArgMax(x) != at {
		t.Errorf("of %d, MaxOf is %v and ArgMax %d, want %v and %d", n, MaxOf(x), ArgMax(x), top, at)
	}

	lanes, wide := make([]float32, n*Lanes), make([]float32, n*3)
	for i, v := range x {
		lanes[i*Lanes+3] = v
		wide[i*3+1] = v
	}
	var sums [3]float32
	SumRows(sums[:], wide, n, 3)
	wantSame(t, fmt.Sprintf("SumRows of %d", n), sums[1:2], []float32{sumInOrder(n, func(i int) float32 { return x[i] })})
	SoftmaxLanes(Lanes, lanes, lanes, n)
	for i := range soft {
		soft[i] = lanes[i*Lanes+3]
	}
	wantSame(t, fmt.Sprintf("SoftmaxLanes of %d", n), soft, want)

	LayerNorm(y, x, gain, x, 1, n, 1)
	wantSame(t, fmt.Sprintf("LayerNorm of %d", n), y, naiveLayerNorm(x, gain, x, 1))
}

func naiveArgMax[T Float](x []T) int {
	best := 0
	for i, v := range x {
		if v > x[best] || v != v && x[best] == x[best] {
			best = i
		}
	}
	return best
}

func TestMaxOfAndArgMax(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testMaxOf[float32](t)
		testMaxOf[float64](t)
	})
}

// few numbers are often equal, and zeros of both signs are often the largest.
func few(r *rand.Rand) float64 {
	return []float64{0, math.Copysign(0, -1), math.Copysign(0, -1), -1, -2}[r.IntN(5)]
}

func negativeZeros(*rand.Rand) float64 { return math.Copysign(0, -1) }

// mostlyNegativeZeros are decided by the sign of one number.
func mostlyNegativeZeros(r *rand.Rand) float64 { return -math.Copysign(0, float64(r.IntN(40))-0.5) }

// rare numbers are NaN of either sign, rarely.
func rare(r *rand.Rand) float64 {
	if r.IntN(50) == 0 {
		return math.Copysign(math.NaN(), r.Float64()-0.5)
	}
	return math.Round(r.NormFloat64() * 4)
}

func testMaxOf[T Float](t *testing.T) {
	for name, kind := range map[string]numbers{
		"special": special, "few": few, "wild": wild, "tiny": tiny, "rare": rare, "negative zeros": negativeZeros,
		"mostly negative zeros": mostlyNegativeZeros,
	} {
		for _, n := range lengths() {
			if n == 0 {
				continue
			}
			a := newArena[T](t, uint64(n))
			x := a.numbers(n, kind)
			top := x[0]
			for _, v := range x {
				top = max(top, v)
			}
			what := fmt.Sprintf("of %d %s numbers", n, name)
			wantSame(t, "MaxOf "+what, []T{MaxOf(x)}, []T{top})
			if got, want := ArgMax(x), naiveArgMax(x); got != want {
				t.Fatalf("ArgMax %s: got %d, want %d", what, got, want)
			}
			a.check()
		}
	}
}

// Rows that are added a few at a time give the sums of all at once.
func TestAddRows(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, lanes := range []int{8, 16} {
			for _, n := range []int{0, 1, 5, 16, 17, 100} {
				r := newArena[float32](t, uint64(n))
				x, want, got := r.numbers(n*lanes, ordinary), make([]float32, lanes), r.make(lanes)
				SumRows(want, x, n, lanes)
				sums := make([]float32, 16*lanes)
				for first, few := 0, 1; first < n; first, few = first+few, few+5 {
					few = min(few, n-first)
					AddRows(sums, x[first*lanes:(first+few)*lanes], lanes, first)
				}
				SumPartials(got, sums)
				wantSame(t, fmt.Sprintf("%d rows of %d lanes", n, lanes), got, want)
				r.check()
			}
		}
	})
}
