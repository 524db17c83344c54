package kernel

// A few images would leave most lanes of a block empty. Their tiles lie side by side in
// the lanes instead, one image after the other; the bits are the same.

// flatRun is some tiles of one row, in neighbouring lanes.
type flatRun struct {
	lane, tiles int
	image       int // where the planes of the image begin
	y, x        int // where the first tile begins; the next one is two columns further
}

// flatVectors returns how many vectors hold the tiles of some images.
func (t *tiling) flatVectors(images int) int { return ceil(images*t.cut.rows*t.cut.cols, Lanes) }

// flatCut returns how many parts the vectors are cut in, none larger than one of a block.
func (t *tiling) flatCut(images int) int {
	vectors := t.flatVectors(images)
	return max(ceil(vectors, t.cut.most()), min(vectors, manyParts))
}

func (t *tiling) flatScratch() int {
	return winogradPoints*(t.inPoint+t.outPoint) + 16*Lanes*t.in.Channels + 4*Lanes*t.out.Channels + alignSlack
}

// runs returns the tiles of a vector, each of which begins so far before the first of
// its rows and columns.
func (t *tiling) runs(vector, images int, b Block, padH, padW int) (runs []flatRun) {
	rows, cols := t.cut.rows, t.cut.cols
	end := min((vector+1)*Lanes, images*rows*cols)
	for tile := vector * Lanes; tile < end; {
		row, col := tile/cols, tile%cols
		n := min(end-tile, cols-col)
		runs = append(runs, flatRun{
			lane: tile - vector*Lanes, tiles: n, image: row / rows * b.image(), y: 2*(row%rows) - padH, x: 2*col - padW,
		})
		tile += n
	}
	return runs
}

// WinogradFlatParts returns how many parts WinogradForwardFlat, or WinogradInputFlat,
// computes some images in.
func (p *ConvPlan) WinogradFlatParts(images int) int {
	return max(p.tiles(false).flatCut(images), p.tiles(true).flatCut(images))
}

// WinogradFlatScratch returns how many elements one of these parts needs.
func (p *ConvPlan) WinogradFlatScratch() int {
	return max(p.tiles(false).flatScratch(), p.tiles(true).flatScratch())
}

// WinogradForwardFlat is a part of the convolution of images that lie one after the other.
func WinogradForwardFlat[T Float](p *ConvPlan, part, images int, y, x, u, bias, scratch []T, e Epilogue) {
	convolveFlat(p.tiles(false), p.WinogradFlatParts(images), part, images, y, x, u, bias, scratch, e)
}

// WinogradInputFlat is a part of the gradient of such images.
func WinogradInputFlat[T Float](p *ConvPlan, part, images int, dx, dy, u, scratch []T) {
	convolveFlat(p.tiles(true), p.WinogradFlatParts(images), part, images, dx, dy, u, nil, scratch, None)
}

func convolveFlat[T Float](t *tiling, parts, part, images int, dst, src, u, bias, scratch []T, e Epilogue) {
	wantLen("dst", len(dst), images*t.out.image())
	wantLen("src", len(src), images*t.in.image())
	wantLen("u", len(u), winogradPoints*t.weightPoint)
	wantLen("scratch", len(scratch), t.flatScratch())
	scratch = aligned(scratch)
	points, sums := cut(&scratch, winogradPoints*t.inPoint), cut(&scratch, winogradPoints*t.outPoint)
	patches, outputs := cut(&scratch, 16*Lanes*t.in.Channels), cut(&scratch, 4*Lanes*t.out.Channels)
	lo, hi := pieces(t.flatVectors(images), 1, parts, part)
	r := tileRow{lanes: Lanes, tiles: 1, channels: t.in.Channels, point: t.inPoint, plane: t.cut.most() * Lanes}
	for v := lo; v < hi; v++ {
		clear(patches)
		for _, run := range t.runs(v, images, t.in, t.padH, t.padW) {
			collect(run, patches, src, t.in)
		}
		for i, rows := range winogradRows {
			line := func(row int) []T { return patches[row*4*Lanes:] }
			l := lines[T]{a: line(rows.a), aPlane: 16 * Lanes, b: line(rows.b), bPlane: 16 * Lanes, columns: 4}
			winogradIn(r, points[4*i*t.inPoint+(v-lo)*Lanes:], l, rows.minus, 0)
		}
	}
	multiplyTiles(t, sums, points, u, hi-lo)
	r.channels, r.point = t.out.Channels, t.outPoint
	for v := lo; v < hi; v++ {
		l := lines[T]{a: outputs, aPlane: 4 * Lanes, b: outputs[2*Lanes:], bPlane: 4 * Lanes, columns: 2}
		winogradOut(r, l, lines[T]{}, sums[(v-lo)*Lanes:], bias, e)
		for _, run := range t.runs(v, images, t.out, 0, 0) {
			deal(run, dst, outputs, t.out)
		}
	}
}

// collect puts the tiles of each channel into lanes of patches of four by four, which
// hold zeros.
func collect[T Float](r flatRun, patches, src []T, b Block) {
	lo := min(r.tiles, ceil(max(0, -r.x), 2))      // from this tile on
	hi := max(lo, min(r.tiles, (b.Width-r.x-2)/2)) // up to this one, all columns are there
	for c := range b.Channels {
		plane := src[r.image+c*b.Height*b.Width:][:b.Height*b.Width]
		for i := max(0, -r.y); i < min(4, b.Height-r.y); i++ {
			row := plane[(r.y+i)*b.Width:][:b.Width]
			to := patches[(c*16+4*i)*Lanes+r.lane:]
			for tile := 0; tile < lo; tile++ {
				collectEdge(to[tile:], row, r.x+2*tile)
			}
			if n := hi - lo; n > 0 {
				from := row[r.x+2*lo:]
				c0, c1, c2, c3 := to[lo:][:n], to[Lanes+lo:][:n], to[2*Lanes+lo:][:n], to[3*Lanes+lo:][:n]
				for k := range c0 {
					four := from[2*k:][:4]
					c0[k], c1[k], c2[k], c3[k] = four[0], four[1], four[2], four[3]
				}
			}
			for tile := hi; tile < r.tiles; tile++ {
				collectEdge(to[tile:], row, r.x+2*tile)
			}
		}
	}
}

// collectEdge puts those of the four columns from x on that there are into a lane.
func collectEdge[T Float](to, row []T, x int) {
	for j := max(0, -x); j < min(4, len(row)-x); j++ {
		to[j*Lanes] = row[x+j]
	}
}

// deal takes the outputs of each channel from lanes of patches of two by two.
func deal[T Float](r flatRun, dst, patches []T, b Block) {
	n := min(r.tiles, (b.Width-r.x)/2) // tiles with both columns
	for c := range b.Channels {
		plane := dst[r.image+c*b.Height*b.Width:][:b.Height*b.Width]
		for i := range min(2, b.Height-r.y) {
			row := plane[(r.y+i)*b.Width+r.x : (r.y+i+1)*b.Width]
			from := patches[(c*4+2*i)*Lanes+r.lane:]
			left, right := from[:n], from[Lanes:][:n]
			for k := range left {
				two := row[2*k:][:2]
				two[0], two[1] = left[k], right[k]
			}
			if n < r.tiles {
				row[2*n] = from[n]
			}
		}
	}
}
