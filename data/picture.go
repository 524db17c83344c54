package data

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // a format that ReadPicture knows
	_ "image/png"  // the other
	"io"
	"math"
	"os"
	"slices"

	"golang.org/x/image/draw"
)

// maxPicture is the most pixels that a picture may have.
const maxPicture = 1 << 26

// ReadPicture reads a PNG or JPEG file.
func ReadPicture(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w, want a PNG or JPEG picture", err)
	}
	defer f.Close()
	picture, err := decodePicture(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w, want a PNG or JPEG picture", path, err)
	}
	return picture, nil
}

func decodePicture(f io.ReadSeeker) (image.Image, error) {
	header, _, err := image.DecodeConfig(f)
	if err != nil {
		return nil, err
	}
	if err := checkPicture(header); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	picture, _, err := image.Decode(f)
	return picture, err
}

// checkPicture looks at what a header claims before memory is taken for it.
func checkPicture(header image.Config) error {
	if w, h := header.Width, header.Height; w < 1 || h < 1 || w > maxPicture/h {
		return fmt.Errorf("%d×%d pixels, at most %d can be read", w, h, maxPicture)
	}
	return nil
}

// FromPicture makes an example of size×size values in [0, 1], such as EMNIST's,
// of a picture of one character: bright ink on dark paper, 24 of 28 pixels on
// its longer side, in the middle. Colours become grey, paper that shows at the
// picture's border becomes 0, and the strongest ink 1. A picture that is grey,
// of that size, and dark at the border is taken as it is.
func FromPicture(picture image.Image, size int) ([]float32, error) {
	grey := onWhite(picture)
	bounds := grey.Bounds()
	if bounds.Empty() {
		return nil, errors.New("the picture has no pixels")
	}
	paper := borderLevel(grey)
	if paper <= math.MaxUint16/2 && bounds.Dx() == size && bounds.Dy() == size && isGrey(picture) {
		return unitValues(grey), nil
	}
	if !extractInk(grey, paper) {
		return nil, errors.New("the picture shows no ink, want a character that stands out from its paper")
	}
	example := fit(grey, inkBounds(grey), size)
	stretch(example)
	return unitValues(example), nil
}

// onWhite returns a grey copy of a picture as seen on white paper, where it is
// transparent.
func onWhite(picture image.Image) *image.Gray16 {
	b := picture.Bounds()
	grey := image.NewGray16(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(grey, grey.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(grey, grey.Bounds(), picture, b.Min, draw.Over)
	return grey
}

func isGrey(picture image.Image) bool {
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, g, b, _ := picture.At(x, y).RGBA(); r != g || g != b {
				return false
			}
		}
	}
	return true
}

// borderLevel returns the median of the outermost pixels.
func borderLevel(grey *image.Gray16) uint16 {
	w, h := grey.Rect.Dx(), grey.Rect.Dy()
	var border []uint16
	for x := range w {
		border = append(border, grey.Gray16At(x, 0).Y, grey.Gray16At(x, h-1).Y)
	}
	for y := range h {
		border = append(border, grey.Gray16At(0, y).Y, grey.Gray16At(w-1, y).Y)
	}
	slices.Sort(border)
	return border[len(border)/2]
}

// extractInk replaces each pixel by how far it is from the paper, towards the
// side of the scale on which the farthest lies, with that the brightest. It
// returns false where nothing stands out.
func extractInk(grey *image.Gray16, paper uint16) bool {
	darkest, brightest := paper, paper
	each(grey, func(v uint16) uint16 {
		darkest, brightest = min(darkest, v), max(brightest, v)
		return v
	})
	each(grey, func(v uint16) uint16 {
		if paper-darkest > brightest-paper {
			return paper - min(v, paper)
		}
		return max(v, paper) - paper
	})
	return stretch(grey) >= math.MaxUint16/16
}

// stretch scales pixels so that the brightest becomes white. It returns how
// bright that was.
func stretch(grey *image.Gray16) (brightest uint16) {
	each(grey, func(v uint16) uint16 {
		brightest = max(brightest, v)
		return v
	})
	if brightest > 0 {
		each(grey, func(v uint16) uint16 { return uint16(uint32(v) * math.MaxUint16 / uint32(brightest)) })
	}
	return brightest
}

func each(grey *image.Gray16, f func(v uint16) uint16) {
	for y := range grey.Rect.Dy() {
		for x := range grey.Rect.Dx() {
			grey.SetGray16(x, y, color.Gray16{Y: f(grey.Gray16At(x, y).Y)})
		}
	}
}

// inkBounds returns the smallest rectangle around all pixels of clear ink.
func inkBounds(grey *image.Gray16) (bounds image.Rectangle) {
	for y := range grey.Rect.Dy() {
		for x := range grey.Rect.Dx() {
			if grey.Gray16At(x, y).Y > math.MaxUint16/5 {
				bounds = bounds.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return bounds
}

// fit scales the ink to 24 of 28 parts of a new picture's size and centres it.
func fit(grey *image.Gray16, ink image.Rectangle, size int) *image.Gray16 {
	longer := max(ink.Dx(), ink.Dy())
	scale := float64(size) * 24 / 28 / float64(longer)
	// Some of the paper around the ink comes along, so that edges stay soft.
	from := ink.Inset(-(longer + 23) / 24).Intersect(grey.Rect)
	at := func(v, lo, hi int) int {
		middle := float64(lo+hi) / 2
		return int(math.Round(float64(size)/2 + (float64(v)-middle)*scale))
	}
	to := image.Rect(
		at(from.Min.X, ink.Min.X, ink.Max.X), at(from.Min.Y, ink.Min.Y, ink.Max.Y),
		at(from.Max.X, ink.Min.X, ink.Max.X), at(from.Max.Y, ink.Min.Y, ink.Max.Y))
	fitted := image.NewGray16(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(fitted, to, grey, from, draw.Src, nil)
	return fitted
}

func unitValues(grey *image.Gray16) []float32 {
	var v []float32
	for y := range grey.Rect.Dy() {
		for x := range grey.Rect.Dx() {
			v = append(v, float32(grey.Gray16At(x, y).Y)/math.MaxUint16)
		}
	}
	return v
}
