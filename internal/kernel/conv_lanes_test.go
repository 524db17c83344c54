package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// layouts returns layouts of an input and an output with borders of 0 to 2 more
// than the least.
func (s ConvShape) layouts(r *rand.Rand) (x, y Block) {
	x, y = s.PaddedX(), s.Y()
	for _, b := range []*Block{&x, &y} {
		b.Apart = r.IntN(2) == 0
		for _, width := range []*int{&b.Top, &b.Bottom, &b.Left, &b.Right} {
			*width += r.IntN(3)
		}
	}
	return x, y
}

// block returns a block of images with the value rest around them and in the
// lanes of missing ones.
func (a *arena[T]) block(b Block, images int, src []T, rest T) []T {
	dst := a.make(b.Len())
	for i := range dst {
		dst[i] = rest
	}
	i := 0
	for n := range images {
		for c := range b.Channels {
			for y := range b.Height {
				for x := range b.Width {
					dst[b.Offset(c, y, x)+n] = src[i]
					i++
				}
			}
		}
	}
	return dst
}

// testConvLanes runs the three convolutions on blocks of random layouts. What
// must not be read is NaN, and what must not be written is checked.
func testConvLanes[T Float](t *testing.T, s ConvShape, seed uint64, kind numbers) {
	t.Helper()
	const untouched = 77
	nan := T(math.NaN())
	mem := newArena[T](t, seed)
	defer mem.check()
	xLayout, yLayout := s.layouts(mem.random)
	lanes := []int{Lanes, HalfLanes}[seed%2]
	xLayout.Lanes, yLayout.Lanes = lanes, lanes
	p := NewConvPlan(s, xLayout, yLayout)
	what := fmt.Sprintf("%T %+v from %+v to %+v", T(0), s, xLayout, yLayout)
	xLen, yLen := xLayout.image(), yLayout.image()
	x, dy := mem.numbers(lanes*xLen, kind), mem.numbers(lanes*yLen, kind)
	w, bias := mem.numbers(s.Filters*s.weights(), kind), mem.numbers(s.Filters, kind)

	want := make([]T, lanes*yLen)
	for n := range lanes {
		naiveConvForward(s, want[n*yLen:], x[n*xLen:], w, bias)
	}
	for _, e := range []Epilogue{None, ThenReLU} {
		y := mem.block(yLayout, 0, nil, untouched)
		ConvForwardLanes(p, y, mem.block(xLayout, lanes, x, nan), w, bias, e)
		if e == ThenReLU {
			for i, v := range want {
				want[i] = max(v, 0)
			}
		}
		wantSame(t, fmt.Sprintf("forward, epilogue %d, %s", e, what), y, mem.block(yLayout, lanes, want, untouched))
	}

	want = make([]T, lanes*xLen)
	for n := range lanes {
		naiveConvInput(s, want[n*xLen:], dy[n*yLen:], w)
	}
	dx, dys := mem.block(xLayout, 0, nil, untouched), mem.block(yLayout, lanes, dy, nan)
	ConvInputLanes(p, dx, dys, w)
	wantSame(t, "input gradient "+what, dx, mem.block(xLayout, lanes, want, untouched))

	gated := NewConvPlan(s, xLayout, yLayout)
	gated.Gate, _ = s.layouts(mem.random)
	gated.Gate.Lanes = lanes
	gate := mem.numbers(lanes*xLen, kind)
	for i, v := range gate {
		if !(v > 0) {
			want[i] = 0
		}
	}
	for part := range gated.InputParts() {
		ConvInputPart(gated, part, dx, dys, w, mem.block(gated.Gate, lanes, gate, nan))
	}
	wantSame(t, "gated input gradient "+what, dx, mem.block(xLayout, lanes, want, untouched))

	images := mem.random.IntN(lanes + 1)
	dw, want := mem.make(len(w)), make([]T, len(w))
	xs := mem.block(xLayout, lanes, x, 0)
	for i := range xs {
		row := i % xLayout.Plane() / xLayout.row()
		if i%lanes >= images || row < xLayout.Top || row >= xLayout.Top+xLayout.Height {
			xs[i] = nan
		}
	}
	sums := dw
	if lanes == HalfLanes {
		sums = mem.make(len(w) * lanes)
	}
	ConvWeightLanes(p, images, sums, xs, mem.block(yLayout, images, dy, nan), mem.make(p.WeightLanesScratch()))
	if lanes == HalfLanes {
		SumHalves(dw, sums, make([]T, len(sums)))
	}
	naiveConvWeight(s, images, want, x, dy)
	wantSame(t, fmt.Sprintf("weight gradient of %d images, %s", images, what), dw, want)
}

