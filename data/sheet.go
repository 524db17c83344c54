package data

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/mlodyssey/odyssey/tensor"
)

// The measures of a contact sheet, in pixels of the picture.
const (
	zoom      = 2 // a side of an example's pixel
	columnGap = 10
	rowGap    = 14
	margin    = 16
)

var (
	caption     = basicfont.Face7x13
	paper       = color.Gray{255}
	captionGrey = color.Gray{120}
)

// Sheet draws the first rows*cols examples of a set of images, each with the
// name of its class below it: grey ones, [1 h w], as dark ink on white paper,
// and those of red, green and blue, [3 h w], in their colours. Rows and columns
// without an example are left out.
func Sheet(set Dataset, rows, cols int) (image.Image, error) {
	shape := set.Shape()
	if len(shape) != 3 || shape[0] != 1 && shape[0] != 3 {
		return nil, fmt.Errorf("examples of shape %v: a sheet wants images, [1 height width] or [3 height width]", shape)
	}
	if rows < 1 || cols < 1 || set.Len() < 1 {
		return nil, fmt.Errorf("a sheet of %d rows and %d columns for %d examples: want at least 1 of each", rows, cols, set.Len())
	}
	cols = min(cols, set.Len())
	rows = min(rows, (set.Len()+cols-1)/cols)
	count := min(rows*cols, set.Len())

	cell := image.Pt(zoom*shape[2]+columnGap, zoom*shape[1]+caption.Height+rowGap)
	sheet := newCanvas(image.Rect(0, 0, cols*cell.X-columnGap+2*margin, rows*cell.Y-rowGap+2*margin), shape[0])
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)

	classes := set.Classes()
	values := make([]float32, tensor.Elements(shape))
	for i := range count {
		label, err := set.Read(i, values)
		if err != nil {
			return nil, fmt.Errorf("example %d: %w", i, err)
		}
		at := image.Pt(margin+i%cols*cell.X, margin+i/cols*cell.Y)
		drawExample(sheet, at, values, shape)
		drawCaption(sheet, at.Add(image.Pt(0, zoom*shape[1])), zoom*shape[2], classes[label])
	}
	return sheet, nil
}

func newCanvas(r image.Rectangle, channels int) draw.Image {
	if channels == 1 {
		return image.NewGray(r)
	}
	return image.NewRGBA(r)
}

func drawExample(sheet draw.Image, at image.Point, values []float32, shape []int) {
	height, width := shape[1], shape[2]
	for y := range zoom * height {
		for x := range zoom * width {
			i := y/zoom*width + x/zoom
			var c color.Color
			if shape[0] == 1 {
				c = color.Gray{255 - level(values[i])}
			} else {
				c = color.RGBA{level(values[i]), level(values[height*width+i]), level(values[2*height*width+i]), 255}
			}
			sheet.Set(at.X+x, at.Y+y, c)
		}
	}
}

// level returns a value in [0, 1] as a byte.
func level(v float32) uint8 { return uint8(255*min(max(v, 0), 1) + 0.5) }

// drawCaption centres a name below an example, as much of it as fits.
func drawCaption(sheet draw.Image, at image.Point, width int, name string) {
	letters := []rune(name)
	letters = letters[:min(len(letters), width/caption.Advance)]
	left := (width - len(letters)*caption.Advance) / 2
	d := font.Drawer{
		Dst: sheet, Src: image.NewUniform(captionGrey), Face: caption,
		Dot: fixed.P(at.X+left, at.Y+caption.Ascent),
	}
	d.DrawString(string(letters))
}
