package kernel

// planeStrip is a strip of a plane, a vector wide: where its first row reads and is
// stored, how many rows it has, and the lanes that each column of taps reaches, those
// that are stored, and of pairs, those of the last row.
type planeStrip struct {
	in, dst, rows, flags int32
	has                  [3]uint16
	stored               [4]uint16
	_                    uint16
}

// The bits of a strip's flags.
const (
	stripTop    = 1 << iota // the first row lacks the taps that read the uppermost row
	stripBottom             // the last row lacks those that read the lowest
	stripFetch              // the next plane is fetched meanwhile
)

// stripElements is about how many elements strips read before the next ones begin
// further down, so that what two strips read stays in the first cache.
const stripElements = 1 << 12

// fetchElements is how many elements planes have at least that are fetched ahead.
const fetchElements = 1 << 11

// planForwardPlanes makes the tables of ConvForwardPlanes.
func (p *ConvPlan) planForwardPlanes() *planeTables {
	t := &p.forwardPlanes
	t.once.Do(func() {
		s := p.Shape
		in, out := plane{s.Height, s.Width}, plane{s.OutH(), s.OutW()}
		if s.planes() {
			t.strips(out, in, s.StrideW, s.PadH, s.PadW)
		}
		if s.narrow() {
			t.narrow(out)
		}
	})
	return t
}

// planInputPlanes makes the tables of ConvInputPlanes.
func (p *ConvPlan) planInputPlanes() *planeTables {
	t := &p.inputPlanes
	t.once.Do(func() {
		s := p.Shape
		in, out := plane{s.OutH(), s.OutW()}, plane{s.Height, s.Width}
		switch {
		case !s.planes():
		case s.StrideW == 1:
			t.strips(out, in, 1, 2-s.PadH, 2-s.PadW)
		case s.PadH == 1 && s.PadW == 1:
			t.pairs(out, in)
		}
		if s.narrow() {
			t.narrow(out)
		}
	})
	return t
}

// planes reports whether there are kernels for the shape, but for its paddings.
func (s ConvShape) planes() bool {
	return s.depthwise() && s.KernelH == 3 && s.dilationH() == 1 && s.StrideH == s.StrideW
}

// narrow reports whether a vector may be several rows.
func (s ConvShape) narrow() bool {
	return s.planes() && s.StrideW == 1 && s.PadH == 1 && s.PadW == 1 && 2*s.Width <= Lanes
}

type plane struct{ height, width int }

// fetch returns stripFetch for planes that are so large that going down a strip goes
// through too much of them for the processor to foresee it.
func (p plane) fetch() int32 {
	if p.height*p.width > fetchElements {
		return stripFetch
	}
	return 0
}

// strips cuts a plane into strips. An element reads three lines of three elements, the
// first of which begins some rows above it and columns to its left.
func (t *planeTables) strips(out, in plane, stride, above, left int) {
	missing := func(y, line int) bool {
		y = y*stride - above + line
		return y < 0 || y >= in.height
	}
	for y := range out.height {
		if missing(y, 1) || y > 0 && missing(y, 0) || y < out.height-1 && missing(y, 2) {
			return // no loops have so much padding
		}
	}
	t.form, t.inRow, t.dstRow = planeStrips, in.width, out.width
	rows := max(1, stripElements/(stride*in.width))
	for y := 0; y < out.height; y += rows {
		n := min(rows, out.height-y)
		flags := in.fetch()
		if missing(y, 0) {
			flags |= stripTop
		}
		if missing(y+n-1, 2) {
			flags |= stripBottom
		}
		strip := func(x, lanes int) planeStrip {
			s := planeStrip{in: int32((y*stride-above)*in.width + x*stride - left), dst: int32(y*out.width + x), rows: int32(n), flags: flags}
			s.mark(lanes, x, stride, left, out, in)
			return s
		}
		for x := 0; x < out.width; x += Lanes {
			t.add(strip(x, Lanes), in, stride, 2+(Lanes-1)*stride+1)
		}
		for x := 0; x < out.width && stride == 1; x += HalfLanes {
			t.halves = append(t.halves, strip(max(0, min(x, out.width-HalfLanes)), HalfLanes)) // no store past a row
		}
	}
}

// mark sets the masks of a strip's lanes, from column x on.
func (s *planeStrip) mark(lanes, x, stride, left int, out, in plane) {
	for lane := range min(lanes, out.width-x) {
		s.stored[0] |= 1 << lane
		for i := range s.has {
			if at := (x+lane)*stride - left + i; at >= 0 && at < in.width {
				s.has[i] |= 1 << lane
			}
		}
	}
}

// add adds a strip, whose lines are so long that it loads.
func (t *planeTables) add(s planeStrip, in plane, stride, line int) {
	t.strip = append(t.strip, s)
	first, last := 0, (int(s.rows)-1)*stride+2
	if s.flags&stripTop != 0 {
		first++
	}
	if s.flags&stripBottom != 0 {
		last--
	}
	t.around(int(s.in)+first*in.width, int(s.in)+last*in.width+line, in)
}

// around notes that the elements [lo, hi) are loaded.
func (t *planeTables) around(lo, hi int, in plane) {
	t.before, t.after = max(t.before, -lo), max(t.after, hi-in.height*in.width)
}

// pairs cuts the gradient of an input with a stride of 2 and a padding of 1 into strips
// of 16 columns of what is read, and rows of it.
func (t *planeTables) pairs(out, in plane) {
	t.form, t.inRow, t.dstRow = planeStrips, in.width, out.width
	for x := 0; x < in.width; x += Lanes {
		s := planeStrip{in: int32(x), dst: int32(2 * x), rows: int32(in.height), flags: in.fetch() | stripBottom}
		for i := range min(2*Lanes, out.width-2*x) {
			pair, half := uint16(1)<<(i/2), uint16(1)<<(i%Lanes)
			s.stored[i/Lanes] |= half
			if out.height%2 == 0 {
				s.stored[2+i/Lanes] |= half
			}
			switch {
			case i%2 == 0:
				s.has[1] |= pair
			case x+i/2+1 < in.width:
				s.has[0] |= pair
				fallthrough
			default:
				s.has[2] |= pair
			}
		}
		t.strip = append(t.strip, s)
		t.around(x, (in.height-1)*in.width+x+Lanes+1, in)
	}
}

// narrow cuts a plane into vectors of whole rows.
func (t *planeTables) narrow(p plane) {
	rows := Lanes / p.width
	t.form, t.step = planeNarrow, rows*p.width
	t.vectors = ceil(p.height, rows)
	last := (t.vectors - 1) * rows
	for lane := range t.step {
		y, x, bit := lane/p.width, lane%p.width, uint16(1)<<lane
		for i, has := range []bool{x > 0, x < p.width-1, y > 0, last+y < p.height-1, last+y < p.height} {
			if has {
				t.edges[i] |= bit
			}
		}
	}
	t.around(-p.width-1, last*p.width+p.width+Lanes, p)
}
