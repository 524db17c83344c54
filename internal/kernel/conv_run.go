package kernel

import "fmt"

// The three convolutions on blocks of images in the lanes. Each has a form
// that computes one of several parts, for parts to be computed at once.

// ForwardParts returns how many parts ConvForwardPart computes a block in.
func (p *ConvPlan) ForwardParts() int { return p.planForward().count() }

// InputParts returns how many parts ConvInputPart computes a block in.
func (p *ConvPlan) InputParts() int { return p.planInput().count() }

// WeightParts returns how many parts ConvWeightPart computes a block in.
func (p *ConvPlan) WeightParts() int { return p.planWeight().cut.parts() }

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
	group, lo, hi, stretches := p.planForward().part(part)
	first := group * s.filters()
	c := chains[T]{
		lanes: p.X.Images(), dst: y[first*p.Y.Plane():], dstRow: p.Y.Plane(),
		in: x[group*s.channels()*p.X.Plane():],
		w:  w[first*s.weights():], wRow: s.weights(),
		then: e.orZero(),
	}
	if bias != nil {
		c.start = bias[first:]
	}
	c.runStretches(stretches, lo, hi, chainDepth)
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
	group, lo, hi, stretches := p.planInput().part(part)
	first := group * s.filters()
	c := chains[T]{
		lanes: p.X.Images(), dst: dx[group*s.channels()*p.X.Plane():], dstRow: p.X.Plane(),
		in: dy[first*p.Y.Plane():],
		w:  w[first*s.weights():], wRow: s.kernel(),
	}
	if gate != nil {
		wantLen("gate", len(gate), p.Gate.Len())
		c.gate, c.gateRow = gate[group*s.channels()*p.Gate.Plane():], p.Gate.Plane()
	}
	c.runStretches(stretches, lo, hi, chainDepth)
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
	half := lanes == HalfLanes
	perWeight := 1
	if half {
		perWeight = lanes
	}
	wantLen("dw", len(dw), s.Filters*s.weights()*perWeight)
	wantLen("x", len(x), p.X.Len())
	wantLen("dy", len(dy), p.Y.Len())
	wantLen("scratch", len(scratch), p.WeightLanesScratch())
	tables := p.planWeight()
	group, row, position := tables.cut.part(part)
	o, end := pieces(s.filters(), 6, tables.cut.rows, row)
	piece := &tables.pieces[position]
	first, width := group*s.filters()+o, (piece.hi-piece.lo)*lanes
	dw = dw[(first*s.weights()+piece.lo)*perWeight:]
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
