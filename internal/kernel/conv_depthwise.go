package kernel

// Where each channel is convolved by itself, with one filter, there is little work
// to a channel: the micro-kernel of all convolutions would be started anew for every
// few positions of it. Kernels three wide and without dilation along the width have
// loops of their own, which go through the rows of many channels. The bits are the
// same.

// depthwiseTables say where the rows of a channel read and write.
type depthwiseTables struct {
	kind         depthwiseKind
	channels     int
	rows         []depthwiseRow
	narrow, wide []columnRun // of up to narrowRun and wideRun columns
	outputs      int         // of a channel
	left, right  bool        // the first column of all that are read is padding, the last is
	odd          bool        // the last of the columns that are computed in pairs is none
	reads, pair  int         // columns to the next group, of what is read and of what is written
	inRow        int         // from one row of taps to the next
}

type depthwiseKind int

const (
	depthwiseForward depthwiseKind = iota
	depthwiseForwardStride
	depthwiseInput
	depthwiseInputStride
	depthwiseWeights
	depthwiseWeightsStride
	depthwiseKinds
)

// depthwiseRow is where a row reads, is stored and is gated, its first tap, and how
// many rows of taps it has.
type depthwiseRow struct{ in, dst, gate, w, taps int32 }

// columnRun is columns of a row: so many times n, from the first.
type columnRun struct{ first, n, repeats int }

// depthwise reports whether each channel has a filter of its own, with a kernel that
// there are loops for.
func (s ConvShape) depthwise() bool {
	return s.groups() == s.Channels && s.Channels == s.Filters && s.KernelW == 3 && s.dilationW() == 1 && s.StrideW <= 2
}

// edges reports whether the first column lacks its tap that reads furthest to the
// left, and the last the one that reads furthest to the right, or false where columns
// lack more. taps has those of a column.
func edges(columns int, leftmost int, taps func(x int) reach) (left, right, ok bool) {
	lacks := func(x, tap int) bool { r := taps(x); return tap < r.first || tap >= r.end }
	rightmost := 2 - leftmost
	for x := range columns {
		if lacks(x, 1) || x > 0 && lacks(x, leftmost) || x < columns-1 && lacks(x, rightmost) {
			return false, false, false
		}
	}
	return lacks(0, leftmost), lacks(columns-1, rightmost), true
}

// depthwiseForward returns the tables of the convolution, or nil.
func (p *ConvPlan) depthwiseForward() *depthwiseTables {
	s := p.Shape
	if !s.depthwise() {
		return nil
	}
	left, right, ok := edges(s.OutW(), 0, s.across().inputsOf)
	if !ok {
		return nil
	}
	t := &depthwiseTables{kind: depthwiseForward, left: left, right: right, reads: s.StrideW, pair: 1, inRow: s.dilationH() * p.X.row()}
	if s.StrideW == 2 {
		t.kind = depthwiseForwardStride
	}
	for y := range s.OutH() {
		ky := s.down().inputsOf(y)
		t.rows = append(t.rows, depthwiseRow{
			in:  int32(p.X.Offset(0, y*s.StrideH-s.PadH+ky.first*s.dilationH(), -s.PadW)),
			dst: int32(p.Y.Offset(0, y, 0)),
			w:   int32(3 * ky.first), taps: int32(ky.end - ky.first),
		})
	}
	t.cut(s.Channels, s.OutW())
	return t
}

// depthwiseInput returns the tables of the input's gradient, or nil.
func (p *ConvPlan) depthwiseInput() *depthwiseTables {
	s := p.Shape
	if !s.depthwise() || s.StrideH != s.StrideW || s.dilationH() != 1 {
		return nil
	}
	if s.StrideW == 2 {
		return p.depthwiseInputStride()
	}
	left, right, ok := edges(s.Width, 2, s.across().tapsOf)
	if !ok {
		return nil
	}
	t := &depthwiseTables{kind: depthwiseInput, left: left, right: right, reads: 1, pair: 1, inRow: -p.Y.row()}
	for y := range s.Height {
		ky := s.down().tapsOf(y)
		t.rows = append(t.rows, depthwiseRow{
			in:  int32(p.Y.Offset(0, y+s.PadH-ky.first, s.PadW-2)),
			dst: int32(p.X.Offset(0, y, 0)), gate: int32(p.Gate.Offset(0, y, 0)),
			w: int32(3 * ky.first), taps: int32(ky.end - ky.first),
		})
	}
	t.cut(s.Channels, s.Width)
	return t
}

