package data

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"golang.org/x/image/draw"

	"github.com/mlodyssey/odyssey/random"
)

// photo makes planes that no conversion of colours has to cut: of samples that have nothing to do with each other.
func photo(w, h int, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	im, r := image.NewYCbCr(image.Rect(0, 0, w, h), ratio), random.New(uint64(w*h))
	for i := range im.Y {
		im.Y[i] = uint8(80 + r.IntN(96))
	}
	for i := range im.Cb {
		im.Cb[i], im.Cr[i] = uint8(108+r.IntN(40)), uint8(108+r.IntN(40))
	}
	return im
}

// Photographs are resized plane by plane, to what comes out where each pixel's colour is looked up first.
func TestPlanesAreResizedAsColoursAre(t *testing.T) {
	sizes := [][4]int{{64, 48, 16, 16}, {37, 41, 9, 13}, {5, 7, 31, 20}, {1, 1, 4, 3}, {9, 2, 1, 1}, {50, 50, 50, 10}, {33, 17, 32, 18}}
	for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
		for _, s := range sizes {
			im := photo(s[0], s[1], ratio)
			for _, channels := range []int{1, 3} {
				small := &resizer{width: s[2], height: s[3], channels: channels}
				got, want := make([]float32, channels*s[2]*s[3]), make([]float32, channels*s[2]*s[3])
				small.convert(im, got)
				small.convert(pixelwise(im), want)
				if d := furthest(got, want); d > 1.01 {
					t.Errorf("%v of %d×%d to %d×%d, %d channels: off by %.2f of 255", ratio, s[0], s[1], s[2], s[3], channels, d)
				}
			}
		}
	}
}

// pixelwise looks up the colour of each pixel, without rounding it to 8 bits.
func pixelwise(im *image.YCbCr) image.Image {
	out := image.NewRGBA64(im.Rect)
	draw.Draw(out, out.Rect, im, image.Point{}, draw.Src)
	return out
}

func furthest(a, b []float32) (d float64) {
	for i := range a {
		d = max(d, 255*math.Abs(float64(a[i]-b[i])))
	}
	return d
}

// One colour stays that colour, black and white and what lies beyond them too.
func TestResizedPlanesOfOneColour(t *testing.T) {
	for _, c := range []color.YCbCr{{0, 128, 128}, {255, 128, 128}, {120, 90, 200}, {255, 255, 255}, {0, 0, 0}, {76, 85, 255}} {
		im := image.NewYCbCr(image.Rect(0, 0, 19, 23), image.YCbCrSubsampleRatio420)
		for i := range im.Y {
			im.Y[i] = c.Y
		}
		for i := range im.Cb {
			im.Cb[i], im.Cr[i] = c.Cb, c.Cr
		}
		small := &resizer{width: 5, height: 6, channels: 3}
		x := make([]float32, 90)
		small.convert(im, x)
		r, g, b := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
		for i, v := range x {
			if want := [3]uint8{r, g, b}[i/30]; math.Abs(float64(255*v)-float64(want)) > 1.01 {
				t.Fatalf("%v: value %d is %v, want %d", c, i, 255*v, want)
			}
		}
	}
}

// Photographs of several sizes share a resizer's memory.
func TestResizedPlanesOfSeveralSizes(t *testing.T) {
	small := &resizer{width: 8, height: 8, channels: 3}
	for range 2 {
		for _, w := range []int{64, 5, 200, 33} {
			im := photo(w, w+1, image.YCbCrSubsampleRatio420)
			got, want := make([]float32, 192), make([]float32, 192)
			small.convert(im, got)
			fresh := &resizer{width: 8, height: 8, channels: 3}
			fresh.convert(im, want)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%d wide: other values than alone", w)
			}
		}
	}
}
