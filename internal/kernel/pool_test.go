package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// level draws from few values, so that many are equal, zeros of either sign
// among them, and some are no numbers.
func level(r *rand.Rand) float64 {
	switch r.IntN(12) {
	case 0:
		return math.NaN()
	case 1:
		return math.Copysign(math.NaN(), -1)
	case 2, 3:
		return math.Inf(-1)
	case 4:
		return math.Inf(1)
	case 5:
		return math.Copysign(0, -1)
	}
	return float64(r.IntN(4) - 2)
}

// fewLevels draws from even fewer, without NaN.
func fewLevels(r *rand.Rand) float64 { return float64(r.IntN(3) - 1) }

// element returns which element of an axis is tap k of window o, and whether it is
// one of the plane.
func element(o, k, size, stride, pad, bins int) (i int, ok bool) {
	if bins > 0 {
		i = o*size/bins + k
		return i, i*bins < (o+1)*size // as i < (o+1)*size/bins before rounding it up
	}
	i = o*stride - pad + k
	return i, 0 <= i && i < size
}

// maxByDefinition visits all of a window, padding too, as the definition has it.
func maxByDefinition[T Float](s PoolShape, x []T, oy, ox int) (best T, at int32) {
	at = -1
	for ky := range s.KernelH {
		for kx := range s.KernelW {
			row, inRow := element(oy, ky, s.Height, s.StrideH, s.PadH, s.BinsH)
			col, inCol := element(ox, kx, s.Width, s.StrideW, s.PadW, s.BinsW)
			if !inRow || !inCol {
				continue
			}
			v := x[row*s.Width+col]
			first := at < 0
			isNaN, wasNaN := math.IsNaN(float64(v)), math.IsNaN(float64(best))
			if first || !wasNaN && (isNaN || v > best) {
				best, at = v, int32(ky*s.KernelW+kx)
			}
		}
	}
	return best, at
}

func poolShapes() []PoolShape {
	var shapes []PoolShape
	for kernel := 1; kernel <= 5; kernel++ {
		for stride := 1; stride <= 3; stride++ {
			for width := 1; width <= 40; width++ {
				pad := width % (kernel/2 + 1)
				shapes = append(shapes, PoolShape{
					Height: 1 + (width+kernel)%9, Width: width,
					KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride, PadH: pad, PadW: pad,
				})
			}
		}
	}
	shapes = append(shapes,
		PoolShape{Height: 7, Width: 50, KernelH: 3, KernelW: 2, StrideH: 1, StrideW: 2},
		PoolShape{Height: 7, Width: 90, KernelH: 2, KernelW: 5, StrideH: 3, StrideW: 5, PadW: 2},
		PoolShape{Height: 9, Width: 70, KernelH: 4, KernelW: 1, StrideH: 2, StrideW: 1, PadH: 2},
		PoolShape{Height: 7, Width: 9, KernelH: 2, KernelW: 3, StrideH: 2, StrideW: 2, PadW: 1},
		PoolShape{Height: 7, Width: 37, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2},
		PoolShape{Height: 7, Width: 65, KernelH: 3, KernelW: 2, StrideH: 3, StrideW: 2},
		PoolShape{Height: 150, Width: 300, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}, // cut into runs
		PoolShape{Height: 2, Width: 2, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2},
	)
	for i, s := range shapes {
		if i%3 == 0 {
			s.Ceil, s.Exclude = i%2 == 0, i%4 < 2
			shapes = append(shapes, s)
		}
	}
	for width := 1; width <= 12; width++ {
		shapes = append(shapes, AdaptivePool(1+width*5%7, width, 1+width%4, 1+width*7%9))
	}
	return slices.DeleteFunc(shapes, func(s PoolShape) bool { return s.OutH() < 1 || s.OutW() < 1 })
}

// makeTaps returns n taps between guard zones, and what checks these.
func makeTaps(t *testing.T, n int) (tap []int32, check func()) {
	const untouched = -7
	room := slices.Repeat([]int32{untouched}, n+2*guardLen)
	return room[guardLen : guardLen+n], func() {
		t.Helper()
		for i, v := range room {
			if outside := i < guardLen || i >= guardLen+n; outside && v != untouched {
				t.Fatal("wrote a tap outside its slice")
			}
		}
	}
}

func TestMaxPool(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, s := range poolShapes() {
			for _, kind := range []numbers{level, fewLevels, ordinary} {
				testMaxPool[float32](t, s, kind)
			}
		}
		testMaxPool[float64](t, PoolShape{Height: 9, Width: 9, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1}, level)
	})
}

