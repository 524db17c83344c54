package augment

import "github.com/mlodyssey/odyssey/internal/kernel"

// Normalise subtracts a mean and divides by a deviation. It comes last: its values
// leave the range that the others work on. A Loader changes by it what it augments,
// and no test images: LoaderConfig.Mean and Std of package data are for both.
type Normalise struct {
	Mean float64 `set:"mean" of:"-10..10" doc:"subtracted"`
	Std  float64 `set:"std" of:"1e-6..1e6" doc:"divisor"`
}

var _ = register(Row{
	Name: "normalise", Kind: Light, Default: Normalise{Mean: 0.5, Std: 0.5}, Formula: "(x − mean)/std", Draws: "0", Identity: "mean=0,std=1",
})

// Apply implements Transform.
func (t Normalise) Apply(dst, src *Image, w *Work) {
	dst.like(src)
	kernel.SubScalar(dst.Pix, src.Pix, float32(t.Mean))
	kernel.DivScalar(dst.Pix, dst.Pix, float32(t.Std))
}
