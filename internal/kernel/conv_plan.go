package kernel

import (
	"fmt"
	"math"
	"sync"
)

// ConvPlan holds what a convolution of one shape needs besides its numbers:
// the layouts of its blocks, and where every tap reads. Goroutines may share
// it. The tables of each convolution are made when first used.
type ConvPlan struct {
	Shape ConvShape
	X     Block // the input, or its gradient
	Y     Block // the output, or its gradient
	Gate  Block // what gates the input's gradient, if anything does: to be set before use

	// Images that lie in rows and columns begin so far apart, which is more than their
	// size where they are some of the channels of others: to be set before use.
	XStep, YStep int

	forward partTables
	input   partTables
	weight  weightTables
	flat    flatTables

	forwardBands, inputBands   bandTables
	forwardPlanes, inputPlanes planeTables

	forwardTiles, inputTiles tiling
	weightTiles              weightTiling
}

// partTables say where each part of a convolution reads and writes.
type partTables struct {
	once      sync.Once
	groups    int
	rows      int         // of weights, of each group
	rowPieces int         // that the rows are cut in
	parts     [][]stretch // that the places are dealt out to

	depthwise *depthwiseTables // nil where there is none
}

// A stretch is places that the same taps reach: of one distance from the edges
// and, for the gradient of the input, one phase of the stride.
type stretch struct {
	places []position
	taps   []tap
}

// weightTables say where the gradient of the weights reads and writes.
type weightTables struct {
	once   sync.Once
	cut    partition
	pieces []weightPiece
	pixels []tap // one an output

	depthwise *depthwiseTables // nil where there is none
}

// weightPiece is the weights [lo, hi) of a filter, by what reaches them.
type weightPiece struct {
	lo, hi    int
	stretches []weightStretch
}

// weightStretch is weights, stored at a place counted from the piece's first, that
// the pixels [from, to) have to do with: those of others lie in rows of padding.
type weightStretch struct {
	weights  []position
	from, to int
}

// NewConvPlan returns the plan of a convolution between blocks of the layouts x
// (of the input, or its gradient) and y (of the output, or its gradient), which
// may have any borders: s.PaddedX and s.Y for the gradient of the weights, s.X
// and s.Y for all else need least. It panics where the shape has no output, a
// layout is one of other images, or 32 bits cannot count the elements of a block.
func NewConvPlan(s ConvShape, x, y Block) *ConvPlan {
	s.check()
	if x.inner() != s.X().inner() || y.inner() != s.Y().inner() || x.Images() != y.Images() {
		panic(fmt.Sprintf("kernel: convolution %+v between blocks %+v and %+v", s, x, y))
	}
	if max(x.Len(), y.Len(), s.Filters*s.weights()) > math.MaxInt32 {
		panic(fmt.Sprintf("kernel: convolution too large for 32-bit offsets: %+v", s))
	}
	return &ConvPlan{Shape: s, X: x, Y: y, XStep: x.image(), YStep: y.image()}
}

func (p *ConvPlan) planForward() *partTables {
	t := &p.forward
	t.once.Do(func() {
		s := p.Shape
		var all places[span]
		eachPlace(s.OutH(), s.OutW(), func(y, x int) {
			all.add(s.forwardSpan(y, x), position{
				in:  int32(p.X.Offset(0, y*s.StrideH-s.PadH, x*s.StrideW-s.PadW)),
				dst: int32(p.Y.Offset(0, y, x)),
			})
		})
		t.depthwise = p.depthwiseForward()
		stretches := all.stretches(func(at span) []tap {
			return s.forwardTaps(p.X, at, func(down int) int { return down })
		})
		t.deal(s, s.filters(), stretches, func(r stretch) int {
			return mostPlaces(p.X, s.channels(), r, s.extentH(), s.StrideH, s.OutW())
		})
	})
	return t
}

func (p *ConvPlan) planWeight() *weightTables {
	t := &p.weight
	if need := p.Shape.PaddedX(); p.X.Left < need.Left || p.X.Right < need.Right {
		panic(fmt.Sprintf("kernel: gradient of weights wants an input %+v, got %+v", need, p.X))
	}
	t.once.Do(func() {
		s := p.Shape
		t.cut, t.depthwise = s.cutWeight(), p.depthwiseWeight()
		for i := range t.cut.positions {
			lo, hi := pieces(s.weights(), 4, t.cut.positions, i)
			t.pieces = append(t.pieces, p.weightPiece(lo, hi))
		}
		origin := p.X.Offset(0, 0, 0)
		eachPlace(s.OutH(), s.OutW(), func(y, x int) {
			t.pixels = append(t.pixels, tap{
				in: int32(p.X.Offset(0, y*s.StrideH, x*s.StrideW) - origin),
				w:  int32(p.Y.Offset(0, y, x)),
			})
		})
	})
	return t
}

