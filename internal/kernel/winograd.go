package kernel

import "sync"

// A convolution with kernels of 3 by 3 and a stride of 1 has two by two outputs at a
// time made of sixteen products instead of 36 (Winograd's minimal filtering
// F(2×2, 3×3): Lavin and Gray, "Fast algorithms for convolutional neural networks",
// 2016). Tiles of four by four inputs, which overlap by two, become sixteen points,
// and so do the weights; a chain over the channels multiplies them point by point; and
// the sums become the outputs. All of these changes are additions of few numbers, and
// halves: the results are about as close as those of chains over all taps.
//
// A part goes through all of that with some tiles, while they are in the cache.

// winogradPoints is how many points a tile has.
const winogradPoints = 16

// Winograd reports whether the convolution goes by tiles: whether there are channels,
// filters and outputs enough for the changes not to matter. It is part of how sums are
// ordered, so it depends on the shape alone.
func (s ConvShape) Winograd() bool {
	simple := s.KernelH == 3 && s.KernelW == 3 && s.StrideH == 1 && s.StrideW == 1 &&
		s.dilationH() == 1 && s.dilationW() == 1 && s.groups() == 1 && s.PadH <= 2 && s.PadW <= 2
	return simple && min(s.Channels, s.Filters) >= 16 && s.outputs() >= 36
}

// WinogradWeights returns how many elements the points of all weights have.
func (s ConvShape) WinogradWeights() int { return winogradPoints * s.Filters * s.Channels }

// tiling is a convolution by tiles: from planes in one layout to planes in another.
type tiling struct {
	once       sync.Once
	in, out    Block
	padH, padW int
	turned     bool // the gradient of the input: weights from the last tap to the first, from filters to channels

	cut                    tileCut
	inPoint                int // elements from one point to the next
	outPoint               int
	places                 []position
	taps                   []tap
	weightRow, weightPoint int // elements from one row of weights to the next, and from one point of them
}

// tileCut cuts the tiles of a plane into rectangles of whole rows, or of parts of one.
type tileCut struct {
	rows, cols         int // of tiles
	partRows, partCols int // of a rectangle
}

// winogradBytes is how much of the second cache the points of a part's tiles may take.
var winogradBytes = 1 << 19

// cutTiles cuts the tiles of outputs of a height and width into rectangles of about n.
func cutTiles(height, width, n int) tileCut {
	t := tileCut{rows: ceil(height, 2), cols: ceil(width, 2)}
	n = max(4, n/4*4)
	if n < t.cols {
		t.partRows, t.partCols = 1, min(n, ceil(ceil(t.cols, ceil(t.cols, n)), 4)*4)
		return t
	}
	t.partRows, t.partCols = min(t.rows, n/t.cols), t.cols
	return t
}

func (t *tileCut) most() int  { return t.partRows * t.partCols }
func (t *tileCut) parts() int { return ceil(t.rows, t.partRows) * ceil(t.cols, t.partCols) }

// part returns a rectangle.
func (t *tileCut) part(i int) (row, endRow, col, endCol int) {
	across := ceil(t.cols, t.partCols)
	row, col = i/across*t.partRows, i%across*t.partCols
	return row, min(row+t.partRows, t.rows), col, min(col+t.partCols, t.cols)
}

// tiles returns the convolution by tiles, or its input's gradient.
func (p *ConvPlan) tiles(turned bool) *tiling {
	t := &p.forwardTiles
	if turned {
		t = &p.inputTiles
	}
	t.once.Do(func() {
		s := p.Shape
		t.in, t.out, t.padH, t.padW, t.turned = p.X, p.Y, s.PadH, s.PadW, turned
		weightTap := 1
		t.weightRow, t.weightPoint = s.Channels, s.Filters*s.Channels
		if turned {
			t.in, t.out, t.padH, t.padW = p.Y, p.X, 2-s.PadH, 2-s.PadW
			t.weightRow, weightTap = 1, s.Channels
		}
		lanes := t.in.Images()
		t.cut = cutTiles(t.out.Height, t.out.Width, winogradBytes/(4*winogradPoints*lanes*(t.in.Channels+t.out.Channels)))
		n := t.cut.most()
		t.inPoint, t.outPoint = apart(t.in.Channels*n)*lanes, apart(t.out.Channels*n)*lanes
		for i := range n {
			t.places = append(t.places, position{in: int32(i * lanes), dst: int32(i * lanes)})
		}
		for c := range t.in.Channels {
			t.taps = append(t.taps, tap{in: int32(c * n * lanes), w: int32(c * weightTap)})
		}
	})
	return t
}

