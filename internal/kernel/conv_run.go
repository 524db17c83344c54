package kernel

import (
	"fmt"
	"unsafe"
)

// The three convolutions on blocks of images in the lanes. Each has a form
// that computes one of several parts, for parts to be computed at once.

// ForwardParts returns how many parts ConvForwardPart computes a block in.
func (p *ConvPlan) ForwardParts() int { return p.planForward().count() }

// InputParts returns how many parts ConvInputPart computes a block in.
func (p *ConvPlan) InputParts() int { return p.planInput().count() }

// WeightParts returns how many parts ConvWeightPart computes a block in.
func (p *ConvPlan) WeightParts() int { return p.planWeight().count() }

// ConvForwardLanes is ConvForward from a block X, whose border is not read, to a
// block Y, whose border is left as it is. The epilogue is applied to every
// output.
func ConvForwardLanes[T Float](p *ConvPlan, y, x, w, bias []T, e Epilogue) {
	for part := range p.ForwardParts() {
		ConvForwardPart(p, part, y, x, w, bias, e)
	}
}

// ConvForwardPart is a part of ConvForwardLanes. Parts write to different
// elements of y.
func ConvForwardPart[T Float](p *ConvPlan, part int, y, x, w, bias []T, e Epilogue) {
	s := p.Shape
	wantLen("y", len(y), p.Y.Len())
	wantLen("x", len(x), p.X.Len())
	wantLen("w", len(w), s.Filters*s.weights())
	if bias != nil {
		wantLen("bias", len(bias), s.Filters)
	}
	c := chains[T]{
		lanes: p.X.Images(), dst: y, dstRow: p.Y.Plane(), in: x, w: w, wRow: s.weights(), start: bias,
		then: e.orZero(),
	}
	c.runPart(p.planForward(), part, s.channels()*p.X.Plane(), s.filters()*s.weights())
}

// ConvInputLanes is ConvInput from a block Y, whose border is not read, to a
// block X, whose border is left as it is.
func ConvInputLanes[T Float](p *ConvPlan, dx, dy, w []T) {
	for part := range p.InputParts() {
		ConvInputPart(p, part, dx, dy, w, nil)
	}
}

// ConvInputPart is a part of ConvInputLanes. Parts write to different elements
// of dx. With a gate, in layout p.Gate, the gradient is 0 where it is not above 0.
func ConvInputPart[T Float](p *ConvPlan, part int, dx, dy, w, gate []T) {
	s := p.Shape
	wantLen("dx", len(dx), p.X.Len())
	wantLen("dy", len(dy), p.Y.Len())
	wantLen("w", len(w), s.Filters*s.weights())
	c := chains[T]{
		lanes: p.X.Images(), dst: dx, dstRow: p.X.Plane(), in: dy, w: w, wRow: s.kernel(),
	}
	if gate != nil {
		wantLen("gate", len(gate), p.Gate.Len())
		c.gate, c.gateRow = gate, p.Gate.Plane()
	}
	c.runPart(p.planInput(), part, s.filters()*p.Y.Plane(), s.filters()*s.weights())
}

// runPart computes a part. c has what there is of all groups, whose inputs and
// weights lie so far apart.
func (c *chains[T]) runPart(t *partTables, part, inGroup, wGroup int) {
	if t.depthwise == nil {
		group, lo, hi, stretches := t.part(part)
		g := c.group(group, t.rows, inGroup, wGroup)
		g.runStretches(stretches, lo, hi, chainDepth)
		return
	}
	lo, hi := t.depthwise.piece(part)
	if isFloat32[T]() && t.depthwise.fast((*chains[float32])(unsafe.Pointer(c)), inGroup, lo, hi) {
		return
	}
	for ; lo < hi; lo++ {
		g := c.group(lo, 1, inGroup, wGroup)
		for _, stretches := range t.parts {
			g.runStretches(stretches, 0, 1, chainDepth)
		}
	}
}

// group returns the chains of a group of rows.
func (c *chains[T]) group(group, rows, inGroup, wGroup int) chains[T] {
	g, first := *c, group*rows
	g.dst, g.in, g.w = c.dst[first*c.dstRow:], c.in[group*inGroup:], c.w[group*wGroup:]
	if c.start != nil {
		g.start = c.start[first:]
	}
	if c.gate != nil {
		g.gate = c.gate[first*c.gateRow:]
	}
	return g
}

// farPixels is how many output positions the weight gradient takes before it
// goes on to other filters, so that all that a part reads of them stays in the
// second cache.
const farPixels = 300

// nearPixels is how many of these it takes before it goes on to other weights,
// so that some filters' stay in the first cache.
const nearPixels = 56

// WeightLanesScratch returns how many elements of scratch ConvWeightLanes and
// ConvWeightPart need.
func (p *ConvPlan) WeightLanesScratch() int {
	if p.X.Images() == HalfLanes {
		return 0
	}
	t, widest := p.planWeight(), 0
	if t.depthwise != nil {
		return someChannels * p.Shape.weights() * Lanes
	}
	for _, piece := range t.pieces {
		widest = max(widest, piece.hi-piece.lo)
	}
	return mostRows(p.Shape.filters(), t.cut.rows) * widest * Lanes
}

