package augment

import "fmt"

// maxSide is the most pixels that a side of an image may have: places between
// pixels are counted in 2^-32 of one, in 64 bits.
const maxSide = 1 << 15

// Image is a grey image, of one channel, or a coloured one, of three: red, green
// and blue. Other numbers of channels are taken as so many grey ones.
type Image struct {
	Channels, Height, Width int
	Pix                     []float32 // [channel][row][column], from 0 (black) to 1
}

// NewImage returns a black image.
func NewImage(channels, height, width int) *Image {
	im := &Image{}
	im.Reset(channels, height, width)
	return im
}

// Reset gives an image a shape, in the same memory if that is large enough. Its
// pixels may have any value. It panics if a size is negative, or a side above
// 32,768.
func (im *Image) Reset(channels, height, width int) {
	if channels < 0 || height < 0 || width < 0 || height > maxSide || width > maxSide {
		panic(fmt.Sprintf("augment: an image of %d×%d×%d, want sizes of at least 0 and sides of at most %d", channels, height, width, maxSide))
	}
	im.Channels, im.Height, im.Width = channels, height, width
	im.Pix = grow(im.Pix, channels*height*width)
}

// String returns the shape, such as 3×32×32.
func (im *Image) String() string { return fmt.Sprintf("%d×%d×%d", im.Channels, im.Height, im.Width) }

// FromUint8 fills an image of its shape with pixels of 8 bits, each divided by
// 255. It panics if there are not as many of them.
func (im *Image) FromUint8(pix []uint8) {
	im.wantLen(len(pix))
	for i, p := range pix {
		im.Pix[i] = unit(p)
	}
}

// ToUint8 writes the pixels times 255, rounded to the nearest; what is below 0
// becomes 0, what is above 1 becomes 255. It panics if dst has another length.
func (im *Image) ToUint8(dst []uint8) {
	im.wantLen(len(dst))
	for i, v := range im.Pix {
		dst[i] = byteOf(v)
	}
}

func (im *Image) wantLen(n int) {
	if n != len(im.Pix) {
		panic(fmt.Sprintf("augment: %d bytes for an image of %v, want %d", n, im, len(im.Pix)))
	}
}

func unit(p uint8) float32 { return float32(p) / 255 }

func byteOf(v float32) uint8 { return uint8(float32(clamp(v)*255) + 0.5) }

// clamp returns the value from 0 to 1 that is nearest to v; 0 for NaN.
func clamp(v float32) float32 {
	if v > 0 {
		return min(v, 1)
	}
	return 0
}

func (im *Image) plane(c int) []float32 {
	n := im.Height * im.Width
	return im.Pix[c*n:][:n:n]
}

func (im *Image) sameShape(other *Image) bool {
	return im.Channels == other.Channels && im.Height == other.Height && im.Width == other.Width
}

// like gives an image the shape of another.
func (im *Image) like(other *Image) { im.Reset(other.Channels, other.Height, other.Width) }

func (im *Image) copyOf(other *Image) {
	im.like(other)
	copy(im.Pix, other.Pix)
}

func (im *Image) isColour() bool { return im.Channels == 3 }

func fill(s []float32, v float32) {
	for i := range s {
		s[i] = v
	}
}

// lerp returns a + f·(b - a), between a and b for f in [0,1].
func lerp(a, b, f float32) float32 { return a + float32(f*(b-a)) }
