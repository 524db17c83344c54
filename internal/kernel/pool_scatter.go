package kernel

import "fmt"

// PoolScatter sets dx to zero and adds each element of dy, row by row, to the
// element of dx that is the tap of its window: the gradient of MaxPool. A tap
// that is none, or lies in the padding, takes nothing.
func PoolScatter[T Float](s PoolShape, planes int, dx, dy []T, tap []int32) {
	p := rowMajorPooling(s, planes, len(dx), len(dy))
	wantLen("tap", len(tap), p.planes*p.tap.plane)
	if isFloat32[T]() && p.scatterFast(asFloat32(dx), asFloat32(dy), tap) {
		return
	}
	scatterWindows(p, dx, dy, tap, nil)
}

// PoolScatterLanes is PoolScatter of images side by side: dx in layout xb, whose
// border it leaves alone, dy in layout yb, and tap [Channels][OutH][OutW][lanes].
func PoolScatterLanes[T Float](s PoolShape, xb, yb Block, dx, dy []T, tap []int32) {
	scatterLanes(lanesPooling(s, xb, yb, len(dx), len(dy)), dx, dy, tap, nil)
}

// PoolScatterGateLanes is PoolScatterLanes of dy where gate > 0, else 0. Gate is
// in layout gb, whose rows are as long as those of yb.
func PoolScatterGateLanes[T Float](s PoolShape, xb, yb, gb Block, dx, dy []T, tap []int32, gate []T) {
	if gb.Channels != yb.Channels || gb.Height != yb.Height || !gb.SameRows(yb) {
		panic(fmt.Sprintf("kernel: block %+v gated by %+v", yb, gb))
	}
	wantLen("gate", len(gate), gb.Len())
	p := lanesPooling(s, xb, yb, len(dx), len(dy))
	p.gate = gb.layout()
	scatterLanes(p, dx, dy, tap, gate)
}

func scatterLanes[T Float](p pooling, dx, dy []T, tap []int32, gate []T) {
	wantLen("tap", len(tap), p.planes*p.tap.plane)
	if isFloat32[T]() && p.spreadFast(lanesScatter, lanesScatterAdd, asFloat32(dx), asFloat32(dy), tap, asFloat32(gate)) {
		return
	}
	scatterWindows(p, dx, dy, tap, gate)
}

// scatterWindows is PoolScatter for one image or several, and for a gate that may be
// nil.
func scatterWindows[T Float](p pooling, dx, dy []T, tap []int32, gate []T) {
	clearOutside(p, dx, 0, 0)
	p.eachRow(func(oy, x0, y0, t0, g0 int) {
		for ox := range p.width {
			i := y0 + ox*p.y.lanes
			at, ok := p.place(oy, ox, tap[t0+ox*p.tap.lanes])
			if ok && (gate == nil || gate[g0+ox*p.gate.lanes] > 0) {
				dx[x0+at] += dy[i]
			}
		}
	})
}

// PoolGather sets each element of y to the tap of its window of x: the gradient
// of PoolScatter. A tap that is none, or lies in the padding, gives 0.
func PoolGather[T Float](s PoolShape, planes int, y, x []T, tap []int32) {
	p := rowMajorPooling(s, planes, len(x), len(y))
	wantLen("tap", len(tap), p.planes*p.tap.plane)
	gatherWindows(p, y, x, tap)
}

// PoolGatherLanes is PoolGather of images side by side: x in layout xb, y in
// layout yb, whose border it leaves alone, and tap [Channels][OutH][OutW][lanes].
func PoolGatherLanes[T Float](s PoolShape, xb, yb Block, y, x []T, tap []int32) {
	p := lanesPooling(s, xb, yb, len(x), len(y))
	wantLen("tap", len(tap), p.planes*p.tap.plane)
	if isFloat32[T]() && p.lanesFast(lanesGather, asFloat32(x), asFloat32(y), tap, nil) {
		return
	}
	gatherWindows(p, y, x, tap)
}

func gatherWindows[T Float](p pooling, y, x []T, tap []int32) {
	p.eachRow(func(oy, x0, y0, t0, _ int) {
		for ox := range p.width {
			var v T
			if at, ok := p.place(oy, ox, tap[t0+ox*p.tap.lanes]); ok {
				v = x[x0+at]
			}
			y[y0+ox*p.y.lanes] = v
		}
	})
}

// place returns where, from the beginning of its plane, a tap of a window lies,
// or false if it is none of the plane.
func (p *pooling) place(oy, ox int, tap int32) (at int, ok bool) {
	k := uint32(tap)
	if k >= uint32(p.KernelH*p.KernelW) {
		return 0, false
	}
	top, loY, hiY := p.rows.at(oy)
	left, loX, hiX := p.cols.at(ox)
	ky, kx := int(k/uint32(p.KernelW)), int(k%uint32(p.KernelW))
	return (top+ky)*p.x.row + (left+kx)*p.x.lanes, loY <= ky && ky < hiY && loX <= kx && kx < hiX
}

// clearOutside zeroes what lies outside the first height rows and width columns
// of each plane of x.
func clearOutside[T Float](p pooling, x []T, height, width int) {
	if height == 0 && p.x.plane == p.Height*p.Width*p.x.lanes {
		clear(x[:p.planes*p.x.plane])
		return
	}
	if height >= p.Height && width >= p.Width {
		return
	}
	for plane := range p.planes {
		for y := range p.Height {
			from := 0
			if y < height {
				from = width
			}
			clear(x[p.x.at(plane, y, from):p.x.at(plane, y, p.Width)])
		}
	}
}
