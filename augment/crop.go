package augment

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Extent is the size of a result.
type Extent struct {
	Height int `set:"height" of:"0..32768" doc:"of the result, in pixels; 0 for the image's own"`
	Width  int `set:"width" of:"0..32768" doc:"of the result, in pixels; 0 for the image's own"`
}

// of returns the size of the result for an image of some size.
func (e Extent) of(height, width int) (int, int) {
	return cmp.Or(e.Height, height), cmp.Or(e.Width, width)
}

// RandomCrop adds pixels around an image and cuts out a rectangle at random.
type RandomCrop struct {
	Pad int `set:"pad" of:"0..4096" doc:"pixels added on each side"`
	Extent
	Outside
}

var _ = register(Row{
	Name: "crop", Kind: Geometry, Default: RandomCrop{Pad: 4},
	Formula: "y[r, c] = x[r + i, c + j], i and j uniform over all places in the padded image", Draws: "2 whole numbers", Identity: "pad=0",
	Paper: "He et al., “Deep Residual Learning for Image Recognition”, 2016, for CIFAR",
})

// Apply implements Transform. Where the rectangle is larger than the padded
// image, it lies around its middle.
func (t RandomCrop) Apply(dst, src *Image, w *Work) {
	height, width := t.Extent.of(src.Height, src.Width)
	top := place(src.Height+2*t.Pad-height, w) - t.Pad
	left := place(src.Width+2*t.Pad-width, w) - t.Pad
	t.window(dst, src, left, top, height, width)
}

// place draws one of the places that leave so much room.
func place(room int, w *Work) int {
	i := w.Random.IntN(max(0, room) + 1)
	if room < 0 {
		return half(room)
	}
	return i
}

// half returns n/2, rounded to the even where between two.
func half(n int) int { return int(math.RoundToEven(float64(n) / 2)) }

// CentreCrop cuts a rectangle out of an image's middle.
type CentreCrop struct {
	Extent
	Outside
}

var _ = register(Row{
	Name: "centre-crop", Kind: Size, Default: CentreCrop{},
	Formula: "y[r, c] = x[r + i, c + j], i and j half of what is too much, rounded to even; what is too little is padded",
	Draws:   "0", Identity: "height=0,width=0", Show: "height=20,width=16",
})

// Apply implements Transform.
func (t CentreCrop) Apply(dst, src *Image, w *Work) {
	height, width := t.Extent.of(src.Height, src.Width)
	t.window(dst, src, half(src.Width-width), half(src.Height-height), height, width)
}

// RandomResizedCrop cuts out a rectangle of random size, shape and place, and
// brings it to a size.
type RandomResizedCrop struct {
	Area  Range `set:"area" of:"0.001..1" doc:"of the rectangle, as a fraction of the image's"`
	Ratio Range `set:"ratio" of:"0.05..20" doc:"width/height of the rectangle, as a multiple of the image's; uniform in its logarithm"`
	Extent
	Filter
}

var _ = register(Row{
	Name: "resized-crop", Kind: Geometry, Default: RandomResizedCrop{Area: Range{0.5, 1}, Ratio: Range{3. / 4, 4. / 3}, Filter: Filter{Antialias: true}},
	Formula: "resize(x[i : i + √(area/ratio)·height, j : j + √(area·ratio)·width]), sides rounded, and cut to those of the image",
	Draws:   "2, and 2 whole numbers", Identity: "area=1,ratio=1", Show: "area=0.3..0.3",
	Paper: "Szegedy et al., “Going Deeper with Convolutions”, 2015; there the ratio is that of the rectangle itself, and what is too long is drawn anew",
})

// Apply implements Transform.
func (t RandomResizedCrop) Apply(dst, src *Image, w *Work) {
	area, ratio := t.Area.draw(w), t.Ratio.logDraw(w)
	width := side(area*ratio, src.Width)
	height := side(area/ratio, src.Height)
	top, left := place(src.Height-height, w), place(src.Width-width, w)

	crop := w.take()
	defer w.give()
	Outside{}.window(crop, src, left, top, height, width)
	outHeight, outWidth := t.Extent.of(src.Height, src.Width)
	t.Filter.resize(dst, crop, w, outHeight, outWidth)
}

// side returns √part of n pixels, in whole ones, at least one and at most all.
func side(part float64, n int) int {
	return min(max(1, int(math.RoundToEven(math.Sqrt(part)*float64(n)))), n)
}

// logDraw draws a number whose logarithm is uniform.
func (r Range) logDraw(w *Work) float64 {
	v := w.Random.Uniform(kernel.Log64(r.Lo), kernel.Log64(r.Hi))
	if r.Lo == r.Hi {
		return r.Lo
	}
	return min(max(r.Lo, kernel.Exp64(v)), r.Hi)
}
