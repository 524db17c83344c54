package kernel

import (
	"fmt"
	"math"
)

// PoolShape is a pooling window that slides over planes of Height x Width.
// Padding, of less than the window's size, counts as minus infinity for the
// maximum and as 0 for the average.
//
// The elements of a window are its taps: tap ky*KernelW+kx of window (oy, ox) is
// the element at (oy*StrideH-PadH+ky, ox*StrideW-PadW+kx) of the plane.
type PoolShape struct {
	Height, Width    int
	KernelH, KernelW int
	StrideH, StrideW int
	PadH, PadW       int

	Ceil    bool // windows that begin in the plane, or before it, count though they end behind all padding
	Exclude bool // averages count the elements of the plane alone

	// With BinsH and BinsW, as AdaptivePool sets them, windows are not of KernelH x
	// KernelW elements, but bins: row oy has the rows from oy*Height/BinsH, rounded
	// down, to (oy+1)*Height/BinsH, rounded up.
	BinsH, BinsW int
}

// AdaptivePool returns the windows that make binsH x binsW bins of a plane.
func AdaptivePool(height, width, binsH, binsW int) PoolShape {
	return PoolShape{
		Height: height, Width: width, BinsH: binsH, BinsW: binsW,
		KernelH: largestBin(height, binsH), KernelW: largestBin(width, binsW),
	}
}

func largestBin(size, bins int) (largest int) {
	w := windows{size: size, bins: bins}
	for o := range bins {
		_, _, n := w.at(o)
		largest = max(largest, n)
	}
	return largest
}

// OutH returns the number of rows of the output.
func (s PoolShape) OutH() int { return s.down().count() }

// OutW returns the number of columns of the output.
func (s PoolShape) OutW() int { return s.across().count() }

// down and across return how the windows lie along the rows and the columns.
func (s PoolShape) down() windows {
	return windows{s.Height, s.KernelH, s.StrideH, s.PadH, s.BinsH, s.Ceil, s.Exclude}
}

func (s PoolShape) across() windows {
	return windows{s.Width, s.KernelW, s.StrideW, s.PadW, s.BinsW, s.Ceil, s.Exclude}
}

// check panics unless every window reaches into its plane.
func (s PoolShape) check() {
	if !s.down().fit() || !s.across().fit() {
		panic(fmt.Sprintf("kernel: windows of %+v lie outside their plane", s))
	}
}

// windows is how windows lie along one axis.
type windows struct {
	size, kernel, stride, pad, bins int
	ceil, exclude                   bool
}

// fit reports whether there are windows, and all reach into the plane.
func (w windows) fit() bool {
	if w.bins > 0 {
		return w.size > 0 && w.kernel >= largestBin(w.size, w.bins)
	}
	return w.size > 0 && w.stride > 0 && 0 <= w.pad && w.pad < w.kernel && w.count() > 0
}

// count returns how many windows there are.
func (w windows) count() int {
	if w.bins > 0 {
		return w.bins
	}
	room := w.size + 2*w.pad - w.kernel
	if w.ceil {
		room += w.stride - 1
	}
	if room < 0 {
		return 0
	}
	last := room / w.stride
	if last*w.stride >= w.size+w.pad { // rounded up, it may begin behind the plane
		last--
	}
	return last + 1
}

// at returns where tap 0 of a window lies, in the padding maybe, and the taps lo
// to hi-1 that lie in the plane.
func (w windows) at(o int) (first, lo, hi int) {
	if w.bins > 0 {
		first = o * w.size / w.bins
		return first, 0, ceil((o+1)*w.size, w.bins) - first
	}
	first = o*w.stride - w.pad
	return first, max(0, -first), min(w.kernel, w.size-first)
}

// counted returns how many taps of a window an average counts.
func (w windows) counted(o int) int {
	first, lo, hi := w.at(o)
	if w.exclude || w.bins > 0 {
		return hi - lo
	}
	return min(w.kernel, w.size+w.pad-first)
}

// layout says where planes lie, one image or 8 or 16 side by side: element (y, x) of
// plane p and lane l is at first + p*plane + y*row + x*lanes + l.
type layout struct{ first, plane, row, lanes int }

func rowMajor(height, width int) layout { return layout{0, height * width, width, 1} }

func (b Block) layout() layout { return layout{b.Offset(0, 0, 0), b.Plane(), b.row(), b.Images()} }

func (l layout) at(p, y, x int) int { return l.first + p*l.plane + y*l.row + x*l.lanes }

// pooling is a pass over the windows of some planes: those of x, which have y for
// result. Taps and gates are as small as y, and rows of a gate as long as its.
type pooling struct {
	PoolShape
	planes        int
	rows, cols    windows
	height, width int // of the result
	x, y, tap     layout
	gate          layout // if there is one
}

// rowMajorPooling checks the lengths of planes that lie one after the other.
func rowMajorPooling(s PoolShape, planes, x, y int) pooling {
	if planes == 0 {
		return pooling{}
	}
	s.check()
	from, to := rowMajor(s.Height, s.Width), rowMajor(s.OutH(), s.OutW())
	wantLen("planes", x, planes*from.plane)
	wantLen("pooled planes", y, planes*to.plane)
	return pooling{s, planes, s.down(), s.across(), s.OutH(), s.OutW(), from, to, to, layout{}}
}

