package kernel

import (
	"fmt"
	"testing"
)

// ungrouped returns the shape of one group, and calls do for each with the
// offsets of its channels and of its filters.
func (s ConvShape) ungrouped(do func(one ConvShape, c, o int)) {
	one := s
	one.Groups, one.Channels, one.Filters = 1, s.channels(), s.filters()
	for g := range s.groups() {
		do(one, g*one.Channels, g*one.Filters)
	}
}

// naiveConvForward computes one image, group by group.
func naiveConvForward[T Float](s ConvShape, y, x, w, bias []T) {
	s.ungrouped(func(one ConvShape, c, o int) {
		b := make([]T, one.Filters)
		if bias != nil {
			copy(b, bias[o:])
		}
		naiveGroupForward(one, y[o*s.outputs():], x[c*s.Height*s.Width:], w[o*s.weights():], b)
	})
}

func naiveConvInput[T Float](s ConvShape, dx, dy, w []T) {
	s.ungrouped(func(one ConvShape, c, o int) {
		naiveGroupInput(one, dx[c*s.Height*s.Width:], dy[o*s.outputs():], w[o*s.weights():])
	})
}

func naiveConvWeight[T Float](s ConvShape, images int, dw, x, dy []T) {
	xLen, yLen := s.Channels*s.Height*s.Width, s.Filters*s.outputs()
	s.ungrouped(func(one ConvShape, c, o int) {
		naiveGroupWeight(one, images, xLen, yLen, dw[o*s.weights():], x[min(len(x), c*s.Height*s.Width):], dy[min(len(dy), o*s.outputs()):])
	})
}

func naiveGroupForward[T Float](s ConvShape, y, x, w, bias []T) {
	i := 0
	for o := range s.Filters {
		for oy := range s.OutH() {
			for ox := range s.OutW() {
				sum := bias[o]
				k := o * s.Channels * s.KernelH * s.KernelW
				for c := range s.Channels {
					for ky := range s.KernelH {
						for kx := range s.KernelW {
							iy, ix := oy*s.StrideH+ky*max(1, s.DilationH)-s.PadH, ox*s.StrideW+kx*max(1, s.DilationW)-s.PadW
							if iy >= 0 && iy < s.Height && ix >= 0 && ix < s.Width {
								sum = exact(w[k], x[(c*s.Height+iy)*s.Width+ix], sum)
							}
							k++
						}
					}
				}
				if sum == 0 {
					sum = 0 // and not -0
				}
				y[i] = sum
				i++
			}
		}
	}
}

func naiveGroupInput[T Float](s ConvShape, dx, dy, w []T) {
	i := 0
	for c := range s.Channels {
		for iy := range s.Height {
			for ix := range s.Width {
				var sum T
				for o := range s.Filters {
					for ky := range s.KernelH {
						for kx := range s.KernelW {
							ry, rx := iy+s.PadH-ky*max(1, s.DilationH), ix+s.PadW-kx*max(1, s.DilationW)
							if ry%s.StrideH != 0 || rx%s.StrideW != 0 {
								continue
							}
							oy, ox := ry/s.StrideH, rx/s.StrideW
							if ry < 0 || rx < 0 || oy >= s.OutH() || ox >= s.OutW() {
								continue
							}
							sum = exact(w[((o*s.Channels+c)*s.KernelH+ky)*s.KernelW+kx], dy[(o*s.OutH()+oy)*s.OutW()+ox], sum)
						}
					}
				}
				dx[i] = sum
				i++
			}
		}
	}
}

func naiveGroupWeight[T Float](s ConvShape, images, xLen, yLen int, dw, x, dy []T) {
	i := 0
	for o := range s.Filters {
		for c := range s.Channels {
			for ky := range s.KernelH {
				for kx := range s.KernelW {
					var sums [16]T
					for n := range images {
						for oy := range s.OutH() {
							for ox := range s.OutW() {
								iy, ix := oy*s.StrideH+ky*max(1, s.DilationH)-s.PadH, ox*s.StrideW+kx*max(1, s.DilationW)-s.PadW
								if iy < 0 || iy >= s.Height {
									continue
								}
								var v T
								if ix >= 0 && ix < s.Width {
									v = x[n*xLen+(c*s.Height+iy)*s.Width+ix]
								}
								sums[n] = exact(dy[n*yLen+(o*s.OutH()+oy)*s.OutW()+ox], v, sums[n])
							}
						}
					}
					dw[i] = naiveTree(sums)
					i++
				}
			}
		}
	}
}

// naiveTree adds 16 numbers: i and i+8, then i and i+4, i+2, i+1.
func naiveTree[T Float](s [16]T) T {
	for _, half := range []int{8, 4, 2, 1} {
		for i := range half {
			s[i] += s[i+half]
		}
	}
	return s[0]
}

