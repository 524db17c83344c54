package kernel

import "sync"

// The gradient of the weights of a convolution by tiles: for each image, the points of
// the gradient of the output times those of the input make a chain over the tiles, row
// by row; the 16 images of a group are combined, and the points of the weights become
// the weights. A part has some filters.

// weightTiling is how the gradient of the weights goes by tiles.
type weightTiling struct {
	once             sync.Once
	cut              tileCut
	pieces, chunks   int // that the filters, and the channels, are cut in
	filters, some    int // of a piece, and channels of a chunk, at most
	inPoint, toPoint int // elements from one point of the input to the next, and of the gradient of the output
	sums             int // elements that the chains are kept in
	channels         []position
	tiles            []tap
}

// winogradSome is how many filters, or channels, are worth going through the tiles of
// the others for.
const winogradSome = 32

func (p *ConvPlan) planWeightTiles() *weightTiling {
	if p.X.Images() != Lanes {
		panic("kernel: gradient of weights by tiles from blocks of 8 images")
	}
	t := &p.weightTiles
	t.once.Do(func() {
		s := p.Shape
		t.pieces, t.chunks = ceil(s.Filters, winogradSome), ceil(s.Channels, winogradSome)
		t.filters, t.some = mostRows(s.Filters, t.pieces), ceil(s.Channels, t.chunks)
		t.cut = cutTiles(s.OutH(), s.OutW(), winogradBytes/(4*4*Lanes*(t.some+t.filters)))
		n := t.cut.most()
		t.inPoint, t.toPoint = apart(t.some*n)*Lanes, apart(t.filters*n)*Lanes
		t.sums = 6 * t.some * Lanes
		if t.cut.parts() > 1 {
			t.sums = 4 * t.filters * t.some * Lanes
		}
		for c := range t.some {
			t.channels = append(t.channels, position{in: int32(c * n * Lanes), dst: int32(c * Lanes)})
		}
		for i := range n {
			t.tiles = append(t.tiles, tap{in: int32(i * Lanes), w: int32(i * Lanes)})
		}
	})
	return t
}

// WinogradWeightParts returns how many parts WinogradWeightPart computes a block in.
func (p *ConvPlan) WinogradWeightParts() int { return p.planWeightTiles().pieces }

// WinogradWeightScratch returns how many elements WinogradWeightPart needs.
func (p *ConvPlan) WinogradWeightScratch() int {
	t := p.planWeightTiles()
	return 4*(t.inPoint+t.toPoint) + t.sums + winogradPoints*t.filters*p.Shape.Channels + max(p.X.Width, p.Y.Width)*Lanes + alignSlack
}

// WinogradWeightPart is ConvWeightPart by tiles, from blocks of 16 lanes whose borders
// are not read.
func WinogradWeightPart[T Float](p *ConvPlan, part, images int, dw, x, dy, scratch []T) {
	s, t := p.Shape, p.planWeightTiles()
	wantLen("dw", len(dw), 9*s.Filters*s.Channels)
	wantLen("x", len(x), p.X.Len())
	wantLen("dy", len(dy), p.Y.Len())
	wantLen("scratch", len(scratch), p.WinogradWeightScratch())
	scratch = aligned(scratch)
	o, end := pieces(s.Filters, 6, t.pieces, part)
	g := weightTiles[T]{
		weightTiling: t, plan: p, images: images, first: o, count: end - o, x: x, dy: dy,
		in: cut(&scratch, 4*t.inPoint), to: cut(&scratch, 4*t.toPoint), sums: cut(&scratch, t.sums),
		points: cut(&scratch, winogradPoints*(end-o)*s.Channels), zeros: cut(&scratch, max(p.X.Width, p.Y.Width)*Lanes),
	}
	clear(g.zeros)
	for i := range 4 {
		for chunk := range t.chunks {
			g.channel, g.channels = chunk*t.some, min(t.some, s.Channels-chunk*t.some)
			for band := range t.cut.parts() {
				g.fillIn(i, band)
				if chunk == 0 || t.cut.parts() > 1 {
					g.fillGrad(i, band)
				}
				for j := range 4 {
					g.add(i, j, band)
				}
			}
		}
	}
	g.gather(dw[9*o*s.Channels:])
}

// weightTiles is a part at work.
type weightTiles[T Float] struct {
	*weightTiling
	plan              *ConvPlan
	images            int
	first, count      int // filters
	channel, channels int // those of the chunk
	x, dy             []T
	in, to            []T // a row of points of the tiles of a band
	sums              []T // of a row of points: [point][filter][channel][lane], or of few filters where there is one band
	points            []T // [point][filter][channel]
	zeros             []T
}

