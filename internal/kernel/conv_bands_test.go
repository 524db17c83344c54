package kernel

import (
	"fmt"
	"testing"
)

// smallBands cuts small convolutions into bands.
func smallBands(t *testing.T, bands, bytes int) {
	oldBands, oldBytes := manyBands, stripBytes
	manyBands, stripBytes = bands, bytes
	t.Cleanup(func() { manyBands, stripBytes = oldBands, oldBytes })
}

// testBands compares bands with naive loops, and returns how many there were.
func testBands[T Float](t *testing.T, s ConvShape, images int, kind numbers) int {
	t.Helper()
	mem := newArena[T](t, uint64(images))
	defer mem.check()
	p := NewConvPlan(s, s.X(), s.Y())
	what := fmt.Sprintf("%T %+v of %d images, %d by %d", T(0), s, images, manyBands, stripBytes)
	xLen, yLen := s.X().image(), s.Y().image()
	x, dy := mem.numbers(images*xLen, kind), mem.numbers(images*yLen, kind)
	w, bias := mem.numbers(s.Filters*s.weights(), kind), mem.numbers(s.Filters, kind)

	if n := p.ForwardBands(); n > 0 {
		y, want := mem.make(images*yLen), make([]T, images*yLen)
		for i := range images {
			naiveConvForward(s, want[i*yLen:], x[i*xLen:], w, bias)
		}
		for band := range n {
			ConvForwardBand(p, band, images, y, x, w, bias, mem.make(p.ForwardBandScratch()), None)
		}
		wantSame(t, "forward "+what, y, want)
	}
	if n := p.InputBands(); n > 0 {
		dx, want := mem.make(images*xLen), make([]T, images*xLen)
		for i := range images {
			naiveConvInput(s, want[i*xLen:], dy[i*yLen:], w)
		}
		for band := range n {
			ConvInputBand(p, band, images, dx, dy, w, mem.make(p.InputBandScratch()))
		}
		wantSame(t, "input gradient "+what, dx, want)
	}
	return min(p.ForwardBands(), p.InputBands())
}

func TestConvBands(t *testing.T) {
	tested := 0
	for _, bytes := range []int{0, 1 << 13, 1 << 15} {
		for bands := range 3 {
			smallBands(t, 1+bands, bytes)
			forEachPath(t, func(t *testing.T) {
				for i, s := range convShapes {
					if s.Filters*s.weights()*s.OutH()*s.OutW() > 20_000 {
						continue // the reference is slow
					}
					for _, images := range []int{0, 1 + i%15, 16} {
						tested += testBands[float32](t, s, images, ordinary)
					}
					testBands[float32](t, s, 16, wild)
					testBands[float64](t, s, 2, ordinary)
				}
				testBands[float32](t, ConvShape{Channels: 1, Height: 9, Width: 17, Filters: 14, KernelH: 3, KernelW: 2, StrideH: 1, StrideW: 1, PadH: 2}, 16, ordinary)
			})
		}
	}
	if tested == 0 {
		t.Error("no shape has bands")
	}
	s := ConvShape{Channels: 2, Height: 6, Width: 5, Filters: 3, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1}
	smallBands(t, 2, 0)
	p := NewConvPlan(s, s.X(), s.Y())
	f := func(n int) []float32 { return make([]float32, n) }
	x, y, w := 2*s.X().image(), 2*s.Y().image(), s.Filters*s.weights()
	wantPanic(t, func() { ConvForwardBand(p, 0, 2, f(y-1), f(x), f(w), nil, f(p.ForwardBandScratch()), None) })
	wantPanic(t, func() { ConvForwardBand(p, 0, 2, f(y), f(x-1), f(w), nil, f(p.ForwardBandScratch()), None) })
	wantPanic(t, func() { ConvForwardBand(p, 0, 2, f(y), f(x), f(w-1), nil, f(p.ForwardBandScratch()), None) })
	wantPanic(t, func() { ConvForwardBand(p, 0, 2, f(y), f(x), f(w), f(2), f(p.ForwardBandScratch()), None) })
	wantPanic(t, func() { ConvForwardBand(p, 0, 2, f(y), f(x), f(w), nil, f(p.ForwardBandScratch()-1), None) })
	wantPanic(t, func() { ConvForwardBand(p, 0, 17, f(9*y), f(9*x), f(w), nil, f(p.ForwardBandScratch()), None) })
	wantPanic(t, func() { ConvInputBand(p, 0, 2, f(x-1), f(y), f(w), f(p.InputBandScratch())) })
	wantPanic(t, func() { ConvInputBand(p, 0, 2, f(x), f(y-1), f(w), f(p.InputBandScratch())) })
	wantPanic(t, func() { ConvInputBand(p, 0, 2, f(x), f(y), f(w-1), f(p.InputBandScratch())) })
	wantPanic(t, func() { ConvInputBand(p, 0, 2, f(x), f(y), f(w), f(p.InputBandScratch()-1)) })
}