func TestConvLanes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for i, s := range convShapes {
			if s.Filters*s.weights()*s.OutH()*s.OutW() > 20_000 {
				continue // the reference is slow
			}
			testConvLanes[float64](t, s, uint64(i), ordinary)
			for seed := range uint64(4) {
				testConvLanes[float32](t, s, seed, ordinary)
				testConvLanes[float32](t, s, seed, wild)
				testConvLanes[float32](t, s, seed, tiny)
			}
		}
	})
}

func TestConvMistakes(t *testing.T) {
	plan := func(s ConvShape) *ConvPlan { return NewConvPlan(s, s.PaddedX(), s.Y()) }
	wantPanic(t, func() {
		plan(ConvShape{Channels: 1, Height: 2, Width: 2, Filters: 1, KernelH: 3, KernelW: 1, StrideH: 1, StrideW: 1})
	})
	wantPanic(t, func() {
		plan(ConvShape{Channels: 1, Height: 2, Width: 2, Filters: 1, KernelH: 1, KernelW: 1, StrideW: 1})
	})
	s := convShapes[3]
	p := plan(s)
	f := func(n int) []float32 { return make([]float32, n) }
	x, y, w, scratch := p.X.Len(), p.Y.Len(), s.Filters*s.weights(), p.WeightLanesScratch()
	wantPanic(t, func() { NewConvPlan(s, s.Y(), s.Y()) })
	wantPanic(t, func() { NewConvPlan(s, s.PaddedX(), s.X()) })
	wantPanic(t, func() { ConvForwardLanes(p, f(y-1), f(x), f(w), nil, None) })
	wantPanic(t, func() { ConvForwardLanes(p, f(y), f(x-1), f(w), nil, None) })
	wantPanic(t, func() { ConvForwardLanes(p, f(y), f(x), f(w-1), nil, None) })
	wantPanic(t, func() { ConvForwardLanes(p, f(y), f(x), f(w), f(s.Filters-1), None) })
	wantPanic(t, func() { ConvInputLanes(p, f(x-1), f(y), f(w)) })
	wantPanic(t, func() { ConvInputLanes(p, f(x), f(y-1), f(w)) })
	wantPanic(t, func() { ConvInputLanes(p, f(x), f(y), f(w-1)) })
	wantPanic(t, func() { ConvWeightLanes(p, 16, f(w-1), f(x), f(y), f(scratch)) })
	wantPanic(t, func() { ConvWeightLanes(p, 16, f(w), f(x-1), f(y), f(scratch)) })
	wantPanic(t, func() { ConvWeightLanes(p, 16, f(w), f(x), f(y-1), f(scratch)) })
	wantPanic(t, func() { ConvWeightLanes(p, 16, f(w), f(x), f(y), f(scratch-1)) })
	wantPanic(t, func() { ConvWeightLanes(p, 17, f(w), f(x), f(y), f(scratch)) })
	wantPanic(t, func() { ConvForward(p, 17, f(17*y), f(17*x), f(w), nil, f(p.ForwardScratch()), None) })
	wantPanic(t, func() { ConvForward(p, 1, f(1), f(17*x), f(w), nil, f(p.ForwardScratch()), None) })
	bare := NewConvPlan(s, s.X(), s.Y())
	for range 2 { // the second time as the first
		wantPanic(t, func() { ConvWeightLanes(bare, 16, f(w), f(x), f(y), f(scratch)) })
	}
}