// band returns the tiles of a band, as they lie in one of its rows, and those rows.
func (g *weightTiles[T]) band(i int) (r tileRow, row, endRow, col int) {
	row, endRow, col, endCol := g.cut.part(i)
	return tileRow{lanes: Lanes, tiles: endCol - col, plane: g.cut.most() * Lanes}, row, endRow, col
}

// fillIn fills row i of the points of the input's tiles in a band.
func (g *weightTiles[T]) fillIn(i, band int) {
	s := g.plan.Shape
	in := tiling{in: g.plan.X, padH: s.PadH, padW: s.PadW}
	r, row, endRow, col := g.band(band)
	r.channels, r.point = g.channels, g.inPoint
	for y := row; y < endRow; y++ {
		fillPoints(&in, &r, g.in[(y-row)*r.tiles*Lanes:], g.x[g.channel*g.plan.X.Plane():], g.zeros, i, y, col)
	}
}

// fillGrad fills row i of the points of the tiles of the output's gradient in a band.
func (g *weightTiles[T]) fillGrad(i, band int) {
	out := g.plan.Y
	r, row, endRow, col := g.band(band)
	r.channels, r.point = g.count, g.toPoint
	for y := row; y < endRow; y++ {
		l := lines[T]{b: g.zeros, columns: min(2*r.tiles, out.Width-2*col)}
		line := func(row int) (at []T, plane int) {
			if row >= out.Height {
				return g.zeros, 0
			}
			return g.dy[out.Offset(g.first, row, 2*col):], out.Plane()
		}
		l.a, l.aPlane = line(2*y + i/3)
		if i == 1 || i == 2 {
			l.b, l.bPlane = line(2*y + 1)
		}
		winogradGrad(r, g.to[(y-row)*r.tiles*Lanes:], l, i != 1)
	}
}

// add adds the tiles of a band to the chains of point [i][j], and after the last band
// combines the images.
func (g *weightTiles[T]) add(i, j, band int) {
	r, row, endRow, _ := g.band(band)
	bands := g.cut.parts()
	c := chains[T]{
		lanes: Lanes, dst: g.sums, dstRow: g.channels * Lanes, in: g.in[j*g.inPoint:],
		w: g.to[j*g.toPoint:], wRow: r.plane, wLanes: true,
		pos: g.weightTiling.channels[:g.channels], taps: g.tiles[:(endRow-row)*r.tiles], goOn: band > 0,
	}
	if bands > 1 {
		c.dst = g.sums[j*g.filters*g.some*Lanes:]
	}
	all := g.plan.Shape.Channels
	for m, n := 0, 0; m < g.count; m += n {
		n = chainRows(min(6, g.count-m), g.channels, true, Lanes)
		c.band(0, n)
		if band == bands-1 {
			ClearLanes(c.dst[:n*c.dstRow], Lanes, g.images)
			for row := range n {
				SumLanes(g.points[((4*i+j)*g.count+m+row)*all+g.channel:][:g.channels], c.dst[row*c.dstRow:])
			}
		}
		c.w = c.w[n*c.wRow:]
		if bands > 1 {
			c.dst = c.dst[n*c.dstRow:]
		}
	}
}

// gather makes weights of their points.
func (g *weightTiles[T]) gather(dw []T) {
	pairs := g.count * g.plan.Shape.Channels
	var rows, taps [12 * winogradPairs]T
	plane := func(of []T, i int) []T { return of[i*winogradPairs:] }
	for lo := 0; lo < pairs; lo += winogradPairs {
		n := min(winogradPairs, pairs-lo)
		point := func(i, j int) []T { return g.points[(4*i+j)*pairs+lo:] }
		for j := range 4 {
			winogradGather(n, [4][]T{point(0, j), point(1, j), point(2, j), point(3, j)},
				[3][]T{plane(rows[:], j), plane(rows[:], 4+j), plane(rows[:], 8+j)})
		}
		for y := range 3 {
			winogradGather(n, [4][]T{plane(rows[:], 4*y), plane(rows[:], 4*y+1), plane(rows[:], 4*y+2), plane(rows[:], 4*y+3)},
				[3][]T{plane(taps[:], 3*y), plane(taps[:], 3*y+1), plane(taps[:], 3*y+2)})
		}
		Transpose(dw[9*lo:], 9, taps[:], winogradPairs, 9, n)
	}
}
