package op

import (
	"cmp"
	"fmt"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Pool2DConfig is the window of a pooling over images.
type Pool2DConfig struct {
	Kernel  int         // rows and columns of the window
	Stride  int         // between windows; 0 means Kernel
	Padding int         // on each side, at most Kernel/2
	Columns PoolColumns // of a window that is not square

	// Ceil takes in a last window that ends behind all padding, but begins in the
	// image or in the padding before it.
	Ceil bool

	// ExcludePadding makes an average that of the elements of the image. Otherwise
	// padding counts as zeros. What lies behind all padding never counts.
	ExcludePadding bool
}

// PoolColumns is how a window lies along the columns, where the fields of the same
// names in Pool2DConfig say how it lies along the rows. The zero value means alike.
type PoolColumns struct{ Kernel, Stride, Padding int }

// pool2D is the windows of a pooling: those of a config, or bins.
type pool2D struct {
	Pool2DConfig
	BinsH, BinsW int // of an adaptive pooling, which needs no config; 0: windows
}

func windows(c Pool2DConfig) pool2D { return pool2D{Pool2DConfig: c} }

// columns returns how the windows lie along the columns.
func (c Pool2DConfig) columns() PoolColumns {
	return cmp.Or(c.Columns, PoolColumns{c.Kernel, c.Stride, c.Padding})
}

// shape returns the windows on images of height h and width w.
func (p pool2D) shape(h, w int) kernel.PoolShape {
	if p.BinsH > 0 {
		return kernel.AdaptivePool(h, w, p.BinsH, p.BinsW)
	}
	c := p.columns()
	return kernel.PoolShape{
		Height: h, KernelH: p.Kernel, StrideH: cmp.Or(p.Stride, p.Kernel), PadH: p.Padding,
		Width: w, KernelW: c.Kernel, StrideW: cmp.Or(c.Stride, c.Kernel), PadW: c.Padding,
		Ceil: p.Ceil, Exclude: p.ExcludePadding,
	}
}

// pooled returns the shape of the pooled images [n c h w].
func (p pool2D) pooled(x []int) ([]int, error) {
	if p.BinsH != 0 || p.BinsW != 0 {
		return p.binned(x)
	}
	rows, cols := PoolColumns{p.Kernel, p.Stride, p.Padding}, p.columns()
	for _, c := range []PoolColumns{rows, cols} {
		if c.Kernel < 1 || c.Stride < 0 || c.Padding < 0 || c.Padding > c.Kernel/2 {
			return nil, fmt.Errorf("want a kernel of at least 1, no negative stride, and padding of at most half the kernel, not %+v", c)
		}
	}
	s := p.shape(x[2], x[3])
	if min(x[2], x[3]) < 1 || s.OutH() < 1 || s.OutW() < 1 {
		return nil, fmt.Errorf("want images of at least %d×%d with padding", rows.Kernel, cols.Kernel)
	}
	return []int{x[0], x[1], s.OutH(), s.OutW()}, nil
}

// binned is pooled for bins.
func (p pool2D) binned(x []int) ([]int, error) {
	if min(p.BinsH, p.BinsW) < 1 {
		return nil, fmt.Errorf("want at least one bin along each axis, not %d×%d", p.BinsH, p.BinsW)
	}
	if min(x[2], x[3]) < 1 {
		return nil, fmt.Errorf("want images that are not empty")
	}
	return []int{x[0], x[1], p.BinsH, p.BinsW}, nil
}

// eachPlanes calls do with the windows on x, of shape [n c h w], and with ranges
// of planes: of how many, and where they lie in x and in what is pooled.
func (p pool2D) eachPlanes(x []int, do func(s kernel.PoolShape, planes int, x, y span)) {
	s := p.shape(x[2], x[3])
	size, pooled := x[2]*x[3], s.OutH()*s.OutW()
	parallel.For(x[0]*x[1], 1+grain/(1+size), func(lo, hi int) {
		do(s, hi-lo, span{lo * size, hi * size}, span{lo * pooled, hi * pooled})
	})
}

// span is elements lo to hi-1.
type span struct{ lo, hi int }

// inferPool infers the pooled images.
func (p pool2D) inferPool(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 4, "[n c h w]"); err != nil {
		return nil, err
	}
	out, err := p.pooled(in[0].Shape)
	if err != nil {
		return nil, err
	}
	return one(in[0].DType, out...), nil
}
