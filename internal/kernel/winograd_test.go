package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// winogradShapes are shapes to go by tiles, whatever Winograd says of them.
var winogradShapes = []ConvShape{
	{Channels: 1, Height: 3, Width: 3, Filters: 1},
	{Channels: 2, Height: 4, Width: 5, Filters: 3, PadH: 1, PadW: 1},
	{Channels: 3, Height: 1, Width: 1, Filters: 2, PadH: 1, PadW: 2},
	{Channels: 5, Height: 7, Width: 1, Filters: 7, PadH: 2, PadW: 1},
	{Channels: 2, Height: 1, Width: 9, Filters: 8, PadH: 1, PadW: 1},
	{Channels: 17, Height: 8, Width: 8, Filters: 16, PadH: 1, PadW: 1},
	{Channels: 4, Height: 9, Width: 6, Filters: 13, PadH: 2, PadW: 2},
	{Channels: 3, Height: 5, Width: 11, Filters: 37, PadW: 2},
	{Channels: 6, Height: 6, Width: 4, Filters: 5, PadH: 2},
	{Channels: 1, Height: 14, Width: 14, Filters: 2, PadH: 1, PadW: 1},
}

// naiveTile returns the points of a tile of inputs, of weights or of the gradient of an
// output, or the outputs of a tile of sums: f along the columns of x, then along the rows.
func naiveTile[T Float](x [][]T, f func(v []T) []T) [][]T {
	turn := func(x [][]T) [][]T {
		y := make([][]T, len(x[0]))
		for j := range y {
			for i := range x {
				y[j] = append(y[j], x[i][j])
			}
		}
		return y
	}
	for range 2 {
		x = turn(x)
		for i := range x {
			x[i] = f(x[i])
		}
	}
	return x
}

func naiveIn[T Float](d []T) []T   { return []T{d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]} }
func naiveOut[T Float](m []T) []T  { return []T{(m[0] + m[1]) + m[2], (m[1] - m[2]) + m[3]} }
func naiveGrad[T Float](g []T) []T { return []T{g[0], g[0] + g[1], g[0] - g[1], g[1]} }
func naiveSpread[T Float](w []T) []T {
	return []T{w[0], ((w[0] + w[2]) + w[1]) / 2, ((w[0] + w[2]) - w[1]) / 2, w[2]}
}
func naiveGather[T Float](u []T) []T {
	half := T((u[1] + u[2]) / 2) // rounded, and not fused with what follows
	return []T{u[0] + half, (u[1] - u[2]) / 2, half + u[3]}
}

// naivePatch returns size by size elements of a plane, 0 outside of it.
func naivePatch[T Float](plane []T, height, width, y, x, size int) [][]T {
	patch := make([][]T, size)
	for i := range patch {
		patch[i] = make([]T, size)
		for j := range patch[i] {
			if r, c := y+i, x+j; r >= 0 && r < height && c >= 0 && c < width {
				patch[i][j] = plane[r*width+c]
			}
		}
	}
	return patch
}

// naiveWinograd is one image's convolution by tiles: weights has those from channel c
// to filter o.
func naiveWinograd[T Float](y, x []T, filters, channels, outH, outW, height, width, padH, padW int, weights func(o, c int) [][]T, bias []T) {
	for o := range filters {
		for ty := 0; ty < outH; ty += 2 {
			for tx := 0; tx < outW; tx += 2 {
				sums := naivePatch[T](nil, 0, 0, 0, 0, 4)
				for c := range channels {
					in := naiveTile(naivePatch(x[c*height*width:], height, width, ty-padH, tx-padW, 4), naiveIn[T])
					u := naiveTile(weights(o, c), naiveSpread[T])
					for i := range 4 {
						for j := range 4 {
							sums[i][j] = exact(u[i][j], in[i][j], sums[i][j])
						}
					}
				}
				for i, row := range naiveTile(sums, naiveOut[T]) {
					for j, v := range row {
						if ty+i < outH && tx+j < outW {
							y[(o*outH+ty+i)*outW+tx+j] = v + bias[o] + 0
						}
					}
				}
			}
		}
	}
}

