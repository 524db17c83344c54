package kernel

import "sync"

// A few images would leave most lanes of a block empty. Where the stride is 1,
// 16 lanes can lie along the width of one image instead: its padded planes are
// taken as flat, so that a tap is an offset, the same for all outputs. The
// outputs between the end of a row and the begin of the next are computed too,
// and dropped. Each output is the same chain as in a block, with taps of 0 where
// it reaches into the padding.

// flatTables say where a convolution of one image reads.
type flatTables struct {
	once    sync.Once
	cut     partition
	outputs []position // 16 a position
	taps    []tap
	rows    [][]flatRow // of a piece of the outputs
	scratch int
}

// flatRow is what a piece of the flat outputs has of a row: n elements from
// element from on, which come to lie at element to of the plane.
type flatRow struct{ to, from, n int }

// Flat reports whether some images are computed faster one by one, by
// ConvForwardFlat, than as a block: whether they make half as many vectors.
func (s ConvShape) Flat(images int) bool {
	return s.StrideH == 1 && s.StrideW == 1 && 2*images*s.flatVectors() < s.outputs()
}

// FlatWith reports whether the weights let ConvForwardFlat give the bits of
// ConvForward: one that is not finite would make NaN of padding.
func FlatWith[T Float](s ConvShape, w []T) bool {
	if s.PadH == 0 && s.PadW == 0 {
		return true
	}
	sum := SumPiece(w) // which is finite only if all terms are
	return sum-sum == 0
}

// padded returns the layout of the input with all padding.
func (s ConvShape) padded() Block {
	x := s.PaddedX()
	x.Top = s.PadH
	x.Bottom = max(0, (s.OutH()-1)*s.StrideH+s.extentH()-s.PadH-s.Height)
	return x
}

// flatWidth and flatPlane return the size of a padded row and plane.
func (s ConvShape) flatWidth() int { return s.padded().row() / Lanes }
func (s ConvShape) flatPlane() int { return s.padded().Plane() / Lanes }

// flatVectors returns how many vectors hold the outputs of a filter, and those
// between its rows.
func (s ConvShape) flatVectors() int {
	return ceil((s.OutH()-1)*s.flatWidth()+s.OutW(), Lanes)
}

func (p *ConvPlan) planFlat() *flatTables {
	if s := p.Shape; s.StrideH != 1 || s.StrideW != 1 {
		panic("kernel: flat convolution with a stride")
	}
	t := &p.flat
	t.once.Do(func() {
		s := p.Shape
		row, plane := s.flatWidth(), s.flatPlane()
		for i := range s.flatVectors() {
			t.outputs = append(t.outputs, position{in: int32(i * Lanes), dst: int32(i * Lanes)})
		}
		s.eachWeight(func(i, c, ky, kx int) {
			t.taps = append(t.taps, tap{in: int32(c*plane + ky*s.dilationH()*row + kx*s.dilationW()), w: int32(i)})
		})
		wanted := max(1, min(ceil(manyParts, s.groups()), s.filters()*s.weights()*len(t.outputs)/flatTerms))
		rows := min(wanted, ceil(s.filters(), 12))
		t.cut = partition{s.groups(), rows, max(ceil(wanted, rows), ceil(len(t.outputs), longest))}
		vectors := 0
		for i := range t.cut.positions {
			lo, hi := t.piece(i)
			vectors = max(vectors, hi-lo)
			t.rows = append(t.rows, s.flatRows(lo*Lanes, hi*Lanes))
		}
		t.scratch = mostRows(s.filters(), rows) * vectors * Lanes
	})
	return t
}

// piece returns the vectors of a piece.
func (t *flatTables) piece(i int) (lo, hi int) {
	return pieces(len(t.outputs), 4, t.cut.positions, i)
}

// flatRows returns what the flat outputs [from, end) have of the rows.
func (s ConvShape) flatRows(from, end int) (rows []flatRow) {
	for y := range s.OutH() {
		first := y * s.flatWidth()
		lo, hi := max(from, first), min(end, first+s.OutW())
		if lo < hi {
			rows = append(rows, flatRow{y*s.OutW() + lo - first, lo - from, hi - lo})
		}
	}
	return rows
}

// FlatInput returns how many elements FlattenImage fills.
func (p *ConvPlan) FlatInput() int { return p.Shape.Channels*p.Shape.flatPlane() + Lanes }

// FlatParts returns how many parts ConvForwardFlat computes an image in.
func (p *ConvPlan) FlatParts() int { return p.planFlat().cut.parts() }

// FlatScratch returns how many elements of scratch ConvForwardFlat needs.
func (p *ConvPlan) FlatScratch() int { return p.planFlat().scratch }

// FlattenImage stores the planes of an image with their padding.
func FlattenImage[T Float](p *ConvPlan, dst, x []T) {
	b := p.Shape.padded()
	wantLen("dst", len(dst), p.FlatInput())
	wantLen("x", len(x), b.image())
	clear(dst[:p.FlatInput()])
	b.rows(0, b.Channels, func(i, at, n int) { copy(dst[at/Lanes:][:n], x[i:]) })
}

// ConvForwardFlat is a part of the convolution of one image, which FlattenImage
// gave. Parts write to different elements of y, and each that runs at once with
// others needs scratch of its own.
func ConvForwardFlat[T Float](p *ConvPlan, part int, y, flat, w, bias, scratch []T, e Epilogue) {
	s := p.Shape
	wantLen("y", len(y), s.Filters*s.outputs())
	wantLen("flat", len(flat), p.FlatInput())
	wantLen("w", len(w), s.Filters*s.weights())
	if bias != nil {
		wantLen("bias", len(bias), s.Filters)
	}
	wantLen("scratch", len(scratch), p.FlatScratch())
	t := p.planFlat()
	group, row, position := t.cut.part(part)
	lo, hi := t.piece(position)
	o, end := pieces(s.filters(), 6, t.cut.rows, row)
	o, end = group*s.filters()+o, group*s.filters()+end
	width := (hi - lo) * Lanes
	c := chains[T]{
		lanes: Lanes, dst: scratch, dstRow: width, pos: t.outputs[:hi-lo],
		in: flat[group*s.channels()*s.flatPlane()+lo*Lanes:], taps: t.taps,
		w: w[o*s.weights():], wRow: s.weights(),
		then: e.orZero(),
	}
	if bias != nil {
		c.start = bias[o:]
	}
	c.runDeep(0, end-o, chainDepth)
	for outputs := s.outputs(); o < end; o++ {
		plane := y[o*outputs:][:outputs]
		for _, r := range t.rows[position] {
			copy(plane[r.to:r.to+r.n], scratch[r.from:])
		}
		scratch = scratch[width:]
	}
}