func testMaxPool[T Float](t *testing.T, s PoolShape, kind numbers) {
	t.Helper()
	const planes = 3
	size, oh, ow := s.Height*s.Width, s.OutH(), s.OutW()
	a := newArena[T](t, uint64(s.Width))
	x, y := a.numbers(planes*size, kind), a.make(planes*oh*ow)
	tap, checkTap := makeTaps(t, planes*oh*ow)
	MaxPool(s, planes, y, tap, x)
	checkTap()
	for i := range y {
		p, oy, ox := i/(oh*ow), i/ow%oh, i%ow
		best, at := maxByDefinition(s, x[p*size:(p+1)*size], oy, ox)
		wantSame(t, fmt.Sprintf("%+v, output %d", s, i), y[i:i+1], []T{best})
		if tap[i] != at {
			t.Fatalf("%+v: output %d has tap %d, want %d", s, i, tap[i], at)
		}
	}
	a.check()
}

// anyTap draws a tap of a window, or now and then none.
func anyTap(s PoolShape, r *rand.Rand) int32 {
	if r.IntN(8) == 0 {
		return []int32{-1, -1 << 31, 1<<31 - 1, int32(s.KernelH * s.KernelW)}[r.IntN(4)]
	}
	return int32(r.IntN(s.KernelH * s.KernelW))
}

// eachTap calls do for every tap within the plane of every window, with where
// the window and the tap lie in planes of their own.
func eachTap(s PoolShape, do func(window, at int, tap int32)) {
	for oy := range s.OutH() {
		for ox := range s.OutW() {
			for k := range s.KernelH * s.KernelW {
				y, inRow := element(oy, k/s.KernelW, s.Height, s.StrideH, s.PadH, s.BinsH)
				x, inCol := element(ox, k%s.KernelW, s.Width, s.StrideW, s.PadW, s.BinsW)
				if inRow && inCol {
					do(oy*s.OutW()+ox, y*s.Width+x, int32(k))
				}
			}
		}
	}
}

// The linear kernels by definition, on one plane.

func scatterByDefinition[T Float](s PoolShape, dy []T, tap []int32) []T {
	dx := make([]T, s.Height*s.Width)
	eachTap(s, func(window, at int, k int32) {
		if tap[window] == k {
			dx[at] += dy[window]
		}
	})
	return dx
}

func gatherByDefinition[T Float](s PoolShape, x []T, tap []int32) []T {
	y := make([]T, s.OutH()*s.OutW())
	eachTap(s, func(window, at int, k int32) {
		if tap[window] == k {
			y[window] = x[at]
		}
	})
	return y
}

// shareByDefinition returns what a window's sum is multiplied by.
func shareByDefinition[T Float](s PoolShape, window int) T {
	along := func(o, kernel, size, stride, pad, bins int) (n int) {
		for k := range kernel {
			i, ok := element(o, k, size, stride, pad, bins)
			if ok || !s.Exclude && bins == 0 && i < size+pad {
				n++
			}
		}
		return n
	}
	return 1 / T(along(window/s.OutW(), s.KernelH, s.Height, s.StrideH, s.PadH, s.BinsH)*
		along(window%s.OutW(), s.KernelW, s.Width, s.StrideW, s.PadW, s.BinsW))
}

func avgByDefinition[T Float](s PoolShape, x []T) []T {
	y := make([]T, s.OutH()*s.OutW())
	eachTap(s, func(window, at int, _ int32) { y[window] += x[at] })
	for i := range y {
		y[i] *= shareByDefinition[T](s, i)
	}
	return y
}

func avgGradByDefinition[T Float](s PoolShape, dy []T) []T {
	dx := make([]T, s.Height*s.Width)
	eachTap(s, func(window, at int, _ int32) { dx[at] += T(dy[window] * shareByDefinition[T](s, window)) })
	return dx
}

func TestLinearPooling(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, s := range poolShapes() {
			testLinearPooling[float32](t, s)
		}
		testLinearPooling[float64](t, PoolShape{Height: 9, Width: 7, KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, PadW: 1})
	})
}

