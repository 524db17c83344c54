package augment

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Affine rotates, shears, scales and shifts an image about its middle, all in one
// resampling.
type Affine struct {
	Degrees Range `set:"degrees" of:"-360..360" one:"around 0" doc:"angle, counter-clockwise"`
	X       Range `set:"x" of:"-1..1" one:"around 0" doc:"shift to the right, as a fraction of the width"`
	Y       Range `set:"y" of:"-1..1" one:"around 0" doc:"shift down, as a fraction of the height"`
	Scale   Range `set:"scale" of:"0.05..20" one:"around 1" doc:"factor of size"`
	ShearX  Range `set:"shear-x" of:"-4..4" one:"around 0" doc:"slope of columns: pixels to the right for each pixel above the middle"`
	ShearY  Range `set:"shear-y" of:"-4..4" one:"around 0" doc:"slope of rows: pixels up for each pixel to the right of the middle"`
	Sampling
}

var _ = register(Row{
	Name: "affine", Kind: Geometry,
	Default: Affine{Degrees: Within(10), X: Within(0.1), Y: Within(0.1), Scale: Range{0.9, 1.1}, ShearX: Within(0.1)},
	Formula: "p − c = scale·R(−degrees)·[1 0; −shear-y 1]·[1 −shear-x; 0 1]·(q − c) + shift, for a source's q and c its middle; one resampling",
	Draws:   "6", Identity: "degrees=0,x=0,y=0,scale=1..1,shear-x=0,shear-y=0", Show: "degrees=15..15,x=0.1..0.1,y=0.05..0.05,scale=0.8..0.8,shear-x=0.3..0.3",
})

// Apply implements Transform.
func (t Affine) Apply(dst, src *Image, w *Work) {
	t.Sampling.warp(dst, src, w, affine{
		degrees: t.Degrees.draw(w),
		x:       t.X.draw(w), y: t.Y.draw(w),
		scale:  t.Scale.draw(w),
		shearX: t.ShearX.draw(w), shearY: t.ShearY.draw(w),
	})
}

// Rotate turns an image about its middle.
type Rotate struct {
	Degrees Range `set:"degrees" of:"-360..360" one:"around 0" doc:"angle, counter-clockwise"`
	Sampling
}

var _ = register(Row{
	Name: "rotate", Kind: Geometry, Default: Rotate{Degrees: Within(15)},
	Formula: "p − c = R(−degrees)·(q − c)", Draws: "1", Identity: "degrees=0", Show: "degrees=30..30",
})

// Apply implements Transform.
func (t Rotate) Apply(dst, src *Image, w *Work) {
	t.Sampling.warp(dst, src, w, affine{degrees: t.Degrees.draw(w), scale: 1})
}

// Shift moves an image, by parts of a pixel too.
type Shift struct {
	X Range `set:"x" of:"-1..1" one:"around 0" doc:"to the right, as a fraction of the width"`
	Y Range `set:"y" of:"-1..1" one:"around 0" doc:"down, as a fraction of the height"`
	Sampling
}

var _ = register(Row{
	Name: "shift", Kind: Geometry, Default: Shift{X: Within(0.1), Y: Within(0.1)},
	Formula: "p = q + (x·width, y·height)", Draws: "2", Identity: "x=0,y=0", Show: "x=0.2..0.2,y=-0.1..-0.1",
})

// Apply implements Transform.
func (t Shift) Apply(dst, src *Image, w *Work) {
	t.Sampling.warp(dst, src, w, affine{x: t.X.draw(w), y: t.Y.draw(w), scale: 1})
}

// Scale makes what an image shows larger or smaller; the image keeps its size.
type Scale struct {
	Factor Range `set:"factor" of:"0.05..20" one:"around 1" doc:"factor of size"`
	Sampling
}

var _ = register(Row{
	Name: "scale", Kind: Geometry, Default: Scale{Factor: Range{0.8, 1.2}},
	Formula: "p − c = factor·(q − c)", Draws: "1", Identity: "factor=1..1", Show: "factor=0.6..0.6",
})

// Apply implements Transform.
func (t Scale) Apply(dst, src *Image, w *Work) {
	t.Sampling.warp(dst, src, w, affine{scale: t.Factor.draw(w)})
}

// Shear slants an image.
type Shear struct {
	X Range `set:"x" of:"-4..4" one:"around 0" doc:"slope of columns: pixels to the right for each pixel above the middle"`
	Y Range `set:"y" of:"-4..4" one:"around 0" doc:"slope of rows: pixels up for each pixel to the right of the middle"`
	Sampling
}

var _ = register(Row{
	Name: "shear", Kind: Geometry, Default: Shear{X: Within(0.2)},
	Formula: "p − c = [1 0; −y 1]·[1 −x; 0 1]·(q − c)", Draws: "2", Identity: "x=0,y=0", Show: "x=0.4..0.4",
})

// Apply implements Transform.
func (t Shear) Apply(dst, src *Image, w *Work) {
	t.Sampling.warp(dst, src, w, affine{shearX: t.X.draw(w), shearY: t.Y.draw(w), scale: 1})
}

// affine is what was drawn.
type affine struct{ degrees, x, y, scale, shearX, shearY float64 }

// inverse returns where a pixel of the result comes from: at
// (m[0]·x + m[1]·y + m[2], m[3]·x + m[4]·y + m[5]).
func (t affine) inverse(height, width int) [6]float64 {
	sin, cos := sinCos(-t.degrees)
	a := cos + float64(sin*t.shearY)
	c := sin - float64(cos*t.shearY)
	b := -float64(t.shearX*a) - sin
	d := cos - float64(t.shearX*c)
	// [a b; c d] has the determinant 1.
	m := [6]float64{d / t.scale, -b / t.scale, 0, -c / t.scale, a / t.scale, 0}
	cx, cy := float64(width-1)/2, float64(height-1)/2
	px, py := cx+float64(t.x*float64(width)), cy+float64(t.y*float64(height))
	m[2] = cx - (float64(m[0]*px) + float64(m[1]*py))
	m[5] = cy - (float64(m[3]*px) + float64(m[4]*py))
	return m
}

// sinCos has the same bits everywhere, unlike the library's.
func sinCos(degrees float64) (sin, cos float64) {
	turn := []float64{degrees * (math.Pi / 180)}
	var s, c [1]float64
	kernel.Sin(s[:], turn)
	kernel.Cos(c[:], turn)
	return s[0], c[0]
}

// warp fills dst, of src's shape, with what an affine map brings there.
func (s Sampling) warp(dst, src *Image, w *Work, t affine) {
	dst.like(src)
	scratch := w.take()
	defer w.give()
	m := t.inverse(src.Height, src.Width)
	for _, v := range m {
		if !(math.Abs(v) <= 1<<25) { // beyond what settings within their bounds lead to, so that no place overflows
			panic(fmt.Sprintf("augment: an affine map with the settings %+v, want ones that pass Check", t))
		}
	}
	dx, dy := fixed(m[0]), fixed(m[3])
	for c := range src.Channels {
		from := s.sampler(scratch, src, c)
		plane := dst.plane(c)
		for y := range dst.Height {
			x0 := fixed(m[2] + float64(m[1]*float64(y)))
			y0 := fixed(m[5] + float64(m[4]*float64(y)))
			from.line(plane[y*dst.Width:][:dst.Width], x0, y0, dx, dy)
		}
	}
}
