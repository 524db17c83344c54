package augment

// Elastic moves each pixel on its own, neighbours in about the same direction:
// what an unsteady hand does.
type Elastic struct {
	Alpha Range   `set:"alpha" of:"0..1000" doc:"factor of the displacements, in pixels"`
	Sigma float64 `set:"sigma" of:"0.5..50" doc:"standard deviation of the Gaussian that smooths the displacements, in pixels"`
	Sampling
}

var _ = register(Row{
	Name: "elastic", Kind: Geometry, Default: Elastic{Alpha: Exactly(34), Sigma: 4},
	Formula: "p(x) = q(x + alpha·(G(sigma) ∗ u)(x)), u uniform in [−1,1] for each pixel and axis",
	Draws:   "1, and 2 a pixel", Identity: "alpha=0",
	Paper: "Simard et al., “Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis”, 2003",
})

// Apply implements Transform.
func (t Elastic) Apply(dst, src *Image, w *Work) {
	alpha := t.Alpha.draw(w)
	moves := w.take()
	defer w.give()
	moves.Reset(2, src.Height, src.Width)
	for i := range moves.Pix {
		moves.Pix[i] = float32(2*w.Random.Float32()) - 1
	}
	smooth := w.take()
	defer w.give()
	gaussianBlur(smooth, moves, w, t.Sigma, radiusOf(t.Sigma))
	for i, v := range smooth.Pix {
		smooth.Pix[i] = float32(v * float32(alpha))
	}
	t.displace(dst, src, w, smooth)
}

// displace reads each pixel at a distance from its place, to the right and down,
// in pixels.
func (t Elastic) displace(dst, src *Image, w *Work, by *Image) {
	dst.like(src)
	scratch := w.take()
	defer w.give()
	right, down := by.plane(0), by.plane(1)
	for c := range src.Channels {
		from := t.sampler(scratch, src, c)
		plane := dst.plane(c)
		for i := range plane {
			x, y := i%dst.Width, i/dst.Width
			plane[i] = from.near(float64(x)+0.5+float64(right[i]), float64(y)+0.5+float64(down[i]))
		}
	}
}
