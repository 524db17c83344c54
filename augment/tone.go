package augment

import "github.com/mlodyssey/odyssey/internal/kernel"

// each fills dst, of src's shape, with f of every pixel.
func each(dst, src *Image, f func(v float32) float32) {
	dst.like(src)
	for i, v := range src.Pix {
		dst.Pix[i] = f(v)
	}
}

// Brightness makes an image darker or lighter.
type Brightness struct {
	Factor Range `set:"factor" of:"0..10" one:"around 1" doc:"factor of each value"`
}

var _ = register(Row{
	Name: "brightness", Kind: Light, Default: Brightness{Factor: Range{0.6, 1.4}},
	Formula: "factor·x, clamped", Draws: "1", Identity: "factor=1..1", Show: "factor=0.5..0.5",
})

// Apply implements Transform.
func (t Brightness) Apply(dst, src *Image, w *Work) { brighten(dst, src, t.Factor.draw(w)) }

func brighten(dst, src *Image, factor float64) {
	f := float32(factor)
	each(dst, src, func(v float32) float32 { return clamp(f * v) })
}

// Contrast brings values closer to the mean or farther from it.
type Contrast struct {
	Factor Range `set:"factor" of:"0..10" one:"around 1" doc:"factor: 0 leaves only the mean, 1 changes nothing"`
}

var _ = register(Row{
	Name: "contrast", Kind: Light, Default: Contrast{Factor: Range{0.6, 1.4}},
	Formula: "factor·x + (1 − factor)·m, clamped, m the mean of the grey image", Draws: "1", Identity: "factor=1..1", Show: "factor=0.4..0.4",
})

// Apply implements Transform.
func (t Contrast) Apply(dst, src *Image, w *Work) { contrast(dst, src, t.Factor.draw(w)) }

func contrast(dst, src *Image, factor float64) {
	f, m := float32(factor), meanGrey(src)
	each(dst, src, func(v float32) float32 { return blend(v, m, f) })
}

// meanGrey sums pixel by pixel; images of other numbers of channels than three
// count as one long grey one.
func meanGrey(im *Image) float32 {
	sum, n := 0.0, len(im.Pix)
	if im.isColour() {
		n /= 3
		for i := range n {
			sum += float64(grey(im.Pix[i], im.Pix[n+i], im.Pix[2*n+i]))
		}
	} else {
		for _, v := range im.Pix {
			sum += float64(v)
		}
	}
	return float32(sum / float64(max(n, 1)))
}

// Gamma raises values to a power.
type Gamma struct {
	Power Range `set:"power" of:"0.05..20" one:"around 1" doc:"exponent: below 1 lightens, above 1 darkens; uniform in its logarithm"`
}

var _ = register(Row{
	Name: "gamma", Kind: Light, Default: Gamma{Power: Range{0.5, 2}}, Formula: "x^power", Draws: "1", Identity: "power=1..1", Show: "power=2.5..2.5",
})

// Apply implements Transform.
func (t Gamma) Apply(dst, src *Image, w *Work) {
	dst.like(src)
	kernel.PowScalar(dst.Pix, src.Pix, t.Power.logDraw(w))
	for i, v := range dst.Pix {
		dst.Pix[i] = clamp(v)
	}
}

// Invert makes a negative.
type Invert struct{}

var _ = register(Row{Name: "invert", Kind: Light, Default: Invert{}, Formula: "1 − x", Draws: "0", Identity: "p=0"})

// Apply implements Transform.
func (Invert) Apply(dst, src *Image, w *Work) {
	each(dst, src, func(v float32) float32 { return 1 - v })
}

// Solarise inverts what is bright.
type Solarise struct {
	Threshold Range `set:"threshold" of:"0..2" doc:"values of at least this are inverted"`
}

var _ = register(Row{
	Name: "solarise", Kind: Light, Default: Solarise{Threshold: Range{0.5, 1}},
	Formula: "x < threshold ? x : 1 − x", Draws: "1", Identity: "threshold=1.1", Show: "threshold=0.5",
})

// Apply implements Transform.
func (t Solarise) Apply(dst, src *Image, w *Work) { solarise(dst, src, t.Threshold.draw(w)) }

func solarise(dst, src *Image, threshold float64) {
	limit := float32(threshold)
	each(dst, src, func(v float32) float32 {
		if v < limit {
			return v
		}
		return 1 - v
	})
}

// Posterise leaves few values.
type Posterise struct {
	Bits Range `set:"bits" of:"0..8" doc:"bits kept of 8, rounded down"`
}

var _ = register(Row{
	Name: "posterise", Kind: Light, Default: Posterise{Bits: Range{4, 8}},
	Formula: "the upper bits of round(255·x), over 255; with 8 of them x as it is", Draws: "1", Identity: "bits=8", Show: "bits=2",
})

// Apply implements Transform.
func (t Posterise) Apply(dst, src *Image, w *Work) { posterise(dst, src, int(t.Bits.draw(w))) }

func posterise(dst, src *Image, bits int) {
	if bits >= 8 {
		dst.copyOf(src)
		return
	}
	mask := ^uint8(0xFF >> max(bits, 0))
	each(dst, src, func(v float32) float32 { return unit(byteOf(v) & mask) })
}
