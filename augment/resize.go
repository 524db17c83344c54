package augment

import "math"

// Filter is how an image gets another size.
type Filter struct {
	Interpolation Interpolation `set:"interpolation" doc:"how pixels are weighted"`
	Antialias     bool          `set:"antialias" doc:"widen the filter where the image gets smaller, so that every pixel counts"`
}

// Resize brings an image to a size.
type Resize struct {
	Extent
	Filter
}

var _ = register(Row{
	Name: "resize", Kind: Size, Default: Resize{Filter: Filter{Antialias: true}},
	Formula: "y = Σ k((j + ½)/s − (i + ½)/s')·x[i] / Σ k, columns first, then rows; k is a triangle or Keys' cubic with a = −½, cut at the border, and with antialias stretched where the image gets smaller; nearest: x[⌊(i + ½)·s⌋], in whole numbers",
	Draws:   "0", Identity: "height=0,width=0", Show: "height=14,width=20",
})

// Apply implements Transform.
func (t Resize) Apply(dst, src *Image, w *Work) {
	height, width := t.Extent.of(src.Height, src.Width)
	t.Filter.resize(dst, src, w, height, width)
}

func (f Filter) resize(dst, src *Image, w *Work, height, width int) {
	if height == src.Height && width == src.Width {
		dst.copyOf(src)
		return
	}
	dst.Reset(src.Channels, height, width)
	if len(src.Pix) == 0 {
		clear(dst.Pix)
		return
	}
	if f.Interpolation == Nearest {
		nearest(dst, src)
		return
	}
	narrow := w.take() // of the new width, with the old height
	defer w.give()
	narrow.Reset(src.Channels, src.Height, width)
	t := f.taps(w, src.Width, width)
	for y := range src.Channels * src.Height {
		t.alongLine(narrow.Pix[y*width:][:width], src.Pix[y*src.Width:][:src.Width])
	}
	t = f.taps(w, src.Height, height)
	for c := range src.Channels {
		t.acrossLines(dst.plane(c), narrow.plane(c), width)
	}
	for i, v := range dst.Pix {
		dst.Pix[i] = clamp(v)
	}
}

func nearest(dst, src *Image) {
	for c := range src.Channels {
		from, to := src.plane(c), dst.plane(c)
		for y := range dst.Height {
			line := from[under(y, src.Height, dst.Height)*src.Width:][:src.Width]
			for x := range dst.Width {
				to[y*dst.Width+x] = line[under(x, src.Width, dst.Width)]
			}
		}
	}
}

// under returns which of n pixels lies under the middle of pixel i of m; on a
// border of two, the later.
func under(i, n, m int) int { return (2*i + 1) * n / (2 * m) }

// taps says which pixels of a line make each of another: weight[i·most + k] is
// that of pixel first[i] + k for pixel i, 0 where there is none.
type taps struct {
	first  []int
	weight []float64
	most   int
}

// taps works out the filter from n pixels to m.
func (f Filter) taps(w *Work, n, m int) taps {
	scale := float64(n) / float64(m)
	stretch := 1.0
	if f.Antialias {
		stretch = max(1, scale)
	}
	support := float64(f.Interpolation.support() * stretch)
	t := taps{most: 2*int(math.Ceil(support)) + 1}
	w.first = grow(w.first, m)
	t.first, t.weight = w.first, w.floats(m*t.most)
	clear(t.weight)
	for i := range m {
		centre := float64((float64(i) + 0.5) * scale)
		lo := max(0, int(centre-support+0.5))
		hi := min(n, int(centre+support+0.5))
		t.first[i] = lo
		weights := t.weight[i*t.most:][:hi-lo]
		total := 0.0
		for k := range weights {
			weights[k] = f.Interpolation.filter((float64(lo+k) - centre + 0.5) / stretch)
			total += weights[k]
		}
		for k := range weights {
			weights[k] /= total
		}
	}
	return t
}

func (i Interpolation) support() float64 { return float64(i.reach()) }

func (i Interpolation) filter(x float64) float64 {
	if i == Bicubic {
		return cubicFilter(x)
	}
	return max(0, 1-math.Abs(x))
}

// cubicFilter is Keys' cubic with a = -1/2.
func cubicFilter(x float64) float64 {
	x = math.Abs(x)
	const a = -0.5
	switch {
	case x < 1:
		return float64((float64((a+2)*x)-(a+3))*float64(x*x)) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

func (t taps) alongLine(dst, src []float32) {
	for i := range dst {
		lo := t.first[i]
		sum := 0.0
		for k, v := range src[lo:min(lo+t.most, len(src))] {
			sum += float64(t.weight[i*t.most+k] * float64(v))
		}
		dst[i] = float32(sum)
	}
}

func (t taps) acrossLines(dst, src []float32, width int) {
	for i := range len(t.first) {
		for x := range width {
			sum := 0.0
			for k, weight := range t.weight[i*t.most:][:t.most] {
				if at := (t.first[i]+k)*width + x; at < len(src) {
					sum += float64(weight * float64(src[at]))
				}
			}
			dst[i*width+x] = float32(sum)
		}
	}
}
