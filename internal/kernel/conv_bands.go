package kernel

import (
	"fmt"
	"sync"
)

// Where 16 images are larger than the second cache, a convolution goes down
// bands of rows, strip by strip: it converts the rows that a strip needs and
// the strip before had not, convolves, and converts what came out back. So
// blocks never travel to memory. Bands can be computed at once.

var (
	stripBytes = 3 << 19 // of the second cache, for the inputs and outputs of a strip
	stripDepth = 640     // taps computed before going on to the next positions
	stripChans = 12      // channels of results computed before they are converted
	manyBands  = 8       // of a block, for the processors' sake
)

// bandTables say how the rows of images become rows of results.
type bandTables struct {
	once     sync.Once
	src, dst Block // in scratch: a ring of as many rows as a strip needs, and the rows of a strip
	bands    [][]strip
}

// A strip is some rows of results.
type strip struct {
	load, loaded int // rows of images to convert first
	row, end     int // rows of results
	work         []stretch
}

// stripRows returns how many rows of results a strip has, where n rows need
// need(n) rows of sources, or 0 where the whole is too small for bands.
func stripRows(src, dst Block, need func(n int) int) int {
	n := 1
	for need(n+1)*src.Channels*src.row()+(n+1)*dst.Channels*dst.row() <= stripBytes/4 && n < dst.Height {
		n++
	}
	if ceil(dst.Height, n) < 2*manyBands {
		return 0
	}
	return n
}

// cutBands cuts the rows of results into bands of strips. needs returns the rows
// of sources that a range of results needs.
func (t *bandTables) cutBands(src, dst Block, rows int, needs func(row, end int) (load, loaded int)) {
	t.src, t.dst = src, dst
	t.src.Height, t.src.Top, t.src.Bottom = 1, 0, 0
	t.dst.Height = rows
	t.dst.Channels = stripChans
	for i := range manyBands {
		lo, hi := pieces(dst.Height, 1, manyBands, i)
		count := ceil(hi-lo, rows)
		var strips []strip
		for j := range count {
			row, end := pieces(hi-lo, 1, count, j)
			load, loaded := needs(lo+row, lo+end)
			t.src.Height = max(t.src.Height, loaded-load)
			if j > 0 {
				load = max(load, strips[j-1].loaded)
			}
			strips = append(strips, strip{load: load, loaded: max(load, loaded), row: lo + row, end: lo + end})
		}
		t.bands = append(t.bands, strips)
	}
}

// ring returns the row of a ring block that holds a row of the images.
func ring(b Block, row int) int {
	row %= b.Height
	if row < 0 {
		row += b.Height
	}
	return row
}

// scratch returns how many elements of scratch a band needs.
func (t *bandTables) scratch() int { return t.src.Len() + t.dst.Len() + alignSlack }

func (p *ConvPlan) planForwardBands() *bandTables {
	t := &p.forwardBands
	t.once.Do(func() {
		s := p.Shape
		rows := stripRows(s.X(), s.Y(), func(rows int) int { return (rows-1)*s.StrideH + s.extentH() })
		if rows == 0 {
			return
		}
		t.cutBands(s.X(), s.Y(), rows, func(row, end int) (load, loaded int) {
			load = min(max(0, row*s.StrideH-s.PadH), s.Height)
			return load, max(load, min((end-1)*s.StrideH-s.PadH+s.extentH(), s.Height))
		})
		t.plan(s.OutW(), func(y, x int) (at ringSpan, in int) {
			return ringSpan{s.forwardSpan(y, x), ring(t.src, y*s.StrideH-s.PadH)}, t.src.Offset(0, 0, x*s.StrideW-s.PadW)
		}, func(at ringSpan) []tap {
			return s.forwardTaps(t.src, at.span, func(down int) int { return ring(t.src, at.row+down) })
		})
	})
	return t
}

