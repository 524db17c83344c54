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

// run is outputs lo to hi-1 along an axis whose windows look at as many rows or
// columns, the first of them from first on.
type run struct{ lo, hi, first, size int }

// runFrom returns the run that begins at output o: all from there on whose
// windows reach into no padding, or a single one that is cut.
func runFrom(o, stride, pad, size, limit int) run {
	lo, hi := max(o*stride-pad, 0), min(o*stride-pad+size, limit)
	if pad < 0 || lo >= hi {
		panic("kernel: a pooling window lies outside its plane")
	}
	if hi-lo < size {
		return run{o, o + 1, lo, hi - lo}
	}
	return run{o, o + (limit-hi)/stride + 1, lo, size}
}

// MaxPool sets y to the maximum of each window of each plane of x, and index to
// where in its plane the first maximum (or NaN) was found.
func MaxPool[T Float](s PoolShape, planes int, y []T, index []int32, x []T) {
	size, height, width := s.Height*s.Width, s.OutH(), s.OutW()
	y, index, x = y[:planes*height*width], index[:planes*height*width], x[:planes*size]
	if len(y) == 0 {
		return
	}
	for oy := 0; oy < height; {
		rows := runFrom(oy, s.StrideH, s.PadH, s.KernelH, s.Height)
		for ox := 0; ox < width; {
			cols := runFrom(ox, s.StrideW, s.PadW, s.KernelW, s.Width)
			if !isFloat32[T]() || !maxFast(s, rows, cols, asFloat32(y), index, asFloat32(x)) {
				maxWindows(s, rows, cols, y, index, x)
			}
			ox = cols.hi
		}
		oy = rows.hi
	}
}

// maxWindows is MaxPool for the windows of some rows and columns.
func maxWindows[T Float](s PoolShape, rows, cols run, y []T, index []int32, x []T) {
	size, width, outSize := s.Height*s.Width, s.OutW(), s.OutH()*s.OutW()
	for p := range len(y) / outSize {
		plane, y, index := x[p*size:(p+1)*size], y[p*outSize:(p+1)*outSize], index[p*outSize:(p+1)*outSize]
		for i := range rows.hi - rows.lo {
			for j := range cols.hi - cols.lo {
				corner := (rows.first+i*s.StrideH)*s.Width + cols.first + j*s.StrideW
				at := largest(plane, corner, s.Width, rows.size, cols.size)
				o := (rows.lo+i)*width + cols.lo + j
				y[o], index[o] = plane[at], int32(at)
			}
		}
	}
}

// largest returns where the first maximum (or NaN) of rows x cols elements of a
// plane is.
func largest[T Float](plane []T, corner, width, rows, cols int) int {
	at := corner
	for range rows {
		for i := corner; i < corner+cols; i++ {
			if above(plane[i], plane[at]) {
				at = i
			}
		}
		corner += width
	}
	return at
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
