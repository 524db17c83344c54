package kernel

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
	oh, ow := s.OutH(), s.OutW()
	for p := range planes {
		plane := x[p*s.Height*s.Width : (p+1)*s.Height*s.Width]
		o := p * oh * ow
		for oy := range oh {
			top, bottom := window(oy, s.StrideH, s.PadH, s.KernelH, s.Height)
			for ox := range ow {
				left, right := window(ox, s.StrideW, s.PadW, s.KernelW, s.Width)
				at := top*s.Width + left
				best := plane[at]
				for iy := top; iy < bottom; iy++ {
					row := iy * s.Width
					for i := row + left; i < row+right; i++ {
						if above(plane[i], best) {
							best, at = plane[i], i
						}
					}
				}
				y[o], index[o] = best, int32(at)
				o++
			}
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
