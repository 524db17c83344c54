package kernel

import (
	"fmt"
	"slices"
	"testing"
)

func testConvFlat[T Float](t *testing.T, s ConvShape, kind numbers) {
	t.Helper()
	p := NewConvPlan(s, s.X(), s.Y())
	mem := newArena[T](t, 1)
	defer mem.check()
	x, w, bias := mem.numbers(s.X().image(), kind), mem.numbers(s.Filters*s.weights(), kind), mem.numbers(s.Filters, kind)
	finite := !slices.ContainsFunc(w, func(v T) bool { return v-v != 0 })
	if !FlatWith(s, w) {
		if finite || s.PadH == 0 && s.PadW == 0 {
			t.Errorf("%+v: not flat", s)
		}
		return
	}
	if !finite && s.PadH > 0 {
		t.Errorf("%+v: flat with weights that are not finite", s)
	}
	want := make([]T, s.Y().image())
	naiveConvForward(s, want, x, w, bias)
	flat := mem.make(p.FlatInput())
	FlattenImage(p, flat, x)
	for _, e := range []Epilogue{None, ThenReLU} {
		y := mem.make(len(want))
		for part := range p.FlatParts() {
			ConvForwardFlat(p, part, y, flat, w, bias, mem.make(p.FlatScratch()), e)
		}
		if e == ThenReLU {
			for i, v := range want {
				want[i] = max(v, 0)
			}
		}
		wantSame(t, fmt.Sprintf("%T %+v, epilogue %d", T(0), s, e), y, want)
	}
}

func TestConvFlat(t *testing.T) {
	shapes := append([]ConvShape{
		{Channels: 12, Height: 30, Width: 33, Filters: 26, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}, // several parts
	}, convShapes...)
	forEachPath(t, func(t *testing.T) {
		for i, s := range shapes {
			if s.StrideH != 1 || s.StrideW != 1 {
				continue
			}
			testConvFlat[float32](t, s, ordinary)
			if i > 0 {
				testConvFlat[float32](t, s, wild)
				testConvFlat[float64](t, s, ordinary)
			}
		}
	})
	f := func(n int) []float32 { return make([]float32, n) }
	wantPanic(t, func() { s := convShapes[3]; NewConvPlan(s, s.X(), s.Y()).FlatParts() })
	s := convShapes[2]
	p := NewConvPlan(s, s.X(), s.Y())
	y, flat, w, scratch := s.Y().image(), p.FlatInput(), s.Filters*s.weights(), p.FlatScratch()
	wantPanic(t, func() { FlattenImage(p, f(flat-1), f(s.X().image())) })
	wantPanic(t, func() { FlattenImage(p, f(flat), f(s.X().image()-1)) })
	wantPanic(t, func() { ConvForwardFlat(p, 0, f(y-1), f(flat), f(w), nil, f(scratch), None) })
	wantPanic(t, func() { ConvForwardFlat(p, 0, f(y), f(flat-1), f(w), nil, f(scratch), None) })
	wantPanic(t, func() { ConvForwardFlat(p, 0, f(y), f(flat), f(w-1), nil, f(scratch), None) })
	wantPanic(t, func() { ConvForwardFlat(p, 0, f(y), f(flat), f(w), f(s.Filters-1), f(scratch), None) })
	wantPanic(t, func() { ConvForwardFlat(p, 0, f(y), f(flat), f(w), nil, f(scratch-1), None) })
}

func BenchmarkConvFlat(b *testing.B) {
	f := func(n int) []float32 { return aligned(make([]float32, n+alignSlack)) }
	for name, s := range benchmarkConvs {
		if s.StrideH > 1 {
			continue
		}
		p := NewConvPlan(s, s.X(), s.Y())
		x, y, flat, w, scratch := f(s.X().image()), f(s.Y().image()), f(p.FlatInput()), f(s.Filters*s.weights()), f(p.FlatScratch())
		b.Run(name, func(b *testing.B) {
			reportFlops(b, 2*s.groups()*s.terms(), func() {
				FlattenImage(p, flat, x)
				for part := range p.FlatParts() {
					ConvForwardFlat(p, part, y, flat, w, nil, scratch, None)
				}
			})
		})
	}
}