// depthwiseInputStride is depthwiseInput with a stride of 2: of a pair of columns,
// the first has the kernel's middle tap, and the second the outer ones.
func (p *ConvPlan) depthwiseInputStride() *depthwiseTables {
	s := p.Shape
	if s.PadW != 1 {
		return nil
	}
	columns := ceil(s.Width, 2)
	t := &depthwiseTables{kind: depthwiseInputStride, right: s.OutW() == columns, odd: s.Width%2 == 1, reads: 1, pair: 2, inRow: -p.Y.row()}
	down := s.down()
	for y := range s.Height {
		ky := down.tapsOf(y)
		t.rows = append(t.rows, depthwiseRow{
			in:  int32(p.Y.Offset(0, (y+s.PadH-ky.first)/2, 0)),
			dst: int32(p.X.Offset(0, y, 0)), gate: int32(p.Gate.Offset(0, y, 0)),
			w: int32(3 * ky.first), taps: int32(ceil(ky.end-ky.first, 2)),
		})
	}
	t.cut(s.Channels, columns)
	return t
}

// depthwiseWeight returns the tables of the gradient of the weights, or nil.
func (p *ConvPlan) depthwiseWeight() *depthwiseTables {
	s := p.Shape
	if !s.depthwise() || s.KernelH != 3 {
		return nil
	}
	t := &depthwiseTables{kind: depthwiseWeights, inRow: s.dilationH() * p.X.row()}
	if s.StrideW == 2 {
		t.kind = depthwiseWeightsStride
	}
	for y := range s.OutH() {
		ky := s.down().inputsOf(y)
		if ky == (reach{}) {
			continue
		}
		t.rows = append(t.rows, depthwiseRow{
			in:  int32(p.X.Offset(0, y*s.StrideH-s.PadH+ky.first*s.dilationH(), -s.PadW)),
			dst: int32(p.Y.Offset(0, y, 0)),
			w:   int32(3 * ky.first), taps: int32(ky.end - ky.first),
		})
	}
	if len(t.rows) == 0 {
		return nil
	}
	t.cut(s.Channels, s.OutW())
	return t
}

// count returns how many parts there are.
func (t *weightTables) count() int {
	if t.depthwise != nil {
		return t.depthwise.pieces()
	}
	return t.cut.parts()
}

// someChannels is how many channels' gradients of weights are summed at a time.
const someChannels = 8

// How many columns the loops compute at a time, at most: as many as the registers
// of the path can hold.
const (
	narrowRun = 4
	wideRun   = 8
)

// cut cuts columns into runs.
func (t *depthwiseTables) cut(channels, columns int) {
	t.channels, t.outputs = channels, len(t.rows)*columns
	t.narrow, t.wide = columnRuns(columns, narrowRun), columnRuns(columns, wideRun)
}

// columnRuns cuts columns into groups of up to most, about equal.
func columnRuns(columns, most int) (runs []columnRun) {
	groups := ceil(columns, most)
	n, more := columns/groups, columns%groups // so many groups have one more
	if more > 0 {
		runs = append(runs, columnRun{0, n + 1, more})
	}
	return append(runs, columnRun{more * (n + 1), n, groups - more})
}

// pieces returns how many pieces the channels are cut in, to be computed at once: of
// inputs that fit the second cache, and few, but enough for the processors.
func (t *depthwiseTables) pieces() int {
	terms := 9 * t.outputs * t.channels
	return max(1, min(manyParts, t.channels, terms/partTerms))
}

// piece returns the channels of a piece.
func (t *depthwiseTables) piece(i int) (lo, hi int) { return pieces(t.channels, 1, t.pieces(), i) }

// someOutputs is how many outputs a loop computes before it goes on to the other
// columns of the channels: their inputs stay in the first cache.
const someOutputs = 512

// eachRun calls do for some of the channels from lo up to hi, and some rows of them,
// at a time.
func (t *depthwiseTables) eachRun(lo, hi int, do func(channel, channels int, rows []depthwiseRow)) {
	perRow := t.outputs / len(t.rows)
	rows, some := min(len(t.rows), max(4, someOutputs/perRow)), max(1, someOutputs/t.outputs)
	for channel := lo; channel < hi; channel += some {
		for y := 0; y < len(t.rows); y += rows {
			do(channel, min(some, hi-channel), t.rows[y:min(y+rows, len(t.rows))])
		}
	}
}
