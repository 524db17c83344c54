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

	forward forwardTables
	input   inputTables
	weight  weightTables
	flat    flatTables

	forwardBands, inputBands bandTables
}

// forwardTables say where a forward convolution reads and writes.
type forwardTables struct {
	once    sync.Once
	cut     partition
	outputs []position
	taps    []tap // one a weight
}

// inputTables say where the gradient of the input reads and writes.
type inputTables struct {
	once  sync.Once
	parts [][]stretch // of a group
}

// region is a set of inputs that the same taps reach: it has one phase of the
// stride and one distance from the edges.
type region struct {
	inputs []position
	taps   []tap
}

// weightTables say where the gradient of the weights reads and writes.
type weightTables struct {
	once    sync.Once
	cut     partition
	weights []position // stored at a place counted from the piece's first
	pixels  []tap      // one an output
}

// NewConvPlan returns the plan of a convolution between blocks of the layouts x
// (of the input, or its gradient) and y (of the output, or its gradient), which
// may have any borders: s.X and s.Y for the forward convolution and the
// gradient of the weights, s.DX and s.Y for the gradient of the input need
// least. It panics where the shape has no output, a layout is one of other
// images, or 32 bits cannot count the elements of a block.
func NewConvPlan(s ConvShape, x, y Block) *ConvPlan {
	s.check()
	if x.inner() != s.DX() || y.inner() != s.Y() {
		panic(fmt.Sprintf("kernel: convolution %+v between blocks %+v and %+v", s, x, y))
	}
	if max(x.Len(), y.Len(), s.Filters*s.weights()) > math.MaxInt32 {
		panic(fmt.Sprintf("kernel: convolution too large for 32-bit offsets: %+v", s))
	}
	return &ConvPlan{Shape: s, X: x, Y: y}
}

// wantPadding panics unless the border of X holds the convolution's padding.
func (p *ConvPlan) wantPadding() {
	if need := p.Shape.X(); p.X.Top < need.Top || p.X.Bottom < need.Bottom || p.X.Left < need.Left || p.X.Right < need.Right {
		panic(fmt.Sprintf("kernel: convolution wants an input %+v, got %+v", need, p.X))
	}
}

func (p *ConvPlan) planForward() *forwardTables {
	t := &p.forward
	p.wantPadding()
	t.once.Do(func() {
		s := p.Shape
		t.cut = s.cutForward(p.X)
		eachPlace(s.OutH(), s.OutW(), func(y, x int) {
			t.outputs = append(t.outputs, position{
				in:  int32(p.X.Offset(0, y*s.StrideH-s.PadH, x*s.StrideW-s.PadW)),
				dst: int32(p.Y.Offset(0, y, x)),
			})
		})
		t.taps = s.forwardTaps(p.X, func(ky int) int { return ky })
	})
	return t
}

func (p *ConvPlan) planWeight() *weightTables {
	t := &p.weight
	p.wantPadding()
	t.once.Do(func() {
		s := p.Shape
		t.cut = s.cutWeight()
		s.eachWeight(func(_, c, ky, kx int) {
			t.weights = append(t.weights, position{in: int32(p.X.Offset(c, ky-s.PadH, kx-s.PadW))})
		})
		for i := range t.cut.positions {
			lo, hi := t.piece(i)
			for j := range t.weights[lo:hi] {
				t.weights[lo+j].dst = int32(j * Lanes)
			}
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

// piece returns the weights of a piece.
func (t *weightTables) piece(i int) (lo, hi int) {
	return pieces(len(t.weights), 4, t.cut.positions, i)
}

func (p *ConvPlan) planInput() *inputTables {
	t := &p.input
	t.once.Do(func() {
		s := p.Shape
		var regions []region
		index := map[[2]reach]int{}
		eachPlace(s.Height, s.Width, func(y, x int) {
			rows := reachOf(y+s.PadH, s.KernelH, s.StrideH, s.OutH())
			cols := reachOf(x+s.PadW, s.KernelW, s.StrideW, s.OutW())
			i, known := index[[2]reach{rows, cols}]
			if !known {
				i = len(regions)
				index[[2]reach{rows, cols}] = i
				regions = append(regions, region{taps: s.inputTaps(p.Y, rows, cols, func(up int) int { return -up })})
			}
			regions[i].inputs = append(regions[i].inputs, position{
				in:  int32(p.Y.Offset(0, (y+s.PadH)/s.StrideH, (x+s.PadW)/s.StrideW)),
				dst: int32(p.X.Offset(0, y, x)),
			})
		})
		t.parts = s.cutInput(p.Y, regions)
	})
	return t
}

// eachPlace calls do for the places of a plane, row by row.
func eachPlace(height, width int, do func(y, x int)) {
	for y := range height {
		for x := range width {
			do(y, x)
		}
	}
}

// reach is the range of a kernel's taps, first, first+stride and so on up to
// and without end, that connect an input with an output along one axis.
type reach struct{ first, end int }

// reachOf returns the reach of the input at i, padding counted.
func reachOf(i, kernel, stride, outSize int) reach {
	r := reach{i % stride, min(kernel, i+1)}
	if past := i/stride - (outSize - 1); past > 0 { // the first tap would need an output past the last
		r.first += past * stride
	}
	return reach{r.first, max(r.first, r.end)} // one value for all that is empty
}

// forwardTaps returns the taps of an output, one a weight. A tap of a row of the
// kernel reads the row of the input that row returns.
func (s ConvShape) forwardTaps(x Block, row func(ky int) int) (taps []tap) {
	origin := x.Offset(0, 0, 0)
	s.eachWeight(func(i, c, ky, kx int) {
		taps = append(taps, tap{in: int32(x.Offset(c, row(ky), kx) - origin), w: int32(i)})
	})
	return taps
}

// inputTaps returns the taps of an input's gradient, counted from the output
// that its first tap in the phase would reach. A tap that comes from some rows
// further up reads the row that row returns.
func (s ConvShape) inputTaps(y Block, rows, cols reach, row func(up int) int) []tap {
	origin := y.Offset(0, 0, 0)
	var taps []tap
	for o := range s.filters() {
		for ky := rows.first; ky < rows.end; ky += s.StrideH {
			for kx := cols.first; kx < cols.end; kx += s.StrideW {
				taps = append(taps, tap{
					in: int32(y.Offset(o, row(ky/s.StrideH), -(kx/s.StrideW)) - origin),
					w:  int32(o*s.weights() + ky*s.KernelW + kx),
				})
			}
		}
	}
	return taps
}