// weightPiece returns the weights [lo, hi) of a filter as a piece.
func (p *ConvPlan) weightPiece(lo, hi int) weightPiece {
	s := p.Shape
	var all places[reach]
	s.eachWeight(func(i, c, ky, kx int) {
		if i < lo || i >= hi {
			return
		}
		all.add(s.down().outputsOf(ky), position{
			in:  int32(p.X.Offset(c, ky*s.dilationH()-s.PadH, kx*s.dilationW()-s.PadW)),
			dst: int32((i - lo) * p.X.Images()),
		})
	})
	piece := weightPiece{lo: lo, hi: hi}
	for i, rows := range all.keys {
		piece.stretches = append(piece.stretches, weightStretch{all.groups[i], rows.first * s.OutW(), rows.end * s.OutW()})
	}
	return piece
}

func (p *ConvPlan) planInput() *partTables {
	t := &p.input
	t.once.Do(func() {
		s := p.Shape
		down, across := s.down(), s.across()
		var all places[span]
		eachPlace(s.Height, s.Width, func(y, x int) {
			all.add(s.inputSpan(y, x), position{
				in:   int32(p.Y.Offset(0, down.firstOutput(y), across.firstOutput(x))),
				dst:  int32(p.X.Offset(0, y, x)),
				gate: int32(p.Gate.Offset(0, y, x)),
			})
		})
		t.depthwise = p.depthwiseInput()
		stretches := all.stretches(func(at span) []tap {
			return s.inputTaps(p.Y, at, func(up int) int { return -up })
		})
		t.deal(s, s.channels(), stretches, func(r stretch) int {
			return mostPlaces(p.Y, s.filters(), r, ceil(s.extentH(), s.StrideH), 1, ceil(s.Width, s.StrideW))
		})
	})
	return t
}

// places gathers places by the key that their taps follow from, in the order in
// which keys are met.
type places[K comparable] struct {
	index  map[K]int
	keys   []K
	groups [][]position // of each key
}

func (g *places[K]) add(key K, at position) {
	i, known := g.index[key]
	if !known {
		if g.index == nil {
			g.index = map[K]int{}
		}
		i = len(g.keys)
		g.index[key] = i
		g.keys, g.groups = append(g.keys, key), append(g.groups, nil)
	}
	g.groups[i] = append(g.groups[i], at)
}

// stretches returns the groups with their taps.
func (g *places[K]) stretches(taps func(K) []tap) (all []stretch) {
	for i, key := range g.keys {
		all = append(all, stretch{g.groups[i], taps(key)})
	}
	return all
}

// eachPlace calls do for the places of a plane, row by row.
func eachPlace(height, width int, do func(y, x int)) {
	for y := range height {
		for x := range width {
			do(y, x)
		}
	}
}

// span is the taps that a place has to do with.
type span struct{ rows, cols reach }

func (s ConvShape) forwardSpan(y, x int) span {
	return span{s.down().inputsOf(y), s.across().inputsOf(x)}
}

func (s ConvShape) inputSpan(y, x int) span {
	return span{s.down().tapsOf(y), s.across().tapsOf(x)}
}

// forwardTaps returns the taps of an output. One that is some rows down from the
// kernel's first reads the row of the input that row returns.
func (s ConvShape) forwardTaps(x Block, at span, row func(down int) int) (taps []tap) {
	origin := x.Offset(0, 0, 0)
	for c := range s.channels() {
		for ky := at.rows.first; ky < at.rows.end; ky++ {
			for kx := at.cols.first; kx < at.cols.end; kx++ {
				taps = append(taps, tap{
					in: int32(x.Offset(c, row(ky*s.dilationH()), kx*s.dilationW()) - origin),
					w:  int32((c*s.KernelH+ky)*s.KernelW + kx),
				})
			}
		}
	}
	return taps
}

// inputTaps returns the taps of an input's gradient, counted from the output
// that its first tap in the phase would reach. A tap that comes from some rows
// further up reads the row that row returns.
func (s ConvShape) inputTaps(y Block, at span, row func(up int) int) (taps []tap) {
	origin, down, across := y.Offset(0, 0, 0), s.down(), s.across()
	for o := range s.filters() {
		for ky := at.rows.first; ky < at.rows.end; ky += down.tapStep() {
			for kx := at.cols.first; kx < at.cols.end; kx += across.tapStep() {
				taps = append(taps, tap{
					in: int32(y.Offset(o, row(ky/down.tapStep()*down.outputStep()), -(kx/across.tapStep()*across.outputStep())) - origin),
					w:  int32(o*s.weights() + ky*s.KernelW + kx),
				})
			}
		}
	}
	return taps
}