var convShapes = []ConvShape{
	{Channels: 1, Height: 1, Width: 1, Filters: 1, KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1},
	{Channels: 1, Height: 28, Width: 28, Filters: 6, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2},
	{Channels: 6, Height: 14, Width: 14, Filters: 16, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1},
	{Channels: 3, Height: 9, Width: 7, Filters: 7, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1},
	{Channels: 2, Height: 8, Width: 11, Filters: 13, KernelH: 3, KernelW: 2, StrideH: 1, StrideW: 2, PadH: 0, PadW: 1},
	{Channels: 13, Height: 6, Width: 5, Filters: 2, KernelH: 2, KernelW: 5, StrideH: 3, StrideW: 1, PadH: 1, PadW: 0},
	{Channels: 5, Height: 7, Width: 8, Filters: 3, KernelH: 1, KernelW: 1, StrideH: 2, StrideW: 3},
	{Channels: 2, Height: 10, Width: 10, Filters: 9, KernelH: 2, KernelW: 2, StrideH: 3, StrideW: 3},
	{Channels: 1, Height: 3, Width: 3, Filters: 5, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 4, PadW: 3},
	{Channels: 4, Height: 2, Width: 20, Filters: 4, KernelH: 2, KernelW: 7, StrideH: 2, StrideW: 2, PadH: 2, PadW: 5},
	{Channels: 8, Height: 5, Width: 5, Filters: 11, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1},
	{Channels: 90, Height: 2, Width: 3, Filters: 5, KernelH: 2, KernelW: 2, StrideH: 1, StrideW: 1},
	{Channels: 39, Height: 3, Width: 4, Filters: 38, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{Channels: 6, Height: 5, Width: 6, Filters: 9, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, Groups: 3},
	{Channels: 5, Height: 7, Width: 8, Filters: 5, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1, Groups: 5},
	{Channels: 4, Height: 6, Width: 6, Filters: 8, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2, Groups: 4},
	{Channels: 3, Height: 1, Width: 1, Filters: 3, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, Groups: 3},
	{Channels: 3, Height: 3, Width: 2, Filters: 3, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1, Groups: 3},
	{Channels: 9, Height: 4, Width: 4, Filters: 9, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, Groups: 9},
	{Channels: 2, Height: 8, Width: 7, Filters: 2, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, Groups: 2},
	{Channels: 2, Height: 3, Width: 17, Filters: 2, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1, Groups: 2},
	{Channels: 2, Height: 5, Width: 35, Filters: 2, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 0, PadW: 1, Groups: 2},
	{Channels: 2, Height: 2, Width: 20, Filters: 2, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 2, PadW: 1, Groups: 2},
	{Channels: 2, Height: 6, Width: 26, Filters: 2, KernelH: 5, KernelW: 3, StrideH: 2, StrideW: 1, PadH: 1, PadW: 1, Groups: 2},
	{Channels: 2, Height: 7, Width: 8, Filters: 2, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 2, PadW: 1, DilationH: 2, Groups: 2},
	{Channels: 3, Height: 6, Width: 11, Filters: 3, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, Groups: 3},
	{Channels: 3, Height: 7, Width: 10, Filters: 3, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, Groups: 3},
	{Channels: 2, Height: 9, Width: 8, Filters: 3, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2, DilationH: 2, DilationW: 2},
	{Channels: 3, Height: 9, Width: 11, Filters: 2, KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 3, PadH: 3, PadW: 1, DilationH: 3, DilationW: 2},
	{Channels: 2, Height: 10, Width: 13, Filters: 4, KernelH: 3, KernelW: 4, StrideH: 2, StrideW: 6, PadH: 1, PadW: 5, DilationH: 4, DilationW: 4, Groups: 2},
	{Channels: 1, Height: 4, Width: 9, Filters: 2, KernelH: 1, KernelW: 3, StrideH: 1, StrideW: 2, DilationH: 2, DilationW: 3},
}

func testConv[T Float](t *testing.T, s ConvShape, images int, kind numbers) {
	t.Helper()
	what := fmt.Sprintf("%T %+v of %d images", T(0), s, images)
	p, input := NewConvPlan(s, s.PaddedX(), s.Y()), NewConvPlan(s, s.X(), s.Y())
	mem := newArena[T](t, uint64(images))
	defer mem.check()
	xLen, yLen, wLen := s.Channels*s.Height*s.Width, s.Filters*s.outputs(), s.Filters*s.weights()
	x, w, bias := mem.numbers(images*xLen, kind), mem.numbers(wLen, kind), mem.numbers(s.Filters, kind)
	dy := mem.numbers(images*yLen, kind)
	if images%3 == 0 {
		bias = nil
	}

	y, want := mem.make(images*yLen), make([]T, images*yLen)
	ConvForward(p, images, y, x, w, bias, mem.make(p.ForwardScratch()), None)
	for n := range images {
		naiveConvForward(s, want[n*yLen:], x[n*xLen:], w, bias)
	}
	wantSame(t, "forward "+what, y, want)

	dx, want := mem.make(images*xLen), make([]T, images*xLen)
	ConvInput(input, images, dx, dy, w, mem.make(input.InputScratch()))
	for n := range images {
		naiveConvInput(s, want[n*xLen:], dy[n*yLen:], w)
	}
	wantSame(t, "input gradient "+what, dx, want)

	dw, want := mem.make(wLen), make([]T, wLen)
	ConvWeight(p, images, dw, x, dy, mem.make(p.WeightScratch()))
	naiveConvWeight(s, images, want, x, dy)
	wantSame(t, "weight gradient "+what, dw, want)
}

func TestConv(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, s := range convShapes {
			testConv[float32](t, s, 2, ordinary)
			if s.Filters*s.weights()*s.OutH()*s.OutW() > 100_000 {
				continue // the reference is slow
			}
			for _, images := range []int{0, 1, 3, 16} {
				testConv[float32](t, s, images, ordinary)
			}
			testConv[float64](t, s, 2, ordinary)
		}
	})
}

