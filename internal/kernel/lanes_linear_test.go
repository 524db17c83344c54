package kernel

import (
	"fmt"
	"testing"
)

func testLinearLanes[T Float](t *testing.T, lanes, out, in int, kind numbers) {
	t.Helper()
	mem := newArena[T](t, uint64(100*out+in))
	defer mem.check()
	what := fmt.Sprintf("%T %d -> %d", T(0), in, out)
	x, w, dy := mem.numbers(in*lanes, kind), mem.numbers(out*in, kind), mem.numbers(out*lanes, kind)
	bias := mem.numbers(out, kind)
	if in%2 == 0 {
		bias = nil
	}
	want := make([]T, out*lanes)
	for o := range out {
		for lane := range lanes {
			var sum T
			if bias != nil {
				sum = bias[o]
			}
			for i := range in {
				sum = exact(w[o*in+i], x[i*lanes+lane], sum)
			}
			want[o*lanes+lane] = sum
		}
	}
	y := mem.make(out * lanes)
	LinearLanes(lanes, out, in, y, x, w, bias, None)
	wantSame(t, "linear "+what, y, want)
	LinearLanes(lanes, out, in, y, x, w, bias, ThenReLU)
	for i, v := range want {
		want[i] = max(v, 0)
	}
	wantSame(t, "linear and ReLU "+what, y, want)

	want = make([]T, in*lanes)
	for i := range in {
		for lane := range lanes {
			for o := range out {
				want[i*lanes+lane] = exact(w[o*in+i], dy[o*lanes+lane], want[i*lanes+lane])
			}
		}
	}
	dx := mem.make(in * lanes)
	LinearInputLanes(lanes, out, in, dx, dy, w)
	wantSame(t, "gradient of the input "+what, dx, want)
}

func TestLinearLanes(t *testing.T) {
	sizes := []int{0, 1, 2, 5, 7, 12, 13, 24, 31, 47, 61}
	forEachPath(t, func(t *testing.T) {
		for _, kind := range numberKinds {
			for _, lanes := range []int{Lanes, HalfLanes} {
				for _, out := range sizes {
					for _, in := range sizes {
						testLinearLanes[float32](t, lanes, out, in, kind)
					}
				}
				testLinearLanes[float32](t, lanes, 3, 1+2*mostTaps, kind)
				testLinearLanes[float32](t, lanes, mostTaps, 4, kind)
				testLinearLanes[float32](t, lanes, mostTaps+1, 3, kind)
				testLinearLanes[float64](t, lanes, 13, 600, ordinary)
			}
		}
	})
	f := func(n int) []float32 { return make([]float32, n) }
	wantPanic(t, func() { LinearLanes(Lanes, 2, 3, f(31), f(48), f(6), nil, None) })
	wantPanic(t, func() { LinearLanes(Lanes, 2, 3, f(32), f(47), f(6), nil, None) })
	wantPanic(t, func() { LinearLanes(Lanes, 2, 3, f(32), f(48), f(5), nil, None) })
	wantPanic(t, func() { LinearLanes(Lanes, 2, 3, f(32), f(48), f(6), f(1), None) })
	wantPanic(t, func() { LinearInputLanes(Lanes, 2, 3, f(47), f(32), f(6)) })
	wantPanic(t, func() { LinearInputLanes(Lanes, 2, 3, f(48), f(31), f(6)) })
	wantPanic(t, func() { LinearInputLanes(Lanes, 2, 3, f(48), f(32), f(5)) })
}

func BenchmarkLinearLanes(b *testing.B) {
	f := func(n int) []float32 { return aligned(make([]float32, n+alignSlack)) }
	for _, s := range [][2]int{{120, 400}, {84, 120}, {47, 84}} {
		out, in := s[0], s[1]
		y, x, w := f(out*Lanes), f(in*Lanes), f(out*in)
		b.Run(fmt.Sprintf("%dx%d/forward", out, in), func(b *testing.B) {
			reportFlops(b, 2*Lanes*out*in, func() { LinearLanes(Lanes, out, in, y, x, w, nil, None) })
		})
		b.Run(fmt.Sprintf("%dx%d/input", out, in), func(b *testing.B) {
			reportFlops(b, 2*Lanes*out*in, func() { LinearInputLanes(Lanes, out, in, x, y, w) })
		})
	}
}
