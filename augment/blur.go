package augment

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// GaussianBlur smooths an image.
type GaussianBlur struct {
	Size  int   `set:"size" of:"0..255" doc:"width of the filter, an odd number of pixels; 0 for three deviations to each side"`
	Sigma Range `set:"sigma" of:"0..50" doc:"deviation of the Gaussian, in pixels"`
}

var _ = register(Row{
	Name: "blur", Kind: Filters, Default: GaussianBlur{Sigma: Range{0.1, 1}},
	Formula: "y = Σ g(i)·g(j)·x[r + i, c + j], g(i) = exp(−i²/2σ²)/Σ; columns first, then rows; the border reflects", Draws: "1", Identity: "sigma=0", Show: "sigma=1.5",
})

func (t GaussianBlur) check() error {
	if t.Size > 0 && t.Size%2 == 0 {
		return fmt.Errorf("size=%d, want an odd number, or 0", t.Size)
	}
	return nil
}

// Apply implements Transform.
func (t GaussianBlur) Apply(dst, src *Image, w *Work) {
	sigma := t.Sigma.draw(w)
	radius := t.Size / 2
	if t.Size == 0 {
		radius = radiusOf(sigma)
	}
	gaussianBlur(dst, src, w, sigma, radius)
	for i, v := range dst.Pix {
		dst.Pix[i] = clamp(v)
	}
}

// radiusOf is how far a Gaussian is taken: beyond three deviations little is left.
func radiusOf(sigma float64) int { return int(math.Ceil(3 * sigma)) }

func gaussianBlur(dst, src *Image, w *Work, sigma float64, radius int) {
	if sigma < 1e-3 || radius == 0 {
		dst.copyOf(src)
		return
	}
	weights := gaussian(w.floats(2*radius+1), sigma)
	wide := w.take()
	defer w.give()
	Outside{Border: Reflect}.window(wide, src, -radius, -radius, src.Height+2*radius, src.Width+2*radius)
	dst.like(src)
	half := w.take() // smoothed along rows
	defer w.give()
	half.Reset(1, wide.Height, src.Width)
	for c := range src.Channels {
		clear(half.Pix)
		from := wide.plane(c)
		for y := range wide.Height {
			line := half.Pix[y*src.Width:][:src.Width]
			for k, g := range weights {
				addScaled(line, from[y*wide.Width+k:], float32(g))
			}
		}
		to := dst.plane(c)
		clear(to)
		for y := range src.Height {
			line := to[y*src.Width:][:src.Width]
			for k, g := range weights {
				addScaled(line, half.Pix[(y+k)*src.Width:], float32(g))
			}
		}
	}
}

// gaussian fills weights, that sum to 1, around the middle one.
func gaussian(weights []float64, sigma float64) []float64 {
	total := 0.0
	for i := range weights {
		d := float64(i-len(weights)/2) / sigma
		weights[i] = kernel.Exp64(-0.5 * float64(d*d))
		total += weights[i]
	}
	for i := range weights {
		weights[i] /= total
	}
	return weights
}

func addScaled(dst, src []float32, factor float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] += float32(factor * v)
	}
}