func (p *ConvPlan) planInputBands() *bandTables {
	t := &p.inputBands
	t.once.Do(func() {
		s := p.Shape
		rows := stripRows(s.Y(), s.X(), func(rows int) int { return ceil(rows+s.extentH()-1, s.StrideH) })
		if rows == 0 {
			return
		}
		down, across := s.down(), s.across()
		t.cutBands(s.Y(), s.X(), rows, func(row, end int) (load, loaded int) {
			load = min(max(0, ceil(row+s.PadH-s.extentH()+1, s.StrideH)), s.OutH())
			return load, max(load, min((end-1+s.PadH)/s.StrideH+1, s.OutH()))
		})
		t.plan(s.Width, func(y, x int) (at ringSpan, in int) {
			return ringSpan{s.inputSpan(y, x), ring(t.src, down.firstOutput(y))}, t.src.Offset(0, 0, across.firstOutput(x))
		}, func(at ringSpan) []tap {
			return s.inputTaps(t.src, at.span, func(up int) int { return ring(t.src, at.row-up) })
		})
	})
	return t
}

// ringSpan is the taps that a place has to do with, and the ring's row that they
// are counted from.
type ringSpan struct {
	span
	row int
}

// plan gathers the places of each strip, which has rows of the given width. find
// returns the taps of a place and where it reads.
func (t *bandTables) plan(width int, find func(y, x int) (at ringSpan, in int), tapsOf func(at ringSpan) []tap) {
	known := map[ringSpan][]tap{}
	for _, strips := range t.bands {
		for i := range strips {
			c := &strips[i]
			var all places[ringSpan]
			eachPlace(c.end-c.row, width, func(row, x int) {
				at, in := find(c.row+row, x)
				all.add(at, position{in: int32(in), dst: int32(t.dst.Offset(0, row, x))})
			})
			c.work = all.stretches(func(at ringSpan) []tap {
				if known[at] == nil {
					known[at] = tapsOf(at)
				}
				return known[at]
			})
		}
	}
}

// ForwardBands returns how many bands ConvForwardBand computes 16 images in, or
// 0 where ConvForward serves them better.
func (p *ConvPlan) ForwardBands() int { return len(p.planForwardBands().bands) }

// ForwardBandScratch returns how many elements of scratch ConvForwardBand needs.
func (p *ConvPlan) ForwardBandScratch() int { return p.planForwardBands().scratch() }

// ConvForwardBand is a band of ConvForward. Bands write to different elements of
// y, and each that runs at once with others needs scratch of its own.
func ConvForwardBand[T Float](p *ConvPlan, band, images int, y, x, w, bias, scratch []T, e Epilogue) {
	s := p.Shape
	wantLen("w", len(w), s.Filters*s.weights())
	if bias != nil {
		wantLen("bias", len(bias), s.Filters)
	}
	r := bandRun[T]{
		bandTables: p.planForwardBands(), images: images, groups: s.groups(), rows: s.filters(),
		src: imageRows[T]{x, s.Channels, s.Height, s.Width}, dst: imageRows[T]{y, s.Filters, s.OutH(), s.OutW()},
	}
	r.run(band, chains[T]{lanes: Lanes, w: w, wRow: s.weights(), start: bias, then: e.orZero()}, scratch)
}

// InputBands returns how many bands ConvInputBand computes 16 images in, or 0
// where ConvInput serves them better.
func (p *ConvPlan) InputBands() int { return len(p.planInputBands().bands) }

// InputBandScratch returns how many elements of scratch ConvInputBand needs.
func (p *ConvPlan) InputBandScratch() int { return p.planInputBands().scratch() }

// ConvInputBand is a band of ConvInput. Bands write to different elements of dx,
// and each that runs at once with others needs scratch of its own.
func ConvInputBand[T Float](p *ConvPlan, band, images int, dx, dy, w, scratch []T) {
	s := p.Shape
	wantLen("w", len(w), s.Filters*s.weights())
	r := bandRun[T]{
		bandTables: p.planInputBands(), images: images, groups: s.groups(), rows: s.channels(),
		src: imageRows[T]{dy, s.Filters, s.OutH(), s.OutW()}, dst: imageRows[T]{dx, s.Channels, s.Height, s.Width},
	}
	r.run(band, chains[T]{lanes: Lanes, w: w, wRow: s.kernel()}, scratch)
}