// apart returns a number of vectors from one point to the next, such that the points
// of a tile do not compete for one set of the cache.
func apart(vectors int) int { return vectors | 1 }

// scratch returns how many elements a part needs.
func (t *tiling) scratch() int {
	return winogradPoints*(t.inPoint+t.outPoint) + (t.in.Width+t.out.Width)*t.in.Images() + alignSlack
}

// WinogradForwardParts returns how many parts WinogradForwardPart computes a block in.
func (p *ConvPlan) WinogradForwardParts() int { return p.tiles(false).cut.parts() }

// WinogradInputParts returns how many parts WinogradInputPart computes a block in.
func (p *ConvPlan) WinogradInputParts() int { return p.tiles(true).cut.parts() }

// WinogradForwardScratch returns how many elements WinogradForwardPart needs.
func (p *ConvPlan) WinogradForwardScratch() int { return p.tiles(false).scratch() }

// WinogradInputScratch returns how many elements WinogradInputPart needs.
func (p *ConvPlan) WinogradInputScratch() int { return p.tiles(true).scratch() }

// WinogradForwardPart is ConvForwardPart by tiles, with weights from WinogradPoints.
// Each part that runs at once with others needs scratch of its own.
func WinogradForwardPart[T Float](p *ConvPlan, part int, y, x, u, bias, scratch []T, e Epilogue) {
	wantLen("y", len(y), p.Y.Len())
	wantLen("x", len(x), p.X.Len())
	wantLen("u", len(u), p.Shape.WinogradWeights())
	convolveTiles(p.tiles(false), part, y, x, u, bias, gated[T]{}, scratch, e)
}

// WinogradInputPart is ConvInputPart by tiles, with weights from WinogradPoints.
func WinogradInputPart[T Float](p *ConvPlan, part int, dx, dy, u, gate, scratch []T) {
	wantLen("dx", len(dx), p.X.Len())
	wantLen("dy", len(dy), p.Y.Len())
	wantLen("u", len(u), p.Shape.WinogradWeights())
	if gate != nil {
		wantLen("gate", len(gate), p.Gate.Len())
	}
	convolveTiles(p.tiles(true), part, dx, dy, u, nil, gated[T]{p.Gate, gate}, scratch, None)
}

// gated is what gates outputs, if anything does.
type gated[T Float] struct {
	layout Block
	gate   []T
}

// lines returns two rows from a column on, of which the second may not be there.
func (g *gated[T]) lines(row, col int) (l lines[T]) {
	if g.gate == nil {
		return
	}
	at := func(row int) []T { return g.gate[g.layout.Offset(0, min(row, g.layout.Height-1), col):] }
	return lines[T]{a: at(row), b: at(row + 1), aPlane: g.layout.Plane()}
}

// convolveTiles computes a part.
func convolveTiles[T Float](t *tiling, part int, dst, src, u, bias []T, gate gated[T], scratch []T, e Epilogue) {
	wantLen("scratch", len(scratch), t.scratch())
	scratch = aligned(scratch)
	lanes := t.in.Images()
	points, sums := cut(&scratch, winogradPoints*t.inPoint), cut(&scratch, winogradPoints*t.outPoint)
	zeros, spare := cut(&scratch, t.in.Width*lanes), cut(&scratch, t.out.Width*lanes)
	clear(zeros)
	row, endRow, col, endCol := t.cut.part(part)
	n := t.cut.most()

	to := tileRow{lanes: lanes, tiles: endCol - col, channels: t.in.Channels, point: t.inPoint, plane: n * lanes}
	for y := row; y < endRow; y++ {
		for i := range 4 {
			fillPoints(t, &to, points[4*i*t.inPoint+(y-row)*to.tiles*lanes:], src, zeros, i, y, col)
		}
	}
	multiplyTiles(t, sums, points, u, (endRow-row)*to.tiles)
	from := to
	from.channels, from.point = t.out.Channels, t.outPoint
	for y := row; y < endRow; y++ {
		l := lines[T]{a: dst[t.out.Offset(0, 2*y, 2*col):], aPlane: t.out.Plane(), b: spare, columns: min(2*endCol, t.out.Width) - 2*col}
		if 2*y+1 < t.out.Height {
			l.b, l.bPlane = dst[t.out.Offset(0, 2*y+1, 2*col):], t.out.Plane()
		}
		winogradOut(from, l, gate.lines(2*y, 2*col), sums[(y-row)*to.tiles*lanes:], bias, e)
	}
}