// naiveWinogradWeight is the gradient of the weights from some images.
func naiveWinogradWeight[T Float](s ConvShape, images int, dw, x, dy []T) {
	for o := range s.Filters {
		for c := range s.Channels {
			var sums [4][4][16]T
			for n := range images {
				xs, g := x[(n*s.Channels+c)*s.Height*s.Width:], dy[(n*s.Filters+o)*s.outputs():]
				for ty := 0; ty < s.OutH(); ty += 2 {
					for tx := 0; tx < s.OutW(); tx += 2 {
						in := naiveTile(naivePatch(xs, s.Height, s.Width, ty-s.PadH, tx-s.PadW, 4), naiveIn[T])
						to := naiveTile(naivePatch(g, s.OutH(), s.OutW(), ty, tx, 2), naiveGrad[T])
						for i := range 4 {
							for j := range 4 {
								sums[i][j][n] = exact(to[i][j], in[i][j], sums[i][j][n])
							}
						}
					}
				}
			}
			u := naivePatch[T](nil, 0, 0, 0, 0, 4)
			for i := range 4 {
				for j := range 4 {
					u[i][j] = naiveTree(sums[i][j])
				}
			}
			for i, row := range naiveTile(u, naiveGather[T]) {
				copy(dw[(o*s.Channels+c)*9+3*i:], row)
			}
		}
	}
}

// testWinograd runs the three convolutions by tiles on blocks of random layouts.
func testWinograd[T Float](t *testing.T, s ConvShape, seed uint64, kind numbers) {
	t.Helper()
	s.KernelH, s.KernelW, s.StrideH, s.StrideW = 3, 3, 1, 1
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
	w, bias := mem.numbers(9*s.Filters*s.Channels, kind), mem.numbers(s.Filters, kind)
	at := func(o, c int) [][]T { return naivePatch(w[(o*s.Channels+c)*9:], 3, 3, 0, 0, 3) }
	turned := func(c, o int) [][]T {
		k := at(o, c)
		for i := range k {
			k[i][0], k[i][2] = k[i][2], k[i][0]
		}
		k[0], k[2] = k[2], k[0]
		return k
	}
	u := mem.make(s.WinogradWeights())
	middle := mem.random.IntN(s.Filters*s.Channels + 1)
	WinogradPoints(s, u, w, 0, middle)
	WinogradPoints(s, u, w, middle, s.Filters*s.Channels)

	want := make([]T, lanes*yLen)
	for n := range lanes {
		naiveWinograd(want[n*yLen:], x[n*xLen:], s.Filters, s.Channels, s.OutH(), s.OutW(), s.Height, s.Width, s.PadH, s.PadW, at, bias)
	}
	for _, e := range []Epilogue{None, ThenReLU} {
		y, xs := mem.block(yLayout, 0, nil, untouched), mem.block(xLayout, lanes, x, nan)
		for part := range p.WinogradForwardParts() {
			WinogradForwardPart(p, part, y, xs, u, bias, mem.make(p.WinogradForwardScratch()), e)
		}
		if e == ThenReLU {
			for i, v := range want {
				want[i] = max(v, 0)
			}
		}
		wantSame(t, fmt.Sprintf("forward, epilogue %d, %s", e, what), y, mem.block(yLayout, lanes, want, untouched))
	}

	outputs := want
	want = make([]T, lanes*xLen)
	for n := range lanes {
		naiveWinograd(want[n*xLen:], dy[n*yLen:], s.Channels, s.Filters, s.Height, s.Width, s.OutH(), s.OutW(), 2-s.PadH, 2-s.PadW, turned, make([]T, s.Channels))
	}
	inputs := slices.Clone(want)
	p.Gate, _ = s.layouts(mem.random)
	p.Gate.Lanes = lanes
	gate := mem.numbers(lanes*xLen, kind)
	dys := mem.block(yLayout, lanes, dy, nan)
	for _, gated := range []bool{false, true} {
		dx, gates := mem.block(xLayout, 0, nil, untouched), []T(nil)
		if gated {
			gates = mem.block(p.Gate, lanes, gate, nan)
			for i, v := range gate {
				if !(v > 0) {
					want[i] = 0
				}
			}
		}
		for part := range p.WinogradInputParts() {
			WinogradInputPart(p, part, dx, dys, u, gates, mem.make(p.WinogradInputScratch()))
		}
		wantSame(t, fmt.Sprintf("input gradient, gated %v, %s", gated, what), dx, mem.block(xLayout, lanes, want, untouched))
	}

	if lanes != Lanes {
		return
	}
	few := 1 + mem.random.IntN(3)
	y, dx := mem.make(few*yLen), mem.make(few*xLen)
	for part := range p.WinogradFlatParts(few) {
		WinogradForwardFlat(p, part, few, y, x, u, bias, mem.make(p.WinogradFlatScratch()), ThenReLU)
		WinogradInputFlat(p, part, few, dx, dy, u, mem.make(p.WinogradFlatScratch()))
	}
	wantSame(t, fmt.Sprintf("%d images, %s", few, what), y, outputs[:few*yLen])
	wantSame(t, fmt.Sprintf("input gradient of %d images, %s", few, what), dx, inputs[:few*xLen])

	images := mem.random.IntN(lanes + 1)
	dw, want := mem.make(len(w)), make([]T, len(w))
	xs := mem.block(xLayout, images, x, nan)
	for part := range p.WinogradWeightParts() {
		WinogradWeightPart(p, part, images, dw, xs, mem.block(yLayout, images, dy, nan), mem.make(p.WinogradWeightScratch()))
	}
	naiveWinogradWeight(s, images, want, x, dy)
	wantSame(t, fmt.Sprintf("weight gradient of %d images, %s", images, what), dw, want)
}