func TestConvNumbers(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for name, kind := range numberKinds {
			t.Run(name, func(t *testing.T) {
				for images := range Lanes + 1 {
					testConv[float32](t, convShapes[3], images, kind)
				}
				testConv[float32](t, convShapes[9], 16, kind)
			})
		}
	})
}

func TestNoAllocation(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		s := convShapes[3]
		p := NewConvPlan(s, s.PaddedX(), s.Y())
		f := func(n int) []float32 { return make([]float32, n) }
		x, y, w := f(Lanes*p.X.image()), f(Lanes*p.Y.image()), f(s.Filters*s.weights())
		scratch := f(max(p.ForwardScratch(), p.InputScratch(), p.WeightScratch(), GemmScratch))
		got := testing.AllocsPerRun(10, func() {
			ConvForward(p, Lanes, y, x, w, nil, scratch, None)
			ConvInput(p, Lanes, x, y, w, scratch)
			ConvWeight(p, Lanes, w, x, y, scratch)
			Gemm(false, true, 5, 20, 9, y, 20, x, 9, w, 9, true, scratch)
			LinearWeight(5, 20, 9, y, 20, w, 5, x, 20, false, scratch)
		})
		if got != 0 {
			t.Errorf("%v allocations, want none", got)
		}
	})
}

var benchmarkConvs = map[string]ConvShape{
	"lenet1":    convShapes[1],
	"lenet2":    convShapes[2],
	"3x3":       squareConv(3, 32, 12, 3, 1, 1),
	"stride2":   squareConv(12, 32, 20, 3, 2, 1),
	"1x1":       squareConv(20, 14, 37, 1, 1, 0),
	"7x7":       squareConv(5, 28, 12, 7, 1, 3),
	"large":     squareConv(64, 56, 64, 3, 1, 1),
	"deep":      squareConv(256, 14, 256, 3, 1, 1),
	"depthwise": {Channels: 32, Height: 28, Width: 28, Filters: 32, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, Groups: 32},
}

func squareConv(channels, size, filters, kernel, stride, pad int) ConvShape {
	return ConvShape{Channels: channels, Height: size, Width: size, Filters: filters, KernelH: kernel, KernelW: kernel,
		StrideH: stride, StrideW: stride, PadH: pad, PadW: pad}
}

// BenchmarkConv counts two operations a weight and output, also in the padding,
// which is left out.
func BenchmarkConv(b *testing.B) {
	for name, s := range benchmarkConvs {
		p, input := NewConvPlan(s, s.PaddedX(), s.Y()), NewConvPlan(s, s.X(), s.Y())
		flops := 2 * Lanes * s.groups() * s.terms()
		f := func(n int) []float32 { return aligned(make([]float32, n+alignSlack)) }
		x, y, dx, dy := f(p.X.Len()), f(p.Y.Len()), f(input.X.Len()), f(p.Y.Len())
		w, scratch := f(s.Filters*s.weights()), f(p.WeightScratch()+p.ForwardScratch()+p.InputScratch())
		b.Run(name+"/forward", func(b *testing.B) {
			reportFlops(b, flops, func() { ConvForwardLanes(p, y, x, w, nil, None) })
		})
		b.Run(name+"/input", func(b *testing.B) {
			reportFlops(b, flops, func() { ConvInputLanes(input, dx, dy, w) })
		})
		b.Run(name+"/weight", func(b *testing.B) {
			reportFlops(b, flops, func() { ConvWeightLanes(p, Lanes, w, x, dy, scratch) })
		})
		b.Run(name+"/forwardImages", func(b *testing.B) {
			reportFlops(b, flops, func() { ConvForward(p, Lanes, y, x, w, nil, scratch, None) })
		})
		b.Run(name+"/inputImages", func(b *testing.B) {
			reportFlops(b, flops, func() { ConvInput(input, Lanes, dx, dy, w, scratch) })
		})
		b.Run(name+"/weightImages", func(b *testing.B) {
			reportFlops(b, flops, func() { ConvWeight(p, Lanes, w, x, dy, scratch) })
		})
	}
}
