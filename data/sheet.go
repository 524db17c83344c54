package data

import (
	"fmt"
	"image"
	"image/color"
	"sync/atomic"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// The measures of a contact sheet, in pixels of the picture.
const (
	zoom      = 2 // a side of an example's pixel, where that fits
	columnGap = 10
	rowGap    = 14
	margin    = 16

	sheetSide     = 4000  // the most that a side of the sheet should have
	thumbnailSide = 16    // the longer side of an example that is not made smaller still
	largestSheet  = 16000 // the most that a side of the sheet may have then
)

var (
	caption     = basicfont.Face7x13
	paper       = color.Gray{255}
	captionGrey = color.Gray{120}
)

// Sheet draws the first rows*cols examples of a set of images, each with the
// name of its class below it: those of red, green and blue, [3 h w], in their
// colours, and grey ones, [1 h w], as they are or, where at least half of them are
// mostly black, as handwriting is in known sets, as dark ink on white paper. Rows
// and columns without an example are left out. Each pixel of an example is a square
// of four, or of one, or several become one, so that the sides of the sheet have
// about 4,000 pixels at most.
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
	if err := checkTransform(augment.Identity{}, shape); err != nil {
		return nil, err
	}
	l := layout{rows: rows, cols: cols, size: shownSize(shape, rows, cols)}
	if whole := l.whole(); max(whole.X, whole.Y) > largestSheet {
		return nil, fmt.Errorf("a sheet of %d rows and %d columns: %d×%d pixels, want sides of at most %d", rows, cols, whole.X, whole.Y, largestSheet)
	}
	shown, err := readThumbnails(set, min(rows*cols, set.Len()), l.size)
	if err != nil {
		return nil, err
	}
	return l.draw(shown, set.Classes(), shape[0]), nil
}

// layout is how examples lie on a sheet, each of a size.
type layout struct {
	rows, cols int
	size       image.Point
}

// cell is the place of an example with its name and the gaps.
func (l layout) cell() image.Point {
	return l.size.Add(image.Pt(columnGap, caption.Height+rowGap))
}

func (l layout) whole() image.Point {
	return image.Pt(l.cols*l.cell().X-columnGap+2*margin, l.rows*l.cell().Y-rowGap+2*margin)
}

// shownSize is the size of an example on the sheet: a multiple of its own, or less where it has to be.
func shownSize(shape []int, rows, cols int) image.Point {
	size := image.Pt(shape[2], shape[1])
	for k := zoom; k > 1; k-- {
		l := layout{rows, cols, size.Mul(k)}
		if whole := l.whole(); max(whole.X, whole.Y) <= sheetSide {
			return l.size
		}
	}
	around := layout{rows: rows, cols: cols}.whole() // all that is no example
	part := min(1, float64(sheetSide-around.X)/float64(cols*size.X), float64(sheetSide-around.Y)/float64(rows*size.Y))
	part = max(part, min(1, float64(thumbnailSide)/float64(max(size.X, size.Y))))
	return image.Pt(max(1, int(part*float64(size.X))), max(1, int(part*float64(size.Y))))
}

// thumbnail is an example as it is drawn, before it is enlarged.
type thumbnail struct {
	picture image.Image
	class   int
}

// readValues is how many values the examples may have that are read at once.
const readValues = 1 << 28

// readThumbnails reads a set's first examples and makes them smaller where they have to be. Several are read at once, which
// are neighbours: a set may make some of them together.
func readThumbnails(set Dataset, count int, size image.Point) ([]thumbnail, error) {
	shape := set.Shape()
	smaller := augment.Resize{
		Extent: augment.Extent{Height: min(size.Y, shape[1]), Width: min(size.X, shape[2])},
		Filter: augment.Filter{Antialias: true},
	}
	values := tensor.Elements(shape)
	readers := min(count, parallel.Processors(), max(1, readValues/max(1, values)))
	all, errs := make([]thumbnail, count), make([]error, count)
	var next atomic.Int64
	parallel.For(readers, 1, func(_, _ int) {
		src := &augment.Image{Channels: shape[0], Height: shape[1], Width: shape[2], Pix: make([]float32, values)}
		var work augment.Work
		var dst augment.Image
		for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
			label, err := set.Read(i, src.Pix)
			if err != nil {
				errs[i] = fmt.Errorf("example %d: %w", i, err)
				next.Store(int64(count)) // those before are being read
				return
			}
			smaller.Apply(&dst, src, &work)
			all[i] = thumbnail{Picture([]int{dst.Channels, dst.Height, dst.Width}, dst.Pix), label}
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Picture draws an example, [1 height width] in grey or [3 height width] in red, green and blue, as it
// is: 0 is black, and values outside [0, 1] are the nearer of the two.
func Picture(shape []int, x []float32) image.Image {
	bounds := image.Rect(0, 0, shape[2], shape[1])
	if shape[0] == 1 {
		grey := image.NewGray(bounds)
		for i, v := range x {
			grey.Pix[i] = level(v)
		}
		return grey
	}
	colours, n := image.NewRGBA(bounds), shape[1]*shape[2]
	for i := range n {
		copy(colours.Pix[4*i:], []uint8{level(x[i]), level(x[n+i]), level(x[2*n+i]), 255})
	}
	return colours
}

// draw draws the examples, of so many channels, over the names of their classes.
func (l layout) draw(shown []thumbnail, classes []string, channels int) image.Image {
	var pictures []image.Image
	for _, t := range shown {
		pictures = append(pictures, t.picture)
	}
	InkOnPaper(pictures)
	sheet := newCanvas(image.Rectangle{Max: l.whole()}, channels)
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	for i, t := range shown {
		at := image.Pt(margin+i%l.cols*l.cell().X, margin+i/l.cols*l.cell().Y)
		draw.NearestNeighbor.Scale(sheet, image.Rectangle{at, at.Add(l.size)}, t.picture, t.picture.Bounds(), draw.Src, nil)
		drawCaption(sheet, at.Add(image.Pt(0, l.size.Y)), l.size.X, classes[t.class])
	}
	return sheet
}

func newCanvas(r image.Rectangle, channels int) draw.Image {
	if channels == 1 {
		return image.NewGray(r)
	}
	return image.NewRGBA(r)
}

// InkOnPaper inverts the grey ones of pictures that [Picture] made if at least half of all are mostly
// black, as handwriting is in known sets: it becomes dark ink on white paper. Photographs stay as they are.
func InkOnPaper(pictures []image.Image) {
	if !areInk(pictures) {
		return
	}
	for _, p := range pictures {
		if grey, ok := p.(*image.Gray); ok {
			invertGrey(grey)
		}
	}
}

// areInk reports whether pictures are bright ink on black paper, at least half of them.
func areInk(pictures []image.Image) bool {
	votes := 0
	for _, p := range pictures {
		if grey, ok := p.(*image.Gray); ok && isMostlyBlack(grey) {
			votes++
		}
	}
	return 2*votes >= len(pictures)
}

func isMostlyBlack(grey *image.Gray) bool {
	black := 0
	for _, v := range grey.Pix {
		if v < 26 { // a tenth of white
			black++
		}
	}
	return 2*black > len(grey.Pix)
}

func invertGrey(grey *image.Gray) {
	for i, v := range grey.Pix {
		grey.Pix[i] = 255 - v
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
