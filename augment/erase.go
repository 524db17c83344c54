package augment

import "math"

// RandomErasing covers a rectangle.
type RandomErasing struct {
	Area  Range   `set:"area" of:"0..1" doc:"of the rectangle, as a fraction of the image's"`
	Ratio Range   `set:"ratio" of:"0.05..20" doc:"width/height of the rectangle, uniform in its logarithm"`
	Fill  float64 `set:"fill" of:"0..1" doc:"value that is filled in"`
	Noise bool    `set:"noise" doc:"fill with random values instead"`
}

var _ = register(Row{
	Name: "erase", Kind: Patch, Default: RandomErasing{Area: Range{0.02, 0.2}, Ratio: Range{0.3, 3.3}},
	Formula: "fill, or uniform noise, in a rectangle of sides √(area·ratio) and √(area/ratio), rounded, and cut to those of the image",
	Draws:   "2, and 2 whole numbers; with noise 1 for each value of the rectangle", Identity: "area=0", Show: "area=0.15,noise=true",
	Paper: "Zhong et al., “Random Erasing Data Augmentation”, 2020; there what is too long is drawn anew",
})

// Apply implements Transform.
func (t RandomErasing) Apply(dst, src *Image, w *Work) {
	dst.copyOf(src)
	area := float64(t.Area.draw(w)*float64(src.Height)) * float64(src.Width)
	ratio := t.Ratio.logDraw(w)
	width := min(int(math.RoundToEven(math.Sqrt(area*ratio))), src.Width)
	height := min(int(math.RoundToEven(math.Sqrt(area/ratio))), src.Height)
	top, left := place(src.Height-height, w), place(src.Width-width, w)
	box := box{left, top, left + width, top + height}
	box.each(dst, func(line, _ []float32) {
		fill(line, float32(t.Fill))
		if t.Noise {
			for i := range line {
				line[i] = w.Random.Float32()
			}
		}
	}, dst)
}

// Cutout covers a square whose middle is anywhere in the image, so that it may
// reach out.
type Cutout struct {
	Side float64 `set:"side" of:"0..2" doc:"of the square, as a fraction of the image's shorter side"`
	Fill float64 `set:"fill" of:"0..1" doc:"value that is filled in"`
}

var _ = register(Row{
	Name: "cutout", Kind: Patch, Default: Cutout{Side: 0.4}, Formula: "fill in a square of side·min(height, width), rounded, around a pixel", Draws: "2 whole numbers", Identity: "side=0",
	Paper: "DeVries and Taylor, “Improved Regularization of Convolutional Neural Networks with Cutout”, 2017",
})

// Apply implements Transform.
func (t Cutout) Apply(dst, src *Image, w *Work) {
	dst.copyOf(src)
	y, x := w.Random.IntN(max(1, src.Height)), w.Random.IntN(max(1, src.Width))
	side := int(math.RoundToEven(t.Side * float64(min(src.Height, src.Width))))
	around(x, y, side, side, src).each(dst, func(line, _ []float32) { fill(line, float32(t.Fill)) }, dst)
}

// box is the pixels from left to right-1 and top to bottom-1.
type box struct{ left, top, right, bottom int }

// around returns the part of a box that lies in an image.
func around(x, y, width, height int, im *Image) box {
	left, top := x-width/2, y-height/2
	return box{
		max(0, left), max(0, top),
		min(im.Width, left+width), min(im.Height, top+height),
	}
}

// each calls f for each line within the box of an image, and the same of another.
func (b box) each(im *Image, f func(line, other []float32), other *Image) {
	if b.left >= b.right {
		return
	}
	for c := range im.Channels {
		for y := b.top; y < b.bottom; y++ {
			lo, hi := y*im.Width+b.left, y*im.Width+b.right
			f(im.plane(c)[lo:hi], other.plane(c)[lo:hi])
		}
	}
}
