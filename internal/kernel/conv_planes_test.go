package kernel

import (
	"fmt"
	"testing"
)

// testPlanes compares planes as they lie with blocks.
func testPlanes[T Float](t *testing.T, s ConvShape, images int, kind numbers) {
	t.Helper()
	what := fmt.Sprintf("%T %+v of %d images", T(0), s, images)
	p := NewConvPlan(s, s.X(), s.Y())
	mem := newArena[T](t, uint64(s.Width))
	defer mem.check()
	planes, xLen, yLen := images*s.Channels, s.Height*s.Width, s.outputs()
	x, w, bias := mem.numbers(planes*xLen, kind), mem.numbers(s.Channels*s.kernel(), kind), mem.numbers(s.Channels, kind)
	dy, blocks := mem.numbers(planes*yLen, kind), make([]T, p.ForwardScratch())
	e := Epilogue(s.Width % 2)
	if s.Width%3 == 0 {
		bias = nil
	}

	// Two calls, the border between them anywhere.
	part := (s.Height + s.Width) % (planes + 1)
	y, want := mem.make(planes*yLen), make([]T, planes*yLen)
	ConvForwardPlanes(p, 0, part, y, x, w, bias, mem.make(p.PlanesScratch()), e)
	ConvForwardPlanes(p, part, planes, y, x, w, bias, mem.make(p.PlanesScratch()), e)
	ConvForward(p, images, want, x, w, bias, blocks, e)
	wantSame(t, "forward "+what, y, want)

	dx, want := mem.make(planes*xLen), make([]T, planes*xLen)
	ConvInputPlanes(p, 0, part, dx, dy, w, mem.make(p.PlanesScratch()))
	ConvInputPlanes(p, part, planes, dx, dy, w, mem.make(p.PlanesScratch()))
	ConvInput(p, images, want, dy, w, blocks)
	wantSame(t, "input gradient "+what, dx, want)
}

func planesShape(channels, height, width, stride, padH, padW int) ConvShape {
	return ConvShape{Channels: channels, Height: height, Width: width, Filters: channels, KernelH: 3, KernelW: 3,
		StrideH: stride, StrideW: stride, PadH: padH, PadW: padW, Groups: channels}
}

func TestPlanes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for i := range 9 * 40 * 3 * 3 * 2 {
			height, width, padH, padW, stride := 1+i%9, 1+i/9%40, i/360%3, i/1080%3, 1+i/3240
			if height+2*padH < 3 || width+2*padW < 3 || testing.Short() && i%7 > 0 {
				continue
			}
			testPlanes[float32](t, planesShape(1+i%5, height, width, stride, padH, padW), 1+i%4, ordinary)
		}
		testPlanes[float32](t, planesShape(3, 40, 50, 1, 1, 1), 2, ordinary)
		testPlanes[float32](t, planesShape(3, 41, 75, 2, 1, 1), 2, ordinary)
		testPlanes[float64](t, planesShape(3, 5, 7, 2, 1, 1), 2, ordinary)
	})
}

func TestPlanesNumbers(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for name, kind := range numberKinds {
			t.Run(name, func(t *testing.T) {
				for width := range 20 {
					for stride := 1; stride <= 2; stride++ {
						testPlanes[float32](t, planesShape(30, 6, 1+width, stride, 1, 1), 3, kind)
					}
				}
			})
		}
	})
}

func BenchmarkPlanes(b *testing.B) {
	for _, c := range []struct{ channels, size, stride int }{{512, 4, 1}, {256, 8, 1}, {512, 14, 1}, {128, 16, 1}, {256, 28, 1}, {32, 32, 1}, {64, 32, 2}, {32, 28, 2}} {
		s := planesShape(c.channels, c.size, c.size, c.stride, 1, 1)
		p := NewConvPlan(s, s.X(), s.Y())
		x, y := make([]float32, c.channels*c.size*c.size), make([]float32, c.channels*s.outputs())
		w, scratch := make([]float32, 9*c.channels), make([]float32, p.PlanesScratch())
		name := fmt.Sprintf("%d-%d-%d", c.channels, c.size, c.stride)
		b.Run(name+"/forward", func(b *testing.B) {
			reportFlops(b, 18*c.channels*s.outputs(), func() { ConvForwardPlanes(p, 0, c.channels, y, x, w, nil, scratch, None) })
		})
		b.Run(name+"/input", func(b *testing.B) {
			reportFlops(b, 18*c.channels*s.outputs(), func() { ConvInputPlanes(p, 0, c.channels, x, y, w, scratch) })
		})
	}
}