// bandRun is the work on the bands of up to 16 images.
type bandRun[T Float] struct {
	*bandTables
	images       int
	groups, rows int // rows of weights of each group
	src, dst     imageRows[T]
}

// run computes a band by the given chains.
func (r *bandRun[T]) run(band int, c chains[T], scratch []T) {
	r.src.check(r.images)
	r.dst.check(r.images)
	wantLen("scratch", len(scratch), r.scratch())
	scratch = aligned(scratch)
	from, to := cut(&scratch, r.bandTables.src.Len()), cut(&scratch, r.bandTables.dst.Len())
	for _, s := range r.bands[band] {
		r.src.load(r.bandTables.src, from, r.images, s.load, s.loaded)
		for m := 0; m < r.groups*r.rows; {
			g := m / r.rows
			n := min(stripChans, (g+1)*r.rows-m)
			r.some(c, m, n, s.work, to, from[g*r.bandTables.src.Len()/r.groups:])
			r.dst.store(r.bandTables.dst, to, r.images, m, n, s.row, s.end)
			m += n
		}
	}
}

// some computes the chains of some rows of weights.
func (r *bandRun[T]) some(c chains[T], first, rows int, work []stretch, to, from []T) {
	c.dst, c.dstRow = to, r.bandTables.dst.Plane()
	c.in = from
	g := first / r.rows
	c.w = c.w[g*len(c.w)/r.groups+first%r.rows*c.wRow:]
	if c.start != nil {
		c.start = c.start[first:]
	}
	c.runStretches(work, 0, rows, stripDepth)
}

// imageRows are images, [Channels][Height][Width] each, one after the other.
type imageRows[T Float] struct {
	data                    []T
	channels, height, width int
}

func (m imageRows[T]) image() int { return m.channels * m.height * m.width }

// check panics unless there are so many images, of at most 16.
func (m imageRows[T]) check(images int) {
	if images < 0 || images > Lanes || len(m.data) < images*m.image() {
		panic(fmt.Sprintf("kernel: %d images of %d elements in %d", images, m.image(), len(m.data)))
	}
}

// load fills a ring from the images' rows [lo, hi).
func (m imageRows[T]) load(b Block, block []T, images, lo, hi int) {
	for c := range m.channels {
		if c+1 < m.channels {
			m.prefetch(images, c+1, lo, hi)
		}
		for y := lo; y < hi; y++ {
			at := b.Offset(c, ring(b, y), 0)
			if images < Lanes {
				clear(block[at : at+b.row()])
			}
			if images > 0 {
				Transpose(block[at:], Lanes, m.data[(c*m.height+y)*m.width:], m.image(), images, m.width)
			}
		}
	}
}

// store stores the block's first rows as the images' rows [lo, hi) of n channels
// from the given one on.
func (m imageRows[T]) store(b Block, block []T, images, first, n, lo, hi int) {
	if images == 0 {
		return
	}
	for c := range n {
		m.prefetch(images, first+c, lo, hi)
		Transpose(m.data[((first+c)*m.height+lo)*m.width:], m.image(), block[b.Offset(c, 0, 0):], Lanes, (hi-lo)*m.width, images)
	}
}

// prefetch fetches the rows [lo, hi) of a channel into the cache, all at once:
// as short as they are, and far from each other, the processor fetches one after
// the other by itself.
func (m imageRows[T]) prefetch(images, channel, lo, hi int) {
	if images > 0 && lo < hi {
		prefetch(m.data[(channel*m.height+lo)*m.width:], m.image(), images, (hi-lo)*m.width)
	}
}
