package kernel

import "math"

// PoolShape is a pooling window that slides over planes of Height x Width.
// Padding counts as minus infinity for the maximum.
type PoolShape struct {
	Height, Width    int
	KernelH, KernelW int
	StrideH, StrideW int
	PadH, PadW       int
}

// OutH returns the number of rows of the output.
func (s PoolShape) OutH() int { return (s.Height+2*s.PadH-s.KernelH)/s.StrideH + 1 }

// OutW returns the number of columns of the output.
func (s PoolShape) OutW() int { return (s.Width+2*s.PadW-s.KernelW)/s.StrideW + 1 }

// window returns the rows or columns lo to hi-1 that output o looks at.
func window(o, stride, pad, size, limit int) (lo, hi int) {
	lo = o*stride - pad
	return max(lo, 0), min(lo+size, limit)
}

// MaxPool sets y to the maximum of each window of each plane of x, and index to
// where in its plane the first maximum (or NaN) was found.
func MaxPool[T Float](s PoolShape, planes int, y []T, index []int32, x []T) {
	size, outSize := s.Height*s.Width, s.OutH()*s.OutW()
	for p := range planes {
		plane, at := x[p*size:(p+1)*size], index[p*outSize:(p+1)*outSize]
		if single, ok := any(plane).([]float32); ok {
			maxPlane32(s, at, single)
		} else {
			maxPlane(s, at, plane)
		}
		for i, from := range at {
			y[p*outSize+i] = plane[from]
		}
	}
}

// maxPlane finds the maximum of each window of a plane.
func maxPlane[T Float](s PoolShape, index []int32, plane []T) {
	s.eachWindow(index, func(top, bottom, left, right int) int {
		at := top*s.Width + left
		for y := top; y < bottom; y++ {
			for i := y*s.Width + left; i < y*s.Width+right; i++ {
				if above(plane[i], plane[at]) {
					at = i
				}
			}
		}
		return at
	})
}

// maxPlane32 is maxPlane by way of integers in the order of the numbers, since
// the processor can choose between integers without a branch, which on images
// would be mispredicted half of the time.
func maxPlane32(s PoolShape, index []int32, plane []float32) {
	s.eachWindow(index, func(top, bottom, left, right int) int {
		at := top*s.Width + left
		best := order(plane[at])
		for y := top; y < bottom; y++ {
			from := y*s.Width + left
			for i, v := range plane[from : y*s.Width+right] {
				if k := order(v); k > best {
					best, at = k, from+i
				}
			}
		}
		return at
	})
}

// order maps numbers to integers of the same order: -0 equals 0, and NaN is
// above all.
func order(v float32) int32 {
	b := int32(math.Float32bits(v))
	sign, size := b>>31, b&math.MaxInt32
	k := size ^ sign - sign
	if size > 0x7f800000 {
		k = math.MaxInt32
	}
	return k
}

// eachWindow sets index to what find returns for each window in turn.
func (s PoolShape) eachWindow(index []int32, find func(top, bottom, left, right int) int) {
	ow := s.OutW()
	for oy := range s.OutH() {
		top, bottom := window(oy, s.StrideH, s.PadH, s.KernelH, s.Height)
		for ox := range ow {
			left, right := window(ox, s.StrideW, s.PadW, s.KernelW, s.Width)
			index[oy*ow+ox] = int32(find(top, bottom, left, right))
		}
	}
}

// PoolScatter sets dx to zero and adds each element of dy where index says, in
// order. Planes of dx have size elements, those of dy and index outSize.
func PoolScatter[T Float](planes, size, outSize int, dx, dy []T, index []int32) {
	clear(dx[:planes*size])
	for p := range planes {
		plane := dx[p*size : (p+1)*size]
		from, at := dy[p*outSize:(p+1)*outSize], index[p*outSize:(p+1)*outSize]
		for i, v := range from {
			plane[at[i]] += v
		}
	}
}

// PoolGather sets each element of y to the element of x that index names.
func PoolGather[T Float](planes, size, outSize int, y, x []T, index []int32) {
	for p := range planes {
		plane := x[p*size : (p+1)*size]
		to, at := y[p*outSize:(p+1)*outSize], index[p*outSize:(p+1)*outSize]
		for i := range to {
			to[i] = plane[at[i]]
		}
	}
}
