package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// eachElement calls do for every element of a block's images, one after the other, with
// where it lies in a block.
func eachElement(b Block, do func(image, i, at int)) {
	i := 0
	for n := range b.Images() {
		for c := range b.Channels {
			for y := range b.Height {
				for x := range b.Width {
					do(n, i, b.Offset(c, y, x)+n)
					i++
				}
			}
		}
	}
}

// blockOf returns images in a layout whose border holds guard values.
func (a *arena[T]) blockOf(b Block, images []T) []T {
	block := a.make(b.Len())
	eachElement(b, func(_, i, at int) { block[at] = images[i] })
	return block
}

// wantBlock fails unless a block holds the images and a border of guard values.
func wantBlock[T Float](t *testing.T, what string, b Block, block, images []T) {
	t.Helper()
	want := make([]T, b.Len())
	for i := range want {
		want[i] = T(guardValue)
	}
	eachElement(b, func(_, i, at int) { want[at] = images[i] })
	wantSame(t, what, block, want)
	for i, v := range want { // wantSame takes one NaN for another
		if bitsOf(v) == bitsOf(T(guardValue)) && bitsOf(block[i]) != bitsOf(v) {
			t.Fatalf("%s: wrote %v to the border", what, block[i])
		}
	}
}

// lanesCase is a case of the kernels on blocks: their images, and what is computed
// of them by the kernels on one image.
type lanesCase[T Float] struct {
	*arena[T]
	PoolShape
	xb, yb, bare Block
	x, dy        []T // one image after the other
	tap          []int32
}

func newLanesCase[T Float](t *testing.T, lanes int, s PoolShape, kind numbers) lanesCase[T] {
	a := newArena[T](t, uint64(s.Width))
	border := func(b Block) Block {
		if a.random.IntN(2) == 0 {
			b.Top, b.Bottom, b.Left, b.Right = a.random.IntN(3), a.random.IntN(3), a.random.IntN(3), a.random.IntN(3)
		}
		return b
	}
	const channels = 2
	bare := Block{Channels: channels, Height: s.OutH(), Width: s.OutW(), Lanes: lanes}
	c := lanesCase[T]{arena: a, PoolShape: s, bare: bare, yb: border(bare)}
	c.xb = border(Block{Channels: channels, Height: s.Height, Width: s.Width, Lanes: lanes})
	draw := func(n int) []T {
		v := make([]T, n)
		for i := range v {
			v[i] = T(kind(a.random))
		}
		return v
	}
	c.x, c.dy = draw(lanes*c.xb.image()), draw(lanes*bare.image())
	c.tap = make([]int32, lanes*bare.image())
	for i := range c.tap {
		c.tap[i] = anyTap(s, a.random)
	}
	return c
}

func (c lanesCase[T]) planes() int { return c.bare.Images() * c.bare.Channels }

// tapBlock returns the taps as a block.
func (c lanesCase[T]) tapBlock() []int32 {
	block := make([]int32, c.bare.Len())
	eachElement(c.bare, func(_, i, at int) { block[at] = c.tap[i] })
	return block
}

// The kernels on blocks give the bits of those on one image.
func TestLanesPooling(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, s := range poolShapes() {
			if s.Width > 13 && s.Width < 50 || s.Height > 100 {
				continue // no wider than needed: the width is not what is vectorized
			}
			for _, kind := range []numbers{level, fewLevels, wild} {
				for _, lanes := range []int{Lanes, HalfLanes} {
					c := newLanesCase[float32](t, lanes, s, kind)
					testMaxPoolLanes(t, c)
					testLinearPoolingLanes(t, c)
					c.arena.check()
				}
			}
		}
		c := newLanesCase[float64](t, HalfLanes, PoolShape{Height: 9, Width: 7, KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, PadW: 1}, level)
		testMaxPoolLanes(t, c)
		testLinearPoolingLanes(t, c)
		c.arena.check()
	})
}

func testMaxPoolLanes[T Float](t *testing.T, c lanesCase[T]) {
	t.Helper()
	what := fmt.Sprintf("MaxPoolLanes of %+v, block %+v to %+v", c.PoolShape, c.xb, c.yb)
	want, wantTap := make([]T, len(c.dy)), make([]int32, len(c.dy))
	MaxPool(c.PoolShape, c.planes(), want, wantTap, c.x)

	y := c.make(c.yb.Len())
	tap, checkTap := makeTaps(t, c.bare.Len())
	MaxPoolLanes(c.PoolShape, c.xb, c.yb, y, tap, c.blockOf(c.xb, c.x))
	wantBlock(t, what, c.yb, y, want)
	checkTap()
	eachElement(c.bare, func(_, i, at int) {
		if tap[at] != wantTap[i] {
			t.Fatalf("%s: tap %d of output %d, want %d", what, tap[at], i, wantTap[i])
		}
	})
}

