package kernel

// AvgPool sets y to the average of each window of each plane of x: its taps added
// one after the other, from 0, then times one over how many count: all of them, as
// zeros where they lie in padding, but none behind all padding.
func AvgPool[T Float](s PoolShape, planes int, y, x []T) {
	p := rowMajorPooling(s, planes, len(x), len(y))
	avgWindows(p, y, x)
}

// AvgPoolLanes is AvgPool of 16 images: x in layout xb, and y in layout yb, whose
// border it leaves alone.
func AvgPoolLanes[T Float](s PoolShape, xb, yb Block, y, x []T) {
	p := lanesPooling(s, xb, yb, len(x), len(y))
	if isFloat32[T]() && p.lanesFast(lanesAvg, asFloat32(x), asFloat32(y), nil, nil) {
		return
	}
	avgWindows(p, y, x)
}

func avgWindows[T Float](p pooling, y, x []T) {
	p.eachRow(func(oy, x0, y0, _, _ int) {
		top, loY, hiY := p.rows.at(oy)
		for ox := range p.width {
			left, loX, hiX := p.cols.at(ox)
			var sum T
			for ky := loY; ky < hiY; ky++ {
				row := x0 + (top+ky)*p.x.row + left*p.x.lanes
				for kx := loX; kx < hiX; kx++ {
					sum += x[row+kx*p.x.lanes]
				}
			}
			y[y0+ox*p.y.lanes] = sum * factor[T](&p, oy, ox)
		}
	})
}

// AvgPoolGrad sets dx to zero and adds each element of dy, row by row, times
// one over how many taps count, to every tap of its window: the gradient of AvgPool.
func AvgPoolGrad[T Float](s PoolShape, planes int, dx, dy []T) {
	p := rowMajorPooling(s, planes, len(dx), len(dy))
	avgGradWindows(p, dx, dy)
}

// AvgPoolGradLanes is AvgPoolGrad of 16 images: dx in layout xb, whose border it
// leaves alone, and dy in layout yb.
func AvgPoolGradLanes[T Float](s PoolShape, xb, yb Block, dx, dy []T) {
	p := lanesPooling(s, xb, yb, len(dx), len(dy))
	if isFloat32[T]() && p.spreadFast(lanesSpread, lanesSpreadAdd, asFloat32(dx), asFloat32(dy), nil, nil) {
		return
	}
	avgGradWindows(p, dx, dy)
}

func avgGradWindows[T Float](p pooling, dx, dy []T) {
	clearOutside(p, dx, 0, 0)
	p.eachRow(func(oy, x0, y0, _, _ int) {
		top, loY, hiY := p.rows.at(oy)
		for ox := range p.width {
			left, loX, hiX := p.cols.at(ox)
			v := T(dy[y0+ox*p.y.lanes] * factor[T](&p, oy, ox))
			for ky := loY; ky < hiY; ky++ {
				row := x0 + (top+ky)*p.x.row + left*p.x.lanes
				for kx := loX; kx < hiX; kx++ {
					dx[row+kx*p.x.lanes] += v
				}
			}
		}
	})
}
