package augment

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Normalise subtracts a mean and divides by a deviation. It comes last: its values
// leave the range that the others work on. A Loader changes by it what it augments,
// and no test images: LoaderConfig.Mean and Std of package data are for both, and
// package train takes only one of the two.
type Normalise struct {
	Mean float64 `set:"mean" of:"-10..10" doc:"subtracted"`
	Std  float64 `set:"std" of:"1e-6..1e6" doc:"divisor"`
}

// normalises reports whether a transform may normalise.
func normalises(t Transform) bool {
	switch t := t.(type) {
	case Normalise, *Normalise:
		return true
	case group:
		return slices.ContainsFunc(t.parts(), normalises)
	}
	return false
}

// checkOrder returns an error where a transform works on what one before it normalises.
func checkOrder(list []Transform) error {
	for i, t := range list {
		if i < len(list)-1 && normalises(t) {
			return fmt.Errorf("%s after %s, want normalise last", Text(list[i+1]), Text(t))
		}
	}
	return nil
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
