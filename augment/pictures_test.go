package augment

import (
	"math"

	"github.com/mlodyssey/odyssey/data/glyphs"
)

// glyph is a handwritten character.
func glyph() *Image {
	var pix [glyphs.Size * glyphs.Size]uint8
	glyphs.Draw(pix[:], 26, 1, 3)
	im := NewImage(1, glyphs.Size, glyphs.Size)
	im.FromUint8(pix[:])
	return im
}

// scene is a coloured picture in 8 bits a value: a sky that gets lighter, a sun,
// a hill, and a house.
func scene(h, w int) *Image {
	im := NewImage(3, h, w)
	for y := range h {
		for x := range w {
			u, v := (float64(x)+0.5)/float64(w), (float64(y)+0.5)/float64(h)
			for c, value := range sceneAt(u, v) {
				im.plane(c)[y*w+x] = unit(uint8(value))
			}
		}
	}
	return im
}

func sceneAt(u, v float64) [3]float64 {
	switch {
	case math.Hypot(u-0.78, v-0.22) < 0.14:
		return [3]float64{250, 215, 60}
	case u > 0.2 && u < 0.5 && v > 0.5 && v < 0.8:
		return [3]float64{190, 70, 50}
	case math.Abs(u-0.35) < v-0.3 && v <= 0.5:
		return [3]float64{90, 50, 60}
	case v > 0.75-float64(0.3*u)*u:
		return [3]float64{60, 90 + float64(80*v), 50}
	}
	return [3]float64{80 + float64(60*v), 130 + float64(60*v), 200}
}
