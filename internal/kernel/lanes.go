package kernel

import (
	"cmp"
	"fmt"
	"unsafe"
)

// Block is the layout that the convolutions compute in: 16 images, or 8, with the
// image innermost, and planes with a border of zeros that stands for padding,
//
//	[Channels][Top+Height+Bottom][Left+Width+Right][Lanes]
//
// so that every load is full whatever the number of channels and the width.
// Fewer images leave zeros in the lanes of the missing ones.
type Block struct {
	Channels, Height, Width  int
	Top, Bottom, Left, Right int
	Lanes                    int  // Lanes, which 0 means too, or HalfLanes
	Apart                    bool // a vector between two planes where they would compete for one set of the cache
}

// Element is the set of types that blocks can hold: bytes are moved, not
// computed with.
type Element interface{ Float | uint8 }

// Blocks returns how many blocks of so many lanes hold some images.
func Blocks(images, lanes int) int { return ceil(images, lanes) }

// Len returns the number of elements of the block.
func (b Block) Len() int { return b.Channels * b.Plane() }

// Offset returns where the lanes of a channel and a position begin; y and x
// may lie in the border.
func (b Block) Offset(channel, y, x int) int {
	return channel*b.Plane() + (b.Top+y)*b.row() + (b.Left+x)*b.Images()
}

// inner returns the block without its border.
func (b Block) inner() Block {
	return Block{Channels: b.Channels, Height: b.Height, Width: b.Width}
}

// Bordered reports whether the block has a border.
func (b Block) Bordered() bool { return b.Top+b.Bottom+b.Left+b.Right > 0 }

// Images returns how many images lie side by side.
func (b Block) Images() int { return cmp.Or(b.Lanes, Lanes) }

// SameRows reports whether rows of two blocks are as long.
func (b Block) SameRows(o Block) bool { return b.Width == o.Width && b.row() == o.row() }

func (b Block) row() int { return (b.Left + b.Width + b.Right) * b.Images() }

// Plane returns how far apart two planes begin.
func (b Block) Plane() int {
	vectors := (b.Top + b.Height + b.Bottom) * (b.Left + b.Width + b.Right)
	if b.Apart {
		vectors |= 1
	}
	return vectors * b.Images()
}

func (b Block) image() int { return b.Channels * b.Height * b.Width }

// check panics unless the slices hold the block and its images, which begin so far
// apart.
func (b Block) check(block, images, imagesLen, step, lo, hi int) {
	if lo < 0 || lo > hi || hi > b.Channels {
		panic(fmt.Sprintf("kernel: channels %d:%d of a block of %d", lo, hi, b.Channels))
	}
	if images < 0 || images > b.Images() || block < b.Len() || images > 0 && imagesLen < (images-1)*step+b.image() {
		panic(fmt.Sprintf("kernel: block %+v wants %d elements and 0 to %d images of %d, got %d elements, and %d images in %d",
			b, b.Len(), b.Images(), b.image(), block, images, imagesLen))
	}
}

// ToLanes fills a block, border included, from no to all of its images, each
// [Channels][Height][Width], one after the other.
func ToLanes[T Element](b Block, dst []T, images int, src []T) {
	ToLanesChannels(b, dst, images, src, 0, b.Channels)
}

// ToLanesChannels is ToLanes of the channels [lo, hi).
func ToLanesChannels[T Element](b Block, dst []T, images int, src []T, lo, hi int) {
	toLanes(b, dst, images, src, b.image(), lo, hi)
}

// toLanes is ToLanesChannels of images that begin so far apart.
func toLanes[T Element](b Block, dst []T, images int, src []T, step, lo, hi int) {
	b.check(len(dst), images, len(src), step, lo, hi)
	if images < b.Images() {
		clear(dst[lo*b.Plane() : hi*b.Plane()])
	}
	if images == 0 {
		return
	}
	lanes := b.Images()
	b.rows(lo, hi, func(i, at, n int) {
		Transpose(dst[at:], lanes, src[i:], step, images, n)
	})
	if images == lanes {
		clearBorder(b, dst, lo, hi)
	}
}

// FromLanes stores the first images of a block, without its border, in dst.
func FromLanes[T Element](b Block, dst []T, images int, src []T) {
	FromLanesChannels(b, dst, images, src, 0, b.Channels)
}

// FromLanesChannels is FromLanes of the channels [lo, hi).
func FromLanesChannels[T Element](b Block, dst []T, images int, src []T, lo, hi int) {
	fromLanes(b, dst, images, src, b.image(), lo, hi)
}