// multiplyTiles multiplies the points of so many tiles, or vectors of them, with those of the weights.
func multiplyTiles[T Float](t *tiling, sums, points, u []T, tiles int) {
	lanes := t.in.Images()
	c := chains[T]{lanes: lanes, dstRow: t.cut.most() * lanes, wRow: t.weightRow, taps: t.taps, pos: t.places[:tiles]}
	for p := range winogradPoints {
		c.in, c.dst, c.w = points[p*t.inPoint:], sums[p*t.outPoint:], u[t.pointOf(p)*t.weightPoint:]
		c.run(0, t.out.Channels)
	}
}

// pointOf returns which of the weights' points goes with a tile's: turned weights
// have the outer ones the other way round.
func (t *tiling) pointOf(p int) int {
	if !t.turned {
		return p
	}
	turn := [4]int{3, 1, 2, 0}
	return 4*turn[p/4] + turn[p%4]
}

// winogradRows are the two rows of a tile that a row of points is made of.
var winogradRows = [4]struct {
	a, b  int
	minus bool
}{{0, 2, true}, {1, 2, false}, {2, 1, true}, {3, 1, true}}

// fillPoints fills row i of the points of a row of tiles.
func fillPoints[T Float](t *tiling, to *tileRow, points, src, zeros []T, i, tile, col int) {
	x := 2*col - t.padW
	first := max(0, -x)
	l := lines[T]{columns: max(0, min(t.in.Width, x+2*to.tiles+2)-max(0, x))}
	line := func(row int) (at []T, plane int) {
		y := 2*tile + row - t.padH
		if y < 0 || y >= t.in.Height || l.columns == 0 {
			return zeros, 0
		}
		return src[t.in.Offset(0, y, max(0, x)):], t.in.Plane()
	}
	rows := winogradRows[i]
	l.a, l.aPlane = line(rows.a)
	l.b, l.bPlane = line(rows.b)
	winogradIn(*to, points, l, rows.minus, first)
}

// WinogradPoints gives the points of the weights from pair lo up to hi, where a pair
// is a filter and a channel: u[point][pair] of w[pair][3][3]. Along an axis they are
// w0, ((w0+w2)+w1)/2, ((w0+w2)-w1)/2 and w2.
func WinogradPoints[T Float](s ConvShape, u, w []T, lo, hi int) {
	pairs := s.Filters * s.Channels
	wantLen("u", len(u), s.WinogradWeights())
	wantLen("w", len(w), 9*pairs)
	var taps, rows [12 * winogradPairs]T
	plane := func(of []T, i int) []T { return of[i*winogradPairs:] }
	for ; lo < hi; lo += winogradPairs {
		n := min(winogradPairs, hi-lo)
		Transpose(taps[:], winogradPairs, w[9*lo:], 9, n, 9)
		for x := range 3 {
			winogradSpread(n, [3][]T{plane(taps[:], x), plane(taps[:], 3+x), plane(taps[:], 6+x)},
				[4][]T{plane(rows[:], x), plane(rows[:], 3+x), plane(rows[:], 6+x), plane(rows[:], 9+x)})
		}
		for y := range 4 {
			winogradSpread(n, [3][]T{plane(rows[:], 3*y), plane(rows[:], 3*y+1), plane(rows[:], 3*y+2)},
				[4][]T{u[4*y*pairs+lo:], u[(4*y+1)*pairs+lo:], u[(4*y+2)*pairs+lo:], u[(4*y+3)*pairs+lo:]})
		}
	}
}

// winogradPairs is how many pairs of a filter and a channel are worked on at once.
const winogradPairs = 128

// winogradSpread makes four points of three taps, of n pairs.
func winogradSpread[T Float](n int, w [3][]T, u [4][]T) {
	copy(u[0][:n], w[0])
	copy(u[3][:n], w[2])
	outer, middle := u[1][:n], u[2][:n]
	Add(outer, w[0], w[2])
	Sub(middle, outer, w[1])
	Add(outer, outer, w[1])
	MulScalar(middle, middle, 0.5)
	MulScalar(outer, outer, 0.5)
}

// winogradGather makes three taps of four points, of n pairs: u0+(u1+u2)/2, (u1-u2)/2
// and (u1+u2)/2+u3. It overwrites the points.
func winogradGather[T Float](n int, u [4][]T, w [3][]T) {
	Sub(w[1][:n], u[1], u[2])
	MulScalar(w[1][:n], w[1], 0.5)
	half := u[1][:n]
	Add(half, u[1], u[2])
	MulScalar(half, half, 0.5)
	Add(w[0][:n], u[0], half)
	Add(w[2][:n], half, u[3])
}