func testLinearPoolingLanes[T Float](t *testing.T, c lanesCase[T]) {
	t.Helper()
	s, n, taps := c.PoolShape, c.planes(), c.tapBlock()
	dyBlock, xBlock := c.blockOf(c.yb, c.dy), c.blockOf(c.xb, c.x)
	gate := make([]T, len(c.dy))
	for i := range gate {
		gate[i] = T(level(c.random))
	}
	gb := c.yb
	gb.Top, gb.Apart = gb.Top+1, !gb.Apart
	gateBlock := c.blockOf(gb, gate)
	for name, k := range map[string]struct {
		to     Block
		image  func(dst []T)
		kernel func(dst []T)
	}{
		"PoolScatterLanes": {
			c.xb, func(dx []T) { PoolScatter(s, n, dx, c.dy, c.tap) },
			func(dx []T) { PoolScatterLanes(s, c.xb, c.yb, dx, dyBlock, taps) },
		},
		"PoolScatterGateLanes": {
			c.xb, func(dx []T) {
				gated := make([]T, len(c.dy))
				Gate(gated, gate, c.dy)
				PoolScatter(s, n, dx, gated, c.tap)
			},
			func(dx []T) { PoolScatterGateLanes(s, c.xb, c.yb, gb, dx, dyBlock, taps, gateBlock) },
		},
		"PoolGatherLanes": {
			c.yb, func(y []T) { PoolGather(s, n, y, c.x, c.tap) },
			func(y []T) { PoolGatherLanes(s, c.xb, c.yb, y, xBlock, taps) },
		},
		"AvgPoolLanes": {
			c.yb, func(y []T) { AvgPool(s, n, y, c.x) },
			func(y []T) { AvgPoolLanes(s, c.xb, c.yb, y, xBlock) },
		},
		"AvgPoolGradLanes": {
			c.xb, func(dx []T) { AvgPoolGrad(s, n, dx, c.dy) },
			func(dx []T) { AvgPoolGradLanes(s, c.xb, c.yb, dx, dyBlock) },
		},
	} {
		want, got := make([]T, Lanes*k.to.image()), c.make(k.to.Len())
		k.image(want)
		k.kernel(got)
		wantBlock(t, fmt.Sprintf("%s of %+v, block %+v to %+v", name, s, c.xb, c.yb), k.to, got, want)
	}
}

func TestLanesPoolingShortSlicePanics(t *testing.T) {
	s := PoolShape{Height: 4, Width: 6, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2}
	xb := Block{Channels: 2, Height: 4, Width: 6, Left: 1}
	yb := Block{Channels: 2, Height: 2, Width: 3, Bottom: 1}
	forEachPath(t, func(t *testing.T) {
		for _, short := range []string{"nothing", "x", "y", "tap", "gate", "x's height", "y's width", "y's channels"} {
			xb, yb := xb, yb
			room := func(name string, n int) []float32 {
				if name == short {
					n--
				}
				return make([]float32, n)
			}
			x, y, gate := room("x", xb.Len()), room("y", yb.Len()), room("gate", yb.Len())
			tap := make([]int32, len(room("tap", 2*2*3*Lanes)))
			switch short {
			case "x's height":
				xb.Height--
			case "y's width":
				yb.Width--
			case "y's channels":
				yb.Channels--
			}
			for name, k := range map[string]struct {
				call          func()
				tapped, gated bool
			}{
				"MaxPoolLanes":         {func() { MaxPoolLanes(s, xb, yb, y, tap, x) }, true, false},
				"PoolScatterLanes":     {func() { PoolScatterLanes(s, xb, yb, x, y, tap) }, true, false},
				"PoolScatterGateLanes": {func() { PoolScatterGateLanes(s, xb, yb, yb, x, y, tap, gate) }, true, true},
				"PoolGatherLanes":      {func() { PoolGatherLanes(s, xb, yb, y, x, tap) }, true, false},
				"AvgPoolLanes":         {func() { AvgPoolLanes(s, xb, yb, y, x) }, false, false},
				"AvgPoolGradLanes":     {func() { AvgPoolGradLanes(s, xb, yb, x, y) }, false, false},
			} {
				fine := short == "nothing" || short == "tap" && !k.tapped || short == "gate" && !k.gated
				if panics(k.call) == fine {
					t.Errorf("%s with %s too small: panics %v", name, short, !fine)
				}
			}
		}
	})
}