// fromLanes is FromLanesChannels of images that begin so far apart.
func fromLanes[T Element](b Block, dst []T, images int, src []T, step, lo, hi int) {
	b.check(len(src), images, len(dst), step, lo, hi)
	if images == 0 {
		return
	}
	b.rows(lo, hi, func(i, at, n int) {
		Transpose(dst[i:], step, src[at:], b.Images(), n, images)
	})
}

// ClearBorder zeroes what lies around the images of a block.
func ClearBorder[T Element](b Block, dst []T) {
	wantLen("block", len(dst), b.Len())
	clearBorder(b, dst, 0, b.Channels)
}

// clearBorder is ClearBorder of the channels [lo, hi).
func clearBorder[T Element](b Block, dst []T, lo, hi int) {
	images := b.Images()
	from := lo * b.Plane() // where the stretch of border before the next row of an image began
	b.rows(lo, hi, func(_, at, n int) {
		clear(dst[from:at])
		from = at + n*images
	})
	clear(dst[from : hi*b.Plane()])
}

// rows calls do for the longest runs in the channels [lo, hi) that are
// contiguous both in an image, from element i, and in the block, from element
// at.
func (b Block) rows(lo, hi int, do func(i, at, n int)) {
	perChannel, n := b.Height, b.Width
	switch {
	case b.Left+b.Right > 0:
	case b.Top+b.Bottom > 0 || b.Plane() > b.Height*b.row():
		perChannel, n = 1, b.Height*b.Width
	default:
		if lo < hi {
			do(lo*b.Height*b.Width, lo*b.Plane(), (hi-lo)*b.Height*b.Width)
		}
		return
	}
	first, row, plane := b.Offset(0, 0, 0), b.row(), b.Plane()
	for c := lo; c < hi; c++ {
		i, at := c*b.Height*b.Width, first+c*plane
		for range perChannel {
			do(i, at, n)
			i, at = i+n, at+row
		}
	}
}

// Transpose sets dst[j*dstStride+i] to src[i*srcStride+j] for i < rows, j < cols.
func Transpose[T any](dst []T, dstStride int, src []T, srcStride, rows, cols int) {
	if rows == 0 || cols == 0 {
		return
	}
	dst = dst[:(cols-1)*dstStride+rows]
	src = src[:(rows-1)*srcStride+cols]
	if isWord[T]() && transposeFast(asFloat32(dst), dstStride, asFloat32(src), srcStride, rows, cols) {
		return
	}
	for j := range cols {
		column := dst[j*dstStride:][:rows]
		for i := range column {
			column[i] = src[i*srcStride+j]
		}
	}
}

// Prefetch fetches elements into the second cache. It is a hint.
func Prefetch[T Float](x []T) {
	if len(x) > 0 {
		prefetchFast((*float32)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0]))/4)
	}
}

// prefetch fetches n elements of each of some rows into the cache. It is a hint.
func prefetch[T Float](p []T, stride, rows, n int) {
	p = p[:(rows-1)*stride+n]
	if isFloat32[T]() {
		prefetchRowsFast(asFloat32(p), stride, rows, n)
	}
}

// SumLanes sets dst[i] to the sum of the 16 values of src from 16*i, in a fixed
// tree: s[j]+s[j+8], of these j and j+4, then j and j+2, then the last two.
func SumLanes[T Float](dst, src []T) {
	src = src[:len(dst)*Lanes]
	if isFloat32[T]() && sumLanesFast(asFloat32(dst), asFloat32(src)) {
		return
	}
	for i := range dst {
		s := *(*[Lanes]T)(src[i*Lanes:])
		dst[i] = tree(&s)
	}
}

// SumHalves is SumLanes for vectors whose lower halves are in low, and the upper
// ones in high, [HalfLanes] each.
func SumHalves[T Float](dst, low, high []T) {
	low, high = low[:len(dst)*HalfLanes], high[:len(dst)*HalfLanes]
	if isFloat32[T]() && sumHalvesFast(asFloat32(dst), asFloat32(low), asFloat32(high)) {
		return
	}
	for i := range dst {
		var s [Lanes]T
		copy(s[:], low[i*HalfLanes:][:HalfLanes])
		copy(s[HalfLanes:], high[i*HalfLanes:][:HalfLanes])
		dst[i] = tree(&s)
	}
}
