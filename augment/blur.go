package augment

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// GaussianBlur smooths an image.
type GaussianBlur struct {
	Size  int   `set:"size" of:"0..255" doc:"width of the filter, an odd number of pixels; 0 for three standard deviations to each side"`
	Sigma Range `set:"sigma" of:"0..50" doc:"standard deviation of the Gaussian, in pixels"`
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
			correlate(line, from[y*wide.Width:], weights, 1)
		}
		to := dst.plane(c)
		clear(to)
		for y := range src.Height {
			line := to[y*src.Width:][:src.Width]
			correlate(line, half.Pix[y*src.Width:], weights, src.Width)
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

// correlate adds to each dst[i] weights[k]·src[i + k·step], in the order of k.
func correlate(dst, src []float32, weights []float64, step int) {
	for ; len(weights) >= 4; weights = weights[4:] {
		g0, g1, g2, g3 := float32(weights[0]), float32(weights[1]), float32(weights[2]), float32(weights[3])
		s0, s1, s2, s3 := src[:len(dst)], src[step:][:len(dst)], src[2*step:][:len(dst)], src[3*step:][:len(dst)]
		for i, v := range dst {
			v += float32(g0 * s0[i])
			v += float32(g1 * s1[i])
			v += float32(g2 * s2[i])
			dst[i] = v + float32(g3*s3[i])
		}
		src = src[min(4*step, len(src)):]
	}
	for k, g := range weights {
		addScaled(dst, src[k*step:], float32(g))
	}
}

func addScaled(dst, src []float32, factor float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] += float32(factor * v)
	}
}