func TestLanesPoolingAllocatesNothing(t *testing.T) {
	s := PoolShape{Height: 6, Width: 6, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1}
	xb, yb := Block{Channels: 2, Height: 6, Width: 6}, Block{Channels: 2, Height: 3, Width: 3}
	x, y, tap := make([]float32, xb.Len()), make([]float32, yb.Len()), make([]int32, yb.Len())
	forEachPath(t, func(t *testing.T) {
		allocated := testing.AllocsPerRun(10, func() {
			MaxPoolLanes(s, xb, yb, y, tap, x)
			PoolScatterGateLanes(s, xb, yb, yb, x, y, tap, y)
			PoolGatherLanes(s, xb, yb, y, x, tap)
			AvgPoolLanes(s, xb, yb, y, x)
			AvgPoolGradLanes(s, xb, yb, x, y)
			CopyBlock(xb, x, xb, x)
		})
		if allocated != 0 {
			t.Errorf("%v allocations", allocated)
		}
	})
}

func TestCopyBlock(t *testing.T) {
	for width := range 5 {
		plain := Block{Channels: 2, Height: 3, Width: width}
		wide := plain
		wide.Top, wide.Bottom, wide.Left, wide.Right = 1, 2, 0, 3
		for _, to := range []Block{plain, wide} {
			for _, from := range []Block{plain, wide} {
				a := newArena[float32](t, uint64(width))
				images := make([]float32, Lanes*plain.image())
				for i := range images {
					images[i] = float32(i + 1)
				}
				dst, src := a.make(to.Len()), make([]float32, from.Len()) // of another border
				eachElement(from, func(_, i, at int) { src[at] = images[i] })
				CopyBlock(to, dst, from, src)
				wantBlock(t, fmt.Sprintf("%+v to %+v", from, to), to, dst, images)
				a.check()
			}
		}
	}
	b := Block{Channels: 1, Height: 2, Width: 2}
	full, short := make([]float64, b.Len()), make([]float64, b.Len()-1)
	other := b
	other.Width, other.Right = 1, 1
	for name, call := range map[string]func(){
		"a short dst":  func() { CopyBlock(b, short, b, full) },
		"a short src":  func() { CopyBlock(b, full, b, short) },
		"other images": func() { CopyBlock(b, full, other, full) },
	} {
		if !panics(call) {
			t.Errorf("took %s", name)
		}
	}
}

// The blocks of LeNet-5's poolings, and one of a deeper network.
func BenchmarkLanesPooling(b *testing.B) {
	for _, s := range []PoolShape{
		{Height: 28, Width: 28, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2},
		{Height: 10, Width: 10, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2},
		{Height: 28, Width: 28, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1},
	} {
		channels := 6
		if s.Height == 10 {
			channels = 16
		}
		xb := Block{Channels: channels, Height: s.Height, Width: s.Width}
		yb := Block{Channels: channels, Height: s.OutH(), Width: s.OutW()}
		bordered := xb
		bordered.Top, bordered.Bottom, bordered.Left, bordered.Right = 2, 2, 2, 2
		x, y, gate := make([]float32, xb.Len()), make([]float32, yb.Len()), make([]float32, yb.Len())
		wide, tap := make([]float32, bordered.Len()), make([]int32, yb.Len())
		r := rand.New(rand.NewPCG(1, 2))
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		MaxPoolLanes(s, xb, yb, gate, tap, x)
		for _, k := range []struct {
			name string
			run  func()
		}{
			{"max", func() { MaxPoolLanes(s, xb, yb, y, tap, x) }},
			{"scatter", func() { PoolScatterLanes(s, xb, yb, x, y, tap) }},
			{"scatterGate", func() { PoolScatterGateLanes(s, xb, yb, yb, x, y, tap, gate) }},
			{"gather", func() { PoolGatherLanes(s, xb, yb, y, x, tap) }},
			{"avg", func() { AvgPoolLanes(s, xb, yb, y, x) }},
			{"avgGrad", func() { AvgPoolGradLanes(s, xb, yb, x, y) }},
			{"copy", func() { CopyBlock(bordered, wide, xb, x) }},
			{"memmove", func() { copy(wide, x) }},
			{"memclr", func() { clear(x) }},
		} {
			for _, path := range Paths() {
				b.Run(fmt.Sprintf("%s/%dx%dx%dk%ds%d/%s", k.name, channels, s.Height, s.Width, s.KernelH, s.StrideH, path), func(b *testing.B) {
					defer Use(path)()
					for b.Loop() {
						k.run()
					}
				})
			}
		}
	}
}
