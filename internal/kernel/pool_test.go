package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

// maxByDefinition visits all of a window, padding too, as the definition has it.
func maxByDefinition[T Float](s PoolShape, x []T, oy, ox int) (best T, at int32) {
	at = -1
	for ky := range s.KernelH {
		for kx := range s.KernelW {
			row, col := oy*s.StrideH-s.PadH+ky, ox*s.StrideW-s.PadW+kx
			if row < 0 || row >= s.Height || col < 0 || col >= s.Width {
				continue
			}
			v := x[row*s.Width+col]
			first := at < 0
			isNaN, wasNaN := math.IsNaN(float64(v)), math.IsNaN(float64(best))
			if first || !wasNaN && (isNaN || v > best) {
				best, at = v, int32(row*s.Width+col)
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
		PoolShape{Height: 2, Width: 2, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2},
	)
	return slices.DeleteFunc(shapes, func(s PoolShape) bool {
		return s.Height+2*s.PadH < s.KernelH || s.Width+2*s.PadW < s.KernelW
	})
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
	const untouched = -7
	room := slices.Repeat([]int32{untouched}, planes*oh*ow+2*guardLen)
	index := room[guardLen : len(room)-guardLen]

	MaxPool(s, planes, y, index, x)
	for i, v := range room {
		if outside := i < guardLen || i >= len(room)-guardLen; outside && v != untouched {
			t.Fatalf("%+v: wrote an index outside its slice", s)
		}
	}
	for i := range y {
		p, oy, ox := i/(oh*ow), i/ow%oh, i%ow
		best, at := maxByDefinition(s, x[p*size:(p+1)*size], oy, ox)
		wantSame(t, fmt.Sprintf("%+v, output %d", s, i), y[i:i+1], []T{best})
		if index[i] != at {
			t.Fatalf("%+v: output %d has index %d, want %d", s, i, index[i], at)
		}
	}
	a.check()
}

func TestMaxPoolShortSlicePanics(t *testing.T) {
	s := PoolShape{Height: 4, Width: 20, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}
	forEachPath(t, func(t *testing.T) {
		for name, short := range map[string][3]int{"y": {39, 40, 160}, "index": {40, 39, 160}, "x": {40, 40, 159}} {
			y, index, x := make([]float32, short[0]), make([]int32, short[1]), make([]float32, short[2])
			if !panics(func() { MaxPool(s, 2, y, index, x) }) {
				t.Errorf("took a short %s", name)
			}
		}
	})
}

// What scatter adds up, gather takes apart: <scatter(dy), x> = <dy, gather(x)>.
func TestPoolScatterAndGather(t *testing.T) {
	const planes, size, outSize = 3, 10, 6
	a := newArena[float64](t, 1)
	whole := func(r *rand.Rand) float64 { return float64(r.IntN(19) - 9) } // sums are exact
	x, dy := a.numbers(planes*size, whole), a.numbers(planes*outSize, whole)
	dx, y := a.make(planes*size), a.make(planes*outSize)
	index := make([]int32, planes*outSize)
	for i := range index {
		index[i] = int32(a.random.IntN(size))
	}
	PoolScatter(planes, size, outSize, dx, dy, index)
	PoolGather(planes, size, outSize, y, x, index)
	var left, right float64
	for i := range dx {
		left += dx[i] * x[i]
	}
	for i := range y {
		right += dy[i] * y[i]
		if want := x[i/outSize*size+int(index[i])]; y[i] != want {
			t.Errorf("element %d gathered is %v, want %v", i, y[i], want)
		}
	}
	if left != right {
		t.Errorf("<scatter(dy), x> = %v, <dy, gather(x)> = %v", left, right)
	}
	a.check()
}

func BenchmarkMaxPool(b *testing.B) {
	for _, s := range []PoolShape{
		{Height: 28, Width: 28, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}, // LeNet-5's first
		{Height: 10, Width: 10, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}, // and second
		{Height: 56, Width: 56, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1},
		{Height: 14, Width: 14, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
		{Height: 27, Width: 27, KernelH: 3, KernelW: 3, StrideH: 3, StrideW: 3},
	} {
		for _, path := range Paths() {
			b.Run(fmt.Sprintf("%dx%dk%ds%dp%d/%s", s.Height, s.Width, s.KernelH, s.StrideH, s.PadH, path), func(b *testing.B) {
				defer Use(path)()
				const planes = 64
				out := planes * s.OutH() * s.OutW()
				x, y, index := make([]float32, planes*s.Height*s.Width), make([]float32, out), make([]int32, out)
				r := rand.New(rand.NewPCG(1, 2))
				for i := range x {
					x[i] = float32(r.NormFloat64())
				}
				for b.Loop() {
					MaxPool(s, planes, y, index, x)
				}
				reportEach(b, out, "window")
			})
		}
	}
}
