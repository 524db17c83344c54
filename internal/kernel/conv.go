package kernel

import (
	"fmt"
	"math"
)

// ConvShape describes a two-dimensional convolution of one image:
// input [Channels][Height][Width], weights [Filters][Channels][KernelH][KernelW],
// output [Filters][OutH][OutW].
type ConvShape struct {
	Channels, Height, Width int
	Filters                 int
	KernelH, KernelW        int
	StrideH, StrideW        int
	PadH, PadW              int // zeros on each side
}

// OutH returns the height of the output.
func (s ConvShape) OutH() int { return (s.Height+2*s.PadH-s.KernelH)/s.StrideH + 1 }

// OutW returns the width of the output.
func (s ConvShape) OutW() int { return (s.Width+2*s.PadW-s.KernelW)/s.StrideW + 1 }

// weights returns the number of weights of one filter.
func (s ConvShape) weights() int { return s.Channels * s.KernelH * s.KernelW }

// check panics unless the convolution has an output.
func (s ConvShape) check() {
	if min(s.Channels, s.Height, s.Width, s.Filters, s.KernelH, s.KernelW, s.StrideH, s.StrideW) < 1 || min(s.PadH, s.PadW) < 0 ||
		s.Height+2*s.PadH < s.KernelH || s.Width+2*s.PadW < s.KernelW {
		panic(fmt.Sprintf("kernel: convolution without an output: %+v", s))
	}
}

// ConvPlan holds what a convolution of one shape needs besides its numbers:
// where every tap reads. It never changes, so goroutines may share it.
//
// Each of the three convolutions exists twice: on images (ConvForward,
// ConvInput, ConvWeight), and on blocks of 16 images in the lanes (with Lanes
// in the name), which the former convert to and from.
type ConvPlan struct {
	Shape ConvShape

	X  Block // the input, with its padding
	Y  Block // the output, and its gradient
	DX Block // the gradient of the input, without padding

	outputs []position // forward: a position an output
	inputs  []tap      // forward: a tap a weight
	regions []region   // input gradient
	weights []position // weight gradient: a position a weight
	pixels  []tap      // weight gradient: a tap an output
}

// region is a set of inputs that the same taps reach: it has one phase of the
// stride and one distance from the edges.
type region struct {
	inputs []position
	taps   []tap
}

// NewConvPlan returns the plan of a convolution. It panics where the shape has
// no output, or a block of 16 images more elements than 32 bits can count.
func NewConvPlan(s ConvShape) *ConvPlan {
	s.check()
	p := &ConvPlan{
		Shape: s,
		X:     Block{Channels: s.Channels, Height: s.Height, Width: s.Width, Top: s.PadH, Left: s.PadW},
		Y:     Block{Channels: s.Filters, Height: s.OutH(), Width: s.OutW()},
		DX:    Block{Channels: s.Channels, Height: s.Height, Width: s.Width},
	}
	p.X.Bottom = max(0, (s.OutH()-1)*s.StrideH+s.KernelH-s.PadH-s.Height)
	p.X.Right = max(0, (s.OutW()-1)*s.StrideW+s.KernelW-s.PadW-s.Width)
	if max(p.X.Len(), p.Y.Len(), s.Filters*s.weights()*Lanes) > math.MaxInt32 {
		panic(fmt.Sprintf("kernel: convolution too large for 32-bit offsets: %+v", s))
	}
	p.planForward()
	p.planInput()
	p.planWeight()
	return p
}

func (p *ConvPlan) planForward() {
	s := p.Shape
	for y := range s.OutH() {
		for x := range s.OutW() {
			p.outputs = append(p.outputs, position{
				in:  int32(p.X.Offset(0, y*s.StrideH-s.PadH, x*s.StrideW-s.PadW)),
				dst: int32(p.Y.Offset(0, y, x)),
			})
		}
	}
	origin := p.X.Offset(0, 0, 0)
	s.eachWeight(func(i, c, ky, kx int) {
		p.inputs = append(p.inputs, tap{in: int32(p.X.Offset(c, ky, kx) - origin), w: int32(i)})
	})
}

func (p *ConvPlan) planWeight() {
	s := p.Shape
	s.eachWeight(func(i, c, ky, kx int) {
		p.weights = append(p.weights, position{in: int32(p.X.Offset(c, ky-s.PadH, kx-s.PadW)), dst: int32(i * Lanes)})
	})
	origin := p.X.Offset(0, 0, 0)
	for y := range s.OutH() {
		for x := range s.OutW() {
			p.pixels = append(p.pixels, tap{
				in: int32(p.X.Offset(0, y*s.StrideH, x*s.StrideW) - origin),
				w:  int32(p.Y.Offset(0, y, x)),
			})
		}
	}
}

func (p *ConvPlan) planInput() {
	s := p.Shape
	index := map[[2]reach]int{}
	for y := range s.Height {
		for x := range s.Width {
			rows := reachOf(y+s.PadH, s.KernelH, s.StrideH, s.OutH())
			cols := reachOf(x+s.PadW, s.KernelW, s.StrideW, s.OutW())
			i, known := index[[2]reach{rows, cols}]
			if !known {
				i = len(p.regions)
				index[[2]reach{rows, cols}] = i
				p.regions = append(p.regions, region{taps: p.inputTaps(rows, cols)})
			}
			p.regions[i].inputs = append(p.regions[i].inputs, position{
				in:  int32(p.Y.Offset(0, (y+s.PadH)/s.StrideH, (x+s.PadW)/s.StrideW)),
				dst: int32(p.DX.Offset(0, y, x)),
			})
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

// inputTaps returns the taps of an input's gradient, counted from the output
// that its first tap in the phase would reach.
func (p *ConvPlan) inputTaps(rows, cols reach) []tap {
	s := p.Shape
	var taps []tap
	for o := range s.Filters {
		for ky := rows.first; ky < rows.end; ky += s.StrideH {
			for kx := cols.first; kx < cols.end; kx += s.StrideW {
				taps = append(taps, tap{
					in: int32(p.Y.Offset(o, -(ky / s.StrideH), -(kx / s.StrideW))),
					w:  int32(o*s.weights() + ky*s.KernelW + kx),
				})
			}
		}
	}
	return taps
}

// eachWeight calls do for every weight of a filter in the order they lie.
func (s ConvShape) eachWeight(do func(i, c, ky, kx int)) {
	i := 0
	for c := range s.Channels {
		for ky := range s.KernelH {
			for kx := range s.KernelW {
				do(i, c, ky, kx)
				i++
			}
		}
	}
}
