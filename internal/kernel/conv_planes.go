package kernel

import (
	"sync"
	"unsafe"
)

// Whole tensors of channels that are convolved by themselves, with kernels of three by
// three, are computed as they lie: the lanes are neighbours in a plane, and masks, the
// same for all planes, have the lanes where a tap does not fall into the padding. The
// bits are those of blocks.

// planeTables say how a plane is gone through.
type planeTables struct {
	once          sync.Once
	form          planeForm
	inRow, dstRow int
	before, after int // elements in front of a plane and behind it that are loaded, though not used

	strip  []planeStrip
	halves []planeStrip // of half as many lanes

	vectors, step int       // of a narrow plane, and elements from one to the next
	edges         [5]uint16 // lanes with neighbours left, right, above; below in the last vector, and what that stores
}

// planeForm is how a plane is gone through.
type planeForm int

const (
	planeNone   planeForm = iota // not at all
	planeStrips                  // down a strip as wide as a vector, and then down the next
	planeNarrow                  // some whole rows at a time
)

// ForwardPlanes reports whether ConvForwardPlanes is the fast way for these numbers.
func ForwardPlanes[T Float](p *ConvPlan) bool {
	return isFloat32[T]() && p.planForwardPlanes().fast()
}

// InputPlanes reports whether ConvInputPlanes is the fast way for these numbers.
func InputPlanes[T Float](p *ConvPlan) bool { return isFloat32[T]() && p.planInputPlanes().fast() }

// PlanesScratch returns how many elements of scratch ConvForwardPlanes and
// ConvInputPlanes need.
func (p *ConvPlan) PlanesScratch() int {
	f, i := p.planForwardPlanes(), p.planInputPlanes()
	return max(f.before+p.Shape.Height*p.Shape.Width+f.after, i.before+p.Shape.outputs()+i.after)
}

// ConvForwardPlanes is ConvForward for the planes [lo, hi) of a batch of any number of
// images, of which plane i is of channel i mod Channels:
//
//	y[i] = bias[channel] + sum over (ky, kx) of w[channel][ky][kx] * x[i]
func ConvForwardPlanes[T Float](p *ConvPlan, lo, hi int, y, x, w, bias, scratch []T, e Epilogue) {
	s := p.Shape
	c := planeCall[T]{dst: y, in: x, w: w, start: bias, dstPlane: s.outputs(), inPlane: s.Height * s.Width, channels: s.Channels, stride: s.StrideW, then: e.orZero()}
	c.check(lo, hi, p, scratch)
	if isFloat32[T]() && p.planForwardPlanes().fastPlanes((*planeCall[float32])(unsafe.Pointer(&c)), lo, hi, asFloat32(scratch)) {
		return
	}
	for ; lo < hi; lo++ {
		plane, channel := y[lo*c.dstPlane:][:c.dstPlane], lo%s.Channels
		first := T(0)
		if bias != nil {
			first = bias[channel]
		}
		for i := range plane {
			plane[i] = first
		}
		s.eachTapRow(func(k, out, in, n int) {
			forwardRow(plane[out:out+n], w[channel*s.kernel()+k], x[lo*c.inPlane+in:], s.StrideW)
		})
		for i, v := range plane {
			if e == ThenReLU {
				v = max(v, 0)
			}
			plane[i] = v + 0
		}
	}
}

// ConvInputPlanes is ConvInput for the planes [lo, hi) of a batch.
func ConvInputPlanes[T Float](p *ConvPlan, lo, hi int, dx, dy, w, scratch []T) {
	s := p.Shape
	c := planeCall[T]{dst: dx, in: dy, w: w, dstPlane: s.Height * s.Width, inPlane: s.outputs(), channels: s.Channels, stride: s.StrideW, back: true}
	c.check(lo, hi, p, scratch)
	if isFloat32[T]() && p.planInputPlanes().fastPlanes((*planeCall[float32])(unsafe.Pointer(&c)), lo, hi, asFloat32(scratch)) {
		return
	}
	for ; lo < hi; lo++ {
		plane, channel := dx[lo*c.dstPlane:][:c.dstPlane], lo%s.Channels
		clear(plane)
		s.eachTapRow(func(k, out, in, n int) {
			inputRow(plane[in:], w[channel*s.kernel()+k], dy[lo*c.inPlane+out:][:n], s.StrideW)
		})
	}
}

// planeCall is a call of ConvForwardPlanes or ConvInputPlanes.
type planeCall[T Float] struct {
	dst, in, w, start                   []T
	dstPlane, inPlane, channels, stride int
	then                                Epilogue
	back                                bool // the gradient of the input
}

func (c *planeCall[T]) check(lo, hi int, p *ConvPlan, scratch []T) {
	if lo < 0 || lo > hi {
		panic("kernel: planes want 0 <= lo <= hi")
	}
	wantLen("dst", len(c.dst), hi*c.dstPlane)
	wantLen("in", len(c.in), hi*c.inPlane)
	wantLen("w", len(c.w), c.channels*p.Shape.kernel())
	if c.start != nil {
		wantLen("bias", len(c.start), c.channels)
	}
	wantLen("scratch", len(scratch), p.PlanesScratch())
}

// eachTapRow calls do for every weight k of a channel, in order, and every row of n
// outputs that it has to do with, from element out of the outputs' plane and element in
// of the inputs' on.
func (s ConvShape) eachTapRow(do func(k, out, in, n int)) {
	for k := range s.kernel() {
		ky, kx := k/s.KernelW, k%s.KernelW
		rows, cols := s.down().outputsOf(ky), s.across().outputsOf(kx)
		for y := rows.first; y < rows.end && cols.first < cols.end; y++ {
			in := (y*s.StrideH+ky-s.PadH)*s.Width + cols.first*s.StrideW + kx - s.PadW
			do(k, y*s.OutW()+cols.first, in, cols.end-cols.first)
		}
	}
}

// forwardRow adds w * x[i*stride] to sum[i].
func forwardRow[T Float](sum []T, w T, x []T, stride int) {
	if stride == 1 {
		fmaLanes(sum, []T{w}, 0, x)
		return
	}
	for i := range sum {
		fmaLanes(sum[i:i+1], []T{w}, 0, x[i*stride:])
	}
}

// inputRow adds w * x[i] to sum[i*stride].
func inputRow[T Float](sum []T, w T, x []T, stride int) {
	if stride == 1 {
		fmaLanes(sum[:len(x)], []T{w}, 0, x)
		return
	}
	for i := range x {
		fmaLanes(sum[i*stride:][:1], []T{w}, 0, x[i:])
	}
}
