package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
)

// convForwardFlat is convForward for a few images, which would leave most of a
// block's lanes empty.
func convForwardFlat[T kernel.Float](pool *parallel.Scratch[T], plan *kernel.ConvPlan, images int, y, x, w, bias []T, e kernel.Epilogue) {
	xSize, ySize := len(x)/max(1, images), len(y)/max(1, images)
	flat := pool.Get(images * plan.FlatInput())
	defer pool.Put(flat)
	image := func(i int) []T { return (*flat)[i*plan.FlatInput():][:plan.FlatInput()] }
	parallel.For(images, 1+grain/plan.FlatInput(), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			kernel.FlattenImage(plan, image(i), x[i*xSize:])
		}
	})
	parts := plan.FlatParts()
	parallel.For(images*parts, 1, func(lo, hi int) {
		scratch := pool.Get(plan.FlatScratch())
		defer pool.Put(scratch)
		for p := lo; p < hi; p++ {
			i := p / parts
			kernel.ConvForwardFlat(plan, p%parts, y[i*ySize:(i+1)*ySize], image(i), w, bias, *scratch, e)
		}
	})
}