func testLinearPooling[T Float](t *testing.T, s PoolShape) {
	t.Helper()
	const planes = 3
	size, out := s.Height*s.Width, s.OutH()*s.OutW()
	a := newArena[T](t, uint64(s.Width))
	x, dy := a.numbers(planes*size, wild), a.numbers(planes*out, ordinary)
	scattered, gathered, averaged, spread := a.make(planes*size), a.make(planes*out), a.make(planes*out), a.make(planes*size)
	tap := make([]int32, planes*out)
	for i := range tap {
		tap[i] = anyTap(s, a.random)
	}
	PoolScatter(s, planes, scattered, dy, tap)
	PoolGather(s, planes, gathered, x, tap)
	AvgPool(s, planes, averaged, x)
	AvgPoolGrad(s, planes, spread, dy)
	for p := range planes {
		x, dy, tap := x[p*size:(p+1)*size], dy[p*out:(p+1)*out], tap[p*out:(p+1)*out]
		what := fmt.Sprintf("%+v, plane %d, ", s, p)
		wantSame(t, what+"scattered", scattered[p*size:], scatterByDefinition(s, dy, tap))
		wantSame(t, what+"gathered", gathered[p*out:], gatherByDefinition(s, x, tap))
		wantSame(t, what+"averaged", averaged[p*out:], avgByDefinition(s, x))
		wantSame(t, what+"gradient of the average", spread[p*size:], avgGradByDefinition(s, dy))
	}
	a.check()
}

func TestPoolShortSlicePanics(t *testing.T) {
	s := PoolShape{Height: 4, Width: 20, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}
	forEachPath(t, func(t *testing.T) {
		for name, short := range map[string][3]int{"y": {39, 40, 160}, "tap": {40, 39, 160}, "x": {40, 40, 159}} {
			y, tap, x := make([]float32, short[0]), make([]int32, short[1]), make([]float32, short[2])
			for kernel, call := range map[string]func(){
				"MaxPool":     func() { MaxPool(s, 2, y, tap, x) },
				"PoolScatter": func() { PoolScatter(s, 2, x, y, tap) },
				"PoolGather":  func() { PoolGather(s, 2, y, x, tap) },
				"AvgPool":     func() { AvgPool(s, 2, y, x) },
				"AvgPoolGrad": func() { AvgPoolGrad(s, 2, x, y) },
			} {
				if needed := name != "tap" || !strings.HasPrefix(kernel, "Avg"); needed && !panics(call) {
					t.Errorf("%s took a short %s", kernel, name)
				}
			}
		}
	})
}

func TestPoolShapeOutsideItsPlanePanics(t *testing.T) {
	good := PoolShape{Height: 4, Width: 5, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}
	x := make([]float32, 100)
	for name, spoil := range map[string]func(s *PoolShape){
		"nothing":           func(*PoolShape) {},
		"negative padding":  func(s *PoolShape) { s.PadH = -1 },
		"too much padding":  func(s *PoolShape) { s.PadW = 2 },
		"too large a width": func(s *PoolShape) { s.KernelW = 6 },
		"no stride":         func(s *PoolShape) { s.StrideH = 0 },
		"no height":         func(s *PoolShape) { s.Height, s.PadH = 0, 1 },
		"too large a bin":   func(s *PoolShape) { s.BinsH = 1 },
	} {
		s := good
		spoil(&s)
		if panics(func() { AvgPool(s, 1, make([]float32, 100), x) }) != (name != "nothing") {
			t.Errorf("%s: want a panic exactly where something is wrong", name)
		}
	}
}

func BenchmarkPool(b *testing.B) {
	for _, s := range []PoolShape{
		{Height: 28, Width: 28, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}, // LeNet-5's first
		{Height: 10, Width: 10, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}, // and second
		{Height: 56, Width: 56, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1},
		{Height: 14, Width: 14, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
		{Height: 27, Width: 27, KernelH: 3, KernelW: 3, StrideH: 3, StrideW: 3},
	} {
		const planes = 64
		out := planes * s.OutH() * s.OutW()
		x, y, tap := make([]float32, planes*s.Height*s.Width), make([]float32, out), make([]int32, out)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		dx := make([]float32, len(x))
		for _, k := range []struct {
			name string
			run  func()
		}{
			{"max", func() { MaxPool(s, planes, y, tap, x) }},
			{"scatter", func() { PoolScatter(s, planes, dx, y, tap) }},
			{"gather", func() { PoolGather(s, planes, y, x, tap) }},
			{"avg", func() { AvgPool(s, planes, y, x) }},
			{"avgGrad", func() { AvgPoolGrad(s, planes, dx, y) }},
		} {
			for _, path := range Paths() {
				b.Run(fmt.Sprintf("%s/%dx%dk%ds%dp%d/%s", k.name, s.Height, s.Width, s.KernelH, s.StrideH, s.PadH, path), func(b *testing.B) {
					defer Use(path)()
					for b.Loop() {
						k.run()
					}
					reportEach(b, out, "window")
				})
			}
		}
	}
}