func TestWinograd(t *testing.T) {
	defer func(bytes int) { winogradBytes = bytes }(winogradBytes)
	forEachPath(t, func(t *testing.T) {
		for i, s := range winogradShapes {
			for j, bytes := range []int{1 << 12, 1 << 15, 1 << 19} {
				winogradBytes = bytes
				seed := uint64(i + j)
				testWinograd[float32](t, s, seed, []numbers{ordinary, wild, tiny}[seed%3])
				testWinograd[float32](t, s, seed+1, ordinary)
			}
			testWinograd[float64](t, s, uint64(i), ordinary)
		}
	})
}

func BenchmarkWinograd(b *testing.B) {
	for _, s := range []ConvShape{
		{Channels: 16, Height: 32, Width: 32, Filters: 16},
		{Channels: 32, Height: 16, Width: 16, Filters: 32},
		{Channels: 64, Height: 8, Width: 8, Filters: 64},
		{Channels: 64, Height: 56, Width: 56, Filters: 64},
		{Channels: 256, Height: 14, Width: 14, Filters: 256},
	} {
		s.KernelH, s.KernelW, s.StrideH, s.StrideW, s.PadH, s.PadW = 3, 3, 1, 1, 1, 1
		p := NewConvPlan(s, s.X(), s.Y())
		padded := NewConvPlan(s, s.PaddedX(), s.Y())
		x, y, w, u := make([]float32, padded.X.Len()), make([]float32, p.Y.Len()), make([]float32, s.Filters*s.weights()), make([]float32, s.WinogradWeights())
		scratch := make([]float32, max(p.WinogradForwardScratch(), p.WinogradInputScratch(), p.WinogradWeightScratch()))
		old := make([]float32, padded.WeightLanesScratch())
		flops := 2 * Lanes * s.terms()
		name := fmt.Sprintf("%dx%d", s.Channels, s.Width)
		for _, c := range []struct {
			name string
			run  func()
		}{
			{"points", func() { WinogradPoints(s, u, w, 0, s.Filters*s.Channels) }},
			{"forward", func() {
				for i := range p.WinogradForwardParts() {
					WinogradForwardPart(p, i, y, x, u, nil, scratch, None)
				}
			}},
			{"forward-direct", func() { ConvForwardLanes(p, y, x, w, nil, None) }},
			{"input", func() {
				for i := range p.WinogradInputParts() {
					WinogradInputPart(p, i, x, y, u, nil, scratch)
				}
			}},
			{"input-direct", func() { ConvInputLanes(p, x, y, w) }},
			{"weight", func() {
				for i := range p.WinogradWeightParts() {
					WinogradWeightPart(p, i, Lanes, w, x, y, scratch)
				}
			}},
			{"weight-direct", func() { ConvWeightLanes(padded, Lanes, w, x, y, old) }},
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) { reportFlops(b, flops, c.run) })
		}
	}
}
