package augment

// FlipHorizontal exchanges left and right.
type FlipHorizontal struct{}

// FlipVertical exchanges top and bottom.
type FlipVertical struct{}

var _ = register(Row{
	Name: "hflip", Kind: Geometry, Default: FlipHorizontal{}, Formula: "y[r, c] = x[r, width − 1 − c]", Draws: "0", Identity: "p=0",
})

var _ = register(Row{
	Name: "vflip", Kind: Geometry, Default: FlipVertical{}, Formula: "y[r, c] = x[height − 1 − r, c]", Draws: "0", Identity: "p=0",
})

// Apply implements Transform.
func (FlipHorizontal) Apply(dst, src *Image, w *Work) {
	dst.like(src)
	n := src.Width
	for i := 0; i+n <= len(src.Pix) && n > 0; i += n {
		from, to := src.Pix[i:][:n], dst.Pix[i:][:n]
		for k, v := range from {
			to[n-1-k] = v
		}
	}
}

// Apply implements Transform.
func (FlipVertical) Apply(dst, src *Image, w *Work) {
	dst.like(src)
	n := src.Width
	for c := range src.Channels {
		from, to := src.plane(c), dst.plane(c)
		for y := range src.Height {
			copy(to[(src.Height-1-y)*n:][:n], from[y*n:])
		}
	}
}
