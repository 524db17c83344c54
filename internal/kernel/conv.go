package kernel

import (
	"cmp"
	"fmt"
)

// ConvShape describes a two-dimensional convolution of one image:
// input [Channels][Height][Width], weights
// [Filters][Channels/Groups][KernelH][KernelW], output [Filters][OutH][OutW].
// The channels and the filters lie in Groups of equal size, and a group of
// filters sees its group of channels alone.
type ConvShape struct {
	Channels, Height, Width int
	Filters                 int
	KernelH, KernelW        int
	StrideH, StrideW        int
	PadH, PadW              int // zeros on each side
	DilationH, DilationW    int // from one tap of the kernel to the next; 0 means 1
	Groups                  int // 0 means 1
}

// OutH returns the height of the output.
func (s ConvShape) OutH() int { return (s.Height+2*s.PadH-s.extentH())/s.StrideH + 1 }

// OutW returns the width of the output.
func (s ConvShape) OutW() int { return (s.Width+2*s.PadW-s.extentW())/s.StrideW + 1 }

func (s ConvShape) dilationH() int { return cmp.Or(s.DilationH, 1) }
func (s ConvShape) dilationW() int { return cmp.Or(s.DilationW, 1) }

// extentH and extentW return how many rows and columns the kernel spans.
func (s ConvShape) extentH() int { return (s.KernelH-1)*s.dilationH() + 1 }
func (s ConvShape) extentW() int { return (s.KernelW-1)*s.dilationW() + 1 }

// X returns the layout of the input that the forward convolution reads, and of
// the input's gradient: neither needs a border.
func (s ConvShape) X() Block {
	return Block{Channels: s.Channels, Height: s.Height, Width: s.Width, Apart: true}
}

// PaddedX returns the layout of the input that the gradient of the weights
// reads: with the columns of zeros that stand for padding, and without the rows,
// which it leaves out.
func (s ConvShape) PaddedX() Block {
	x := s.X()
	x.Left = s.PadW
	x.Right = max(0, (s.OutW()-1)*s.StrideW+s.extentW()-s.PadW-s.Width)
	return x
}

// Y returns the layout of the output and its gradient, which need no border.
func (s ConvShape) Y() Block {
	return Block{Channels: s.Filters, Height: s.OutH(), Width: s.OutW(), Apart: true}
}

func (s ConvShape) groups() int   { return cmp.Or(s.Groups, 1) }
func (s ConvShape) channels() int { return s.Channels / s.groups() } // of a group
func (s ConvShape) filters() int  { return s.Filters / s.groups() }  // of a group
func (s ConvShape) kernel() int   { return s.KernelH * s.KernelW }
func (s ConvShape) outputs() int  { return s.OutH() * s.OutW() }                     // of a filter
func (s ConvShape) weights() int  { return s.channels() * s.kernel() }               // of a filter
func (s ConvShape) terms() int    { return s.filters() * s.weights() * s.outputs() } // of a group

// check panics unless the convolution has an output.
func (s ConvShape) check() {
	if min(s.Channels, s.Height, s.Width, s.Filters, s.KernelH, s.KernelW, s.StrideH, s.StrideW, s.dilationH(), s.dilationW(), s.groups()) < 1 || min(s.PadH, s.PadW) < 0 ||
		s.Height+2*s.PadH < s.extentH() || s.Width+2*s.PadW < s.extentW() {
		panic(fmt.Sprintf("kernel: convolution without an output: %+v", s))
	}
	if s.Channels%s.groups() != 0 || s.Filters%s.groups() != 0 {
		panic(fmt.Sprintf("kernel: convolution with unequal groups: %+v", s))
	}
}

// eachWeight calls do for every weight of a filter in the order they lie.
func (s ConvShape) eachWeight(do func(i, c, ky, kx int)) {
	i := 0
	for c := range s.channels() {
		for ky := range s.KernelH {
			for kx := range s.KernelW {
				do(i, c, ky, kx)
				i++
			}
		}
	}
}
