package augment

import "math"

// Interpolation says what the value of a place between pixels is.
type Interpolation uint8

// The ways of interpolation.
const (
	Bilinear Interpolation = iota // of 2×2 pixels
	Nearest                       // of the nearest pixel
	Bicubic                       // of 4×4 pixels, by Keys' cubic with a = -1/2, kept within [0,1]
)

var interpolations = []string{"bilinear", "nearest", "bicubic"}

func (Interpolation) names() []string { return interpolations }

func (i Interpolation) String() string { return nameOf(i, uint64(i)) }

// Sampling is how a warp reads its source: pixels outside of it count as Fill.
type Sampling struct {
	Interpolation Interpolation `set:"interpolation" doc:"how values between pixels are computed"`
	Fill          float64       `set:"fill" of:"0..1" doc:"value outside of the image"`
}

// Places are counted in 2^-32 of a pixel: sums of steps are then exact, and
// whole pixels, halves and quarters are met exactly.
const one = 1 << 32

// fixed returns a place or step in these units, rounded to the nearest.
func fixed(v float64) int64 { return int64(math.RoundToEven(v * one)) }

// sampler reads one plane between its pixels. It has a margin of fill around it,
// as wide as an interpolation reaches, so that the inner loops know no border.
type sampler struct {
	Interpolation
	pix            []float32
	stride, origin int
	lowX, lowY     int64 // the places from which a pixel is reached
	highX, highY   int64 // and those from which none is any more
	fill           float32
}

// reach is how far from a place an interpolation looks, in pixels.
func (i Interpolation) reach() int {
	if i == Bicubic {
		return 2
	}
	return 1
}

func (s Sampling) sampler(scratch, src *Image, channel int) sampler {
	reach := s.Interpolation.reach()
	m := reach + 1
	h, w := src.Height, src.Width
	scratch.Reset(1, h+2*m, w+2*m)
	stride := w + 2*m
	fill(scratch.Pix, float32(s.Fill))
	plane := src.plane(channel)
	for y := range h {
		copy(scratch.Pix[(y+m)*stride+m:], plane[y*w:][:w])
	}
	low := int64(-reach) * one
	return sampler{
		Interpolation: s.Interpolation,
		pix:           scratch.Pix, stride: stride, origin: m*stride + m,
		lowX: low, lowY: low,
		highX: int64(w+reach-1) * one, highY: int64(h+reach-1) * one,
		fill: float32(s.Fill),
	}
}

// at returns the value of a place.
func (s *sampler) at(x, y int64) float32 {
	if x < s.lowX || x >= s.highX || y < s.lowY || y >= s.highY {
		return s.fill
	}
	return s.inside(x, y)
}

func (s *sampler) inside(x, y int64) float32 {
	switch s.Interpolation {
	case Nearest:
		return s.pix[s.origin+int((y+one/2)>>32)*s.stride+int((x+one/2)>>32)]
	case Bicubic:
		return s.cubic(x, y)
	}
	i := s.origin + int(y>>32)*s.stride + int(x>>32)
	fx, fy := fraction(x), fraction(y)
	top := lerp(s.pix[i], s.pix[i+1], fx)
	return lerp(top, lerp(s.pix[i+s.stride], s.pix[i+s.stride+1], fx), fy)
}

func fraction(x int64) float32 { return float32(int32(uint32(x)>>8)) * 0x1p-24 }

func (s *sampler) cubic(x, y int64) float32 {
	wx, wy := cubicWeights(fraction(x)), cubicWeights(fraction(y))
	i := s.origin + int(y>>32-1)*s.stride + int(x>>32-1)
	var v float32
	for r, a := range wy {
		row := s.pix[i+r*s.stride:][:4]
		sum := float32(wx[0] * row[0])
		sum += float32(wx[1] * row[1])
		sum += float32(wx[2] * row[2])
		sum += float32(wx[3] * row[3])
		v += float32(a * sum)
	}
	return clamp(v)
}

// cubicWeights are those of the pixels at -1, 0, 1 and 2 for a place f of [0,1).
// Keys, "Cubic convolution interpolation for digital image processing", 1981.
func cubicWeights(f float32) [4]float32 {
	var w [4]float32
	for i := range w {
		w[i] = float32(cubicFilter(float64(f) - float64(i-1)))
	}
	return w
}

// line fills dst with the values at x, x + dx, … and y, y + dy, ….
func (s *sampler) line(dst []float32, x, y, dx, dy int64) {
	// The places that reach the image are neighbours of each other.
	lo, hi := 0, len(dst)
	for lo < hi && !s.reaches(x+int64(lo)*dx, y+int64(lo)*dy) {
		dst[lo] = s.fill
		lo++
	}
	for lo < hi && !s.reaches(x+int64(hi-1)*dx, y+int64(hi-1)*dy) {
		hi--
		dst[hi] = s.fill
	}
	x, y, dst = x+int64(lo)*dx, y+int64(lo)*dy, dst[lo:hi]
	if s.Interpolation == Bilinear {
		s.bilinear(dst, x, y, dx, dy)
		return
	}
	for i := range dst {
		dst[i] = s.inside(x, y)
		x, y = x+dx, y+dy
	}
}

func (s *sampler) reaches(x, y int64) bool {
	return x >= s.lowX && x < s.highX && y >= s.lowY && y < s.highY
}

// bilinear is the loop in which nearly all time is spent.
func (s *sampler) bilinear(dst []float32, x, y, dx, dy int64) {
	pix, stride := s.pix[s.origin-s.stride-1:], s.stride
	x, y = x+one, y+one // counted from the margin, so that nothing is negative
	for i := range dst {
		at := int(uint64(y)>>32)*stride + int(uint64(x)>>32)
		top := pix[at:][:2]
		bottom := pix[at+stride:][:2]
		fx, fy := fraction(x), fraction(y)
		a := top[0] + float32(fx*(top[1]-top[0]))
		b := bottom[0] + float32(fx*(bottom[1]-bottom[0]))
		dst[i] = a + float32(fy*(b-a))
		x, y = x+dx, y+dy
	}
}