// lanesPooling checks the lengths of blocks: x in layout xb, and y in layout yb.
// Taps have no border.
func lanesPooling(s PoolShape, xb, yb Block, x, y int) pooling {
	s.check()
	bare := Block{Channels: xb.Channels, Height: s.OutH(), Width: s.OutW(), Lanes: xb.Lanes}
	if xb.Height != s.Height || xb.Width != s.Width ||
		yb.Channels != bare.Channels || yb.Height != bare.Height || yb.Width != bare.Width || xb.Images() != yb.Images() {
		panic(fmt.Sprintf("kernel: pooling %+v does not take block %+v to %+v", s, xb, yb))
	}
	wantLen("block", x, xb.Len())
	wantLen("pooled block", y, yb.Len())
	return pooling{s, xb.Channels, s.down(), s.across(), bare.Height, bare.Width, xb.layout(), yb.layout(), bare.layout(), layout{}}
}

// factor is what an average multiplies the sum of a window by.
func factor[T Float](p *pooling, oy, ox int) T {
	return 1 / T(p.rows.counted(oy)*p.cols.counted(ox))
}

// eachRow calls do for every row of windows of every plane and lane, with where
// the plane begins in x, and the row in y, tap and gate.
func (p *pooling) eachRow(do func(oy, x, y, tap, gate int)) {
	for plane := range p.planes {
		for oy := range p.height {
			for lane := range p.x.lanes {
				do(oy, p.x.at(plane, 0, 0)+lane, p.y.at(plane, oy, 0)+lane, p.tap.at(plane, oy, 0)+lane, p.gate.at(plane, oy, 0)+lane)
			}
		}
	}
}

// MaxPool sets y to the maximum of each window of each plane of x, and tap to
// which of the window's taps the first maximum (or NaN) is.
func MaxPool[T Float](s PoolShape, planes int, y []T, tap []int32, x []T) {
	p := rowMajorPooling(s, planes, len(x), len(y))
	wantLen("tap", len(tap), p.planes*p.tap.plane)
	if isFloat32[T]() && p.maxFast(asFloat32(y), tap, asFloat32(x)) {
		return
	}
	maxWindows(p, y, tap, x)
}

// MaxPoolLanes is MaxPool of images side by side: x in layout xb, y in layout yb,
// whose border it leaves alone, and tap [Channels][OutH][OutW][lanes].
func MaxPoolLanes[T Float](s PoolShape, xb, yb Block, y []T, tap []int32, x []T) {
	p := lanesPooling(s, xb, yb, len(x), len(y))
	wantLen("tap", len(tap), p.planes*p.tap.plane)
	if isFloat32[T]() && p.lanesFast(lanesMax, asFloat32(x), asFloat32(y), tap, nil) {
		return
	}
	maxWindows(p, y, tap, x)
}

func maxWindows[T Float](p pooling, y []T, tap []int32, x []T) {
	p.eachRow(func(oy, x0, y0, t0, _ int) {
		top, loY, hiY := p.rows.at(oy)
		for ox := range p.width {
			left, loX, hiX := p.cols.at(ox)
			corner := x0 + (top+loY)*p.x.row + (left+loX)*p.x.lanes
			best, ky, kx := largest(x[corner:], p.x.row, p.x.lanes, hiY-loY, hiX-loX)
			y[y0+ox*p.y.lanes], tap[t0+ox*p.tap.lanes] = best, int32((loY+ky)*p.KernelW+loX+kx)
		}
	})
}

// largest returns the first maximum (or NaN) of rows x cols elements of x, and its
// row and column.
func largest[T Float](x []T, rowStep, step, rows, cols int) (best T, row, col int) {
	best = T(math.Inf(-1))
	for ky := range rows {
		i := ky * rowStep
		for kx := range cols {
			if v := x[i]; above(v, best) {
				best, row, col = v, ky, kx
			}
			i += step
		}
	}
	return best, row, col
}

// lanesLoop is a loop over the windows of blocks that there is assembly for.
type lanesLoop int

const (
	lanesMax lanesLoop = iota
	lanesGather
	lanesAvg
	lanesScatter // sets every tap, as if no other window had it
	lanesScatterAdd
	lanesSpread // of averages, as lanesScatter
	lanesSpreadAdd
	lanesLoops
)

// spreadFast writes all of dx in assembly, or returns false: by the loop set
// where no tap is of two windows, else by the loop add.
func (p pooling) spreadFast(set, add lanesLoop, dx, dy []float32, tap []int32, gate []float32) bool {
	if active == portable {
		return false
	}
	height, width, loop := 0, 0, set // of what the loop sets without a gap
	switch {
	case p.StrideH < p.KernelH || p.StrideW < p.KernelW: // bins have no stride
		loop = add
	case p.StrideH == p.KernelH && p.StrideW == p.KernelW:
		height, width = p.height*p.StrideH-p.PadH, min(p.width*p.StrideW-p.PadW, p.Width)
	}
	clearOutside(p, dx, height, width)
	return p.lanesFast(loop, dx, dy, tap, gate)
}
