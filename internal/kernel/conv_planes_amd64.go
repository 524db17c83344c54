package kernel

import (
	"math"
	"unsafe"
)

// fast reports whether there is assembly for the planes.
func (t *planeTables) fast() bool {
	if active == avx2 {
		return len(t.halves) > 0 && t.halves[0].has[1] == t.halves[0].stored[0] && t.dstRow > HalfLanes/2
	}
	return active == avx512 && t.form != planeNone
}

// fastPlanes computes the planes [lo, hi) in assembly, or returns false.
func (t *planeTables) fastPlanes(c *planeCall[float32], lo, hi int, scratch []float32) bool {
	if !t.fast() {
		return false
	}
	first, end := ceil(t.before, c.inPlane), (len(c.in)-t.after)/c.inPlane // those with enough around them
	for n := 0; lo < hi; lo += n {
		n = min(hi-lo, c.channels-lo%c.channels) // of one image
		in := c.in[lo*c.inPlane:]
		if first <= lo && lo < end {
			n = min(n, end-lo)
		} else {
			n, in = 1, scratch[t.before:]
			copy(in[:c.inPlane], c.in[lo*c.inPlane:])
		}
		t.loop(c, lo, n, in)
	}
	return true
}

// loop computes n planes of one image.
func (t *planeTables) loop(c *planeCall[float32], lo, n int, in []float32) {
	channel, least := lo%c.channels, float32(math.Inf(-1))
	if c.then == ThenReLU {
		least = 0
	}
	var start *float32
	if c.start != nil {
		start = &c.start[channel]
	}
	dst, w := &c.dst[lo*c.dstPlane], &c.w[9*channel]
	if active == avx512 && t.form == planeNarrow {
		loop := planesNarrowAVX512
		if c.back {
			loop = planesInputNarrowAVX512
		}
		loop(dst, c.dstPlane, t.step, &in[0], c.inPlane, t.inRow, w, start, &t.edges[0], t.vectors, n, least)
		return
	}
	loop, strips := planesAVX512, t.strip
	switch {
	case active == avx2 && c.back:
		loop, strips = planesInputAVX2, t.halves
	case active == avx2:
		loop, strips = planesAVX2, t.halves
	case c.back && c.stride == 2:
		loop = planesInputStrideAVX512
	case c.back:
		loop = planesInputAVX512
	case c.stride == 2:
		loop = planesStrideAVX512
	}
	loop(dst, c.dstPlane, t.dstRow, &in[0], c.inPlane, t.inRow, w, start, (*int32)(unsafe.Pointer(&strips[0])), len(strips), n, least)
}