// ConvWeightLanes is ConvWeight from blocks X, whose border is zero on the left
// and on the right, and Y, whose border is not read. The lanes from images on
// count as zero, whatever they hold. From blocks of 8 lanes, dw has the 8 numbers
// of each weight, which are half of those that SumHalves sums.
func ConvWeightLanes[T Float](p *ConvPlan, images int, dw, x, dy, scratch []T) {
	for part := range p.WeightParts() {
		ConvWeightPart(p, part, images, dw, x, dy, scratch)
	}
}

// ConvWeightPart is a part of ConvWeightLanes. Parts write to different elements
// of dw, and each that runs at once with others needs scratch of its own.
func ConvWeightPart[T Float](p *ConvPlan, part, images int, dw, x, dy, scratch []T) {
	s, lanes := p.Shape, p.X.Images()
	if images < 0 || images > lanes {
		panic(fmt.Sprintf("kernel: %d images in a block", images))
	}
	wantLen("dw", len(dw), s.Filters*s.weights()*perWeight(lanes))
	wantLen("x", len(x), p.X.Len())
	wantLen("dy", len(dy), p.Y.Len())
	wantLen("scratch", len(scratch), p.WeightLanesScratch())
	tables := p.planWeight()
	if tables.depthwise == nil {
		group, row, position := tables.cut.part(part)
		weightPart(p, group, row, position, images, dw, x, dy, scratch)
		return
	}
	lo, hi := tables.depthwise.piece(part)
	if isFloat32[T]() && tables.depthwise.fastWeights(p, images, asFloat32(dw), asFloat32(x), asFloat32(dy), asFloat32(scratch), lo, hi) {
		return
	}
	for ; lo < hi; lo++ {
		for position := range tables.cut.positions {
			weightPart(p, lo, 0, position, images, dw, x, dy, scratch)
		}
	}
}

// perWeight returns how many numbers a block of some lanes has for a weight.
func perWeight(lanes int) int {
	if lanes == HalfLanes {
		return lanes
	}
	return 1
}

// weightPart is ConvWeightPart for a piece of a group's filters, and of their weights.
func weightPart[T Float](p *ConvPlan, group, row, position, images int, dw, x, dy, scratch []T) {
	s, lanes, tables := p.Shape, p.X.Images(), p.planWeight()
	half := lanes == HalfLanes
	o, end := pieces(s.filters(), 6, tables.cut.rows, row)
	piece := &tables.pieces[position]
	first, width := group*s.filters()+o, (piece.hi-piece.lo)*lanes
	dw = dw[(first*s.weights()+piece.lo)*perWeight(lanes):]
	c := chains[T]{
		lanes: lanes, dst: scratch, dstRow: width,
		in: x[group*s.channels()*p.X.Plane():],
		w:  dy[first*p.Y.Plane():], wRow: p.Y.Plane(), wLanes: true,
	}
	if half {
		c.dst, c.dstRow = dw, s.weights()*lanes
	}
	far := ceil(len(tables.pixels), farPixels)
	for i := range far {
		from, to := pieces(len(tables.pixels), 1, far, i)
		c.addPixels(end-o, piece.stretches, tables.pixels, from, to)
	}
	for m := range end - o {
		sums := c.dst[m*c.dstRow:][:width]
		ClearLanes(sums, lanes, images)
		if !half {
			SumLanes(dw[m*s.weights():][:width/lanes], sums)
		}
	}
}

// addPixels goes on with the chains of all rows by the pixels [from, to).
func (c *chains[T]) addPixels(rows int, stretches []weightStretch, pixels []tap, from, to int) {
	near := ceil(to-from, nearPixels)
	for m := 0; m < rows; {
		n := chainRows(rows-m, len(stretches), true, c.lanes)
		for i := range near {
			lo, hi := pieces(to-from, 1, near, i)
			for _, r := range stretches {
				c.addTo(&r, pixels, from+lo, from+hi, m, n)
			}
		}
		m += n
	}
}

// addTo adds those of the pixels [from, to) that some weights have to do with to
// the chains of n rows.
func (c *chains[T]) addTo(r *weightStretch, pixels []tap, from, to, m, n int) {
	lo, hi := max(from, r.from), min(to, r.to)
	if lo >= hi && (from > 0 || r.from < r.to) { // what no pixel has to do with begins at zero all the same
		return
	}
	c.pos, c.taps, c.goOn = r.weights, pixels[lo:max(lo, hi)], lo > r.from
	c.band(m, n)
}

// ClearLanes zeroes the lanes of each vector from the given one on.
func ClearLanes[T Float](sums []T, lanes, from int) {
	if from == lanes {
		return
	}
	for ; len(sums) > 0; sums = sums[lanes:] {
		clear(sums[from:lanes])
	}
}
