package augment

import "math"

// MotionBlur smooths an image along a line, as a hand or camera that moved does.
type MotionBlur struct {
	Length  Range `set:"length" of:"0..64" doc:"length of the line, in pixels"`
	Degrees Range `set:"degrees" of:"-360..360" one:"around 0" doc:"direction of the line, counter-clockwise from the right"`
}

var _ = register(Row{
	Name: "motion-blur", Kind: Filters, Default: MotionBlur{Length: Range{0, 4}, Degrees: Within(180)},
	Formula: "the mean of x at 2·⌈length⌉ + 1 places evenly along a line around each pixel, bilinear; the border repeats its pixel", Draws: "2", Identity: "length=0", Show: "length=6,degrees=30..30",
})

// Apply implements Transform.
func (t MotionBlur) Apply(dst, src *Image, w *Work) {
	length, degrees := t.Length.draw(w), t.Degrees.draw(w)
	sin, cos := sinCos(degrees)
	radius := int(math.Ceil(length/2)) + 1
	wide := w.take()
	defer w.give()
	Outside{Border: Edge}.window(wide, src, -radius, -radius, src.Height+2*radius, src.Width+2*radius)
	dst.like(src)
	if len(src.Pix) == 0 {
		return
	}
	line := w.take()
	defer w.give()
	line.Reset(1, 1, src.Width)

	n := 2*int(math.Ceil(length)) + 1
	clear(dst.Pix)
	scratch := w.take()
	defer w.give()
	for c := range src.Channels {
		from := Sampling{}.sampler(scratch, wide, c)
		plane := dst.plane(c)
		for k := range n {
			along := 0.0
			if n > 1 {
				along = float64(length*float64(k))/float64(n-1) - length/2
			}
			x, y := fixed(float64(radius)+float64(along*cos)), fixed(float64(radius)-float64(along*sin))
			for r := range src.Height {
				from.line(line.Pix, x, y+int64(r)*one, one, 0)
				addScaled(plane[r*src.Width:][:src.Width], line.Pix, 1)
			}
		}
	}
	for i, v := range dst.Pix {
		dst.Pix[i] = clamp(v / float32(n))
	}
}
