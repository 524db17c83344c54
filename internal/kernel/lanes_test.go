package kernel

import (
	"fmt"
	"testing"
)

func testLanes[T Float](t *testing.T, b Block, images int) {
	t.Helper()
	mem := newArena[T](t, uint64(images))
	defer mem.check()
	src := mem.numbers(images*b.image(), wild)
	block := mem.make(b.Len())
	ToLanes(b, block, images, src)
	want := make([]T, b.Len())
	i := 0
	for n := range images {
		for c := range b.Channels {
			for y := range b.Height {
				for x := range b.Width {
					row := (c*(b.Top+b.Height+b.Bottom)+b.Top+y)*(b.Left+b.Width+b.Right) + b.Left + x
					want[row*b.Images()+n] = src[i]
					i++
				}
			}
		}
	}
	what := fmt.Sprintf("%T %+v of %d images", T(0), b, images)
	wantSame(t, "to lanes "+what, block, want)
	back := mem.make(len(src))
	FromLanes(b, back, images, block)
	wantSame(t, "from lanes "+what, back, src)

	block, back = mem.make(b.Len()), mem.make(len(src))
	for c := range b.Channels {
		ToLanesChannels(b, block, images, src, c, c+1)
		FromLanesChannels(b, back, images, block, c, c+1)
	}
	wantSame(t, "channels to lanes "+what, block, want)
	wantSame(t, "channels from lanes "+what, back, src)
}

func TestLanes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for width := range 35 {
			for i, images := range []int{0, 1, 7, 8, 9, 15, 16} {
				b := Block{Channels: 1 + (i+1)%3, Height: i, Width: width}
				testLanes[float32](t, b, images)
				b.Bottom = 2
				testLanes[float32](t, b, images)
				b.Top, b.Left = 1, 3
				testLanes[float32](t, b, images)
				testLanes[float64](t, b, images)
				if images <= HalfLanes {
					b.Lanes = HalfLanes
					testLanes[float32](t, b, images)
				}
			}
		}
	})
}

func testTranspose(t *testing.T, rows, cols int) {
	t.Helper()
	mem := newArena[float32](t, uint64(rows*cols))
	defer mem.check()
	dstStride, srcStride := rows+mem.random.IntN(3), cols+mem.random.IntN(3)
	src, dst := mem.numbers(matrixLen(rows, cols, srcStride), wild), mem.make(matrixLen(cols, rows, dstStride))
	want := append([]float32(nil), dst...)
	for i := range rows {
		for j := range cols {
			want[j*dstStride+i] = src[i*srcStride+j]
		}
	}
	Transpose(dst, dstStride, src, srcStride, rows, cols)
	wantSame(t, fmt.Sprintf("transpose %dx%d", rows, cols), dst, want)
}

func TestTranspose(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for rows := range 35 {
			for cols := range 35 {
				testTranspose(t, rows, cols)
			}
		}
	})
}

func testSumLanes(t *testing.T, n int, kind numbers) {
	t.Helper()
	mem := newArena[float32](t, uint64(n))
	defer mem.check()
	src, dst, want := mem.numbers(n*16, kind), mem.make(n), make([]float32, n)
	before := append([]float32(nil), src...)
	for i := range want {
		want[i] = naiveTree([16]float32(src[i*16:]))
	}
	SumLanes(dst, src)
	wantSame(t, fmt.Sprintf("sums of %d vectors", n), dst, want)
	low, high := mem.make(n*HalfLanes), mem.make(n*HalfLanes)
	for i := range n {
		copy(low[i*HalfLanes:], src[i*Lanes:][:HalfLanes])
		copy(high[i*HalfLanes:], src[i*Lanes+HalfLanes:][:HalfLanes])
	}
	SumHalves(dst, low, high)
	wantSame(t, fmt.Sprintf("sums of %d vectors in halves", n), dst, want)
	wantSame(t, "source", src, before)
}

func TestSumLanes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for n := range 40 {
			for _, kind := range numberKinds {
				testSumLanes(t, n, kind)
			}
		}
	})
}

func BenchmarkLanes(b *testing.B) {
	for _, s := range []Block{
		{Channels: 6, Height: 14, Width: 14},
		{Channels: 1, Height: 28, Width: 28, Top: 2, Bottom: 2, Left: 2, Right: 2},
		{Channels: 16, Height: 10, Width: 10, Top: 4, Bottom: 4, Left: 4, Right: 4},
	} {
		images, block := make([]float32, s.image()*Lanes), make([]float32, s.Len())
		run := func(name string, f func()) {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", name, s.Channels, s.Height, s.Width), func(b *testing.B) {
				b.SetBytes(int64(len(images) * 4))
				for b.Loop() {
					f()
				}
			})
		}
		run("to", func() { ToLanes(s, block, Lanes, images) })
		run("from", func() { FromLanes(s, images, Lanes, block) })
	}
}
