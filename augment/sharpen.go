package augment

// Sharpen makes an image sharper, with a factor above 1, or softer.
type Sharpen struct {
	Factor Range `set:"factor" of:"0..10" one:"around 1" doc:"factor: 0 smooths, 1 changes nothing"`
}

var _ = register(Row{
	Name: "sharpen", Kind: Filters, Default: Sharpen{Factor: Range{0.5, 2}},
	Formula: "factor·x + (1 − factor)·([1 1 1; 1 5 1; 1 1 1]/13 ∗ x), clamped; the outermost pixels stay", Draws: "1", Identity: "factor=1..1", Show: "factor=4..4",
	Paper: "Pillow's ImageEnhance.Sharpness",
})

// Apply implements Transform.
func (t Sharpen) Apply(dst, src *Image, w *Work) { sharpen(dst, src, t.Factor.draw(w)) }

func sharpen(dst, src *Image, factor float64) {
	dst.copyOf(src)
	n := src.Width
	for c := range src.Channels {
		x, y := src.plane(c), dst.plane(c)
		for r := 1; r < src.Height-1; r++ {
			for i := r*n + 1; i < (r+1)*n-1; i++ {
				around := x[i-n-1] + x[i-n] + x[i-n+1] + x[i-1] + x[i+1] + x[i+n-1] + x[i+n] + x[i+n+1]
				y[i] = blend(x[i], (around+float32(5*x[i]))/13, float32(factor))
			}
		}
	}
}

// blend returns factor·x + (1 - factor)·other, from 0 to 1.
func blend(x, other, factor float32) float32 {
	return clamp(float32(factor*x) + float32((1-factor)*other))
}
