package kernel

import "unsafe"

// The changes between planes in lanes and tiles of four by four points, which
// overlap by two (of the gradient of an output, two by two elements become such a
// tile). Rows come first, then columns:
//
//	in:   p0, p1, p2, p3 = d0-d2, d1+d2, d2-d1, d3-d1
//	out:  y0, y1 = (m0+m1)+m2, (m1-m2)+m3
//	grad: p0, p1, p2, p3 = g0, g0+g1, g0-g1, g1
//
// Each works on a row of tiles in some channels.

// tileRow is a row of tiles of some channels.
type tileRow struct {
	lanes, tiles, channels int
	point, plane           int // elements from one point of a tile to the next, and from channel to channel
}

// lines are two rows of planes. What is further right than columns, counted from
// the first that there is, is zero.
type lines[T Float] struct {
	a, b           []T
	aPlane, bPlane int
	columns        int
}

// check panics unless tiles of some points, and rows, hold what the loops reach.
func (l *lines[T]) check(r tileRow, points, tiles int) {
	last := r.channels - 1
	wantLen("tiles", tiles, (points-1)*r.point+last*r.plane+r.tiles*r.lanes)
	if l.columns > 0 {
		wantLen("first row", len(l.a), last*l.aPlane+l.columns*r.lanes)
		wantLen("second row", len(l.b), last*l.bPlane+l.columns*r.lanes)
	}
}

// winogradIn fills a row of points, first columns of which lie before those that there
// are, from the sums a+b of two rows, or with minus the differences a-b.
func winogradIn[T Float](r tileRow, dst []T, l lines[T], minus bool, first int) {
	l.check(r, 4, len(dst))
	if isFloat32[T]() && winogradTilesFast(false, r, asFloat32(dst), (*lines[float32])(unsafe.Pointer(&l)), minus, first) {
		return
	}
	var c [4][Lanes]T
	for channel := range r.channels {
		for tile := range r.tiles {
			for j := range c {
				l.load(c[j][:r.lanes], channel, 2*tile+j-first, minus)
			}
			for lane := range r.lanes {
				c0, c1, c2, c3 := c[0][lane], c[1][lane], c[2][lane], c[3][lane]
				storePoints(&r, dst, channel, tile, lane, [4]T{c0 - c2, c1 + c2, c2 - c1, c3 - c1})
			}
		}
	}
}

// winogradGrad is winogradIn for the gradient of an output.
func winogradGrad[T Float](r tileRow, dst []T, l lines[T], minus bool) {
	l.check(r, 4, len(dst))
	if isFloat32[T]() && winogradTilesFast(true, r, asFloat32(dst), (*lines[float32])(unsafe.Pointer(&l)), minus, 0) {
		return
	}
	var c [2][Lanes]T
	for channel := range r.channels {
		for tile := range r.tiles {
			for j := range c {
				l.load(c[j][:r.lanes], channel, 2*tile+j, minus)
			}
			for lane := range r.lanes {
				c0, c1 := c[0][lane], c[1][lane]
				storePoints(&r, dst, channel, tile, lane, [4]T{c0, c0 + c1, c0 - c1, c1})
			}
		}
	}
}

// load gives a column of the sums or differences of the rows.
func (l *lines[T]) load(c []T, channel, x int, minus bool) {
	if x < 0 || x >= l.columns {
		clear(c)
		return
	}
	a, b := l.a[channel*l.aPlane+x*len(c):][:len(c)], l.b[channel*l.bPlane+x*len(c):][:len(c)]
	for i := range c {
		if minus {
			c[i] = a[i] - b[i]
		} else {
			c[i] = a[i] + b[i]
		}
	}
}

// at returns where the first point of a tile lies.
func (r *tileRow) at(channel, tile, lane int) int { return channel*r.plane + tile*r.lanes + lane }

// storePoints stores a row of points.
func storePoints[T Float](r *tileRow, dst []T, channel, tile, lane int, p [4]T) {
	for j, v := range p {
		dst[j*r.point+r.at(channel, tile, lane)] = v
	}
}

// winogradOut makes two rows of outputs, plus what each channel starts with, if any
// does, and with ThenReLU the larger of that and 0; where there is a gate, of planes that
// are as far apart in both rows, 0 where it is not above 0. No output is -0.
func winogradOut[T Float](r tileRow, l, gate lines[T], src, start []T, e Epilogue) {
	l.check(r, 16, len(src))
	if start != nil {
		wantLen("bias", len(start), r.channels)
	}
	if gate.a != nil {
		gate.bPlane, gate.columns = gate.aPlane, l.columns
		gate.check(r, 16, len(src))
	}
	if isFloat32[T]() && winogradOutFast(r, (*lines[float32])(unsafe.Pointer(&l)), (*lines[float32])(unsafe.Pointer(&gate)), asFloat32(src), asFloat32(start), e) {
		return
	}
	for channel := range r.channels {
		var bias T
		if start != nil {
			bias = start[channel] + 0
		}
		for tile := range r.tiles {
			for lane := range r.lanes {
				var m [16]T
				for p := range m {
					m[p] = src[p*r.point+r.at(channel, tile, lane)]
				}
				var t, b [4]T
				for j := range 4 {
					t[j], b[j] = winogradSums(m[j], m[4+j], m[8+j], m[12+j])
				}
				for i, row := range [2][4]T{t, b} {
					to, plane, gates := l.a, l.aPlane, gate.a
					if i == 1 {
						to, plane, gates = l.b, l.bPlane, gate.b
					}
					left, right := winogradSums(row[0], row[1], row[2], row[3])
					for j, y := range [2]T{left + bias, right + bias} {
						if x := 2*tile + j; x < l.columns {
							if e == ThenReLU {
								y = max(y, 0)
							}
							if gates != nil && !(gates[channel*gate.aPlane+x*r.lanes+lane] > 0) {
								y = 0
							}
							to[channel*plane+x*r.lanes+lane] = y
						}
					}
				}
			}
		}
	}
}

// winogradSums returns the two outputs of four products.
func winogradSums[T Float](m0, m1, m2, m3 T) (y0, y1 T) { return m0 + m1 + m2, m1 - m2 + m3 }
