package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
)

// Where each channel has a filter of its own, whole tensors are convolved plane by plane
// as they lie, if there are kernels for that. Else they are some channels at a time: those
// of 16 images are brought into lanes, convolved and brought back while they are in the cache.

// depthwise is such a convolution in pieces.
type depthwise struct {
	plan, padded     *kernel.ConvPlan // of the channels of a piece; with zeros for padding, for gradients of weights
	images, pieces   int
	x, y, w, filters int // elements of a piece of an image, of its weights and filters
}

// pieceElements is how many elements of blocks a piece may have.
const pieceElements = 1 << 16

// depthwise returns the convolution in pieces, or nil where a channel has several
// filters, or a filter several channels.
func (c Conv2DConfig) depthwise(images int, x, w []int) *depthwise {
	if x[1] != c.groups() || w[0] != x[1] {
		return nil
	}
	whole := c.shape(x, w)
	plane := max(whole.X().Plane(), whole.Y().Plane())
	pieces := min(x[1], max(2*x[1]*plane/pieceElements, 2*manyBlocks/max(1, blocksOf(images)), 1))
	for x[1]%pieces != 0 {
		pieces++
	}
	some := x[1] / pieces
	s := c.shape([]int{x[0], some, x[2], x[3]}, []int{some, 1, w[2], w[3]})
	s.Groups = some
	return &depthwise{
		plan: convPlans.inChannels(s, s.X(), x[1]), padded: convPlans.inChannels(s, s.PaddedX(), x[1]), images: images, pieces: pieces,
		x: some * x[2] * x[3], y: some * s.OutH() * s.OutW(), w: some * w[2] * w[3], filters: some,
	}
}

// eachPlanes calls do for some planes of a batch at a time.
func eachPlanes[T kernel.Float](pool *parallel.Scratch[T], plan *kernel.ConvPlan, images int, do func(lo, hi int, scratch []T)) {
	s := plan.Shape
	some := 1 + grain/max(s.Height*s.Width, s.OutH()*s.OutW())
	parallel.For(images*s.Channels, some, func(lo, hi int) {
		scratch := pool.Get(plan.PlanesScratch())
		defer pool.Put(scratch)
		do(lo, hi, *scratch)
	})
}

// eachDepthwise calls do for every piece of every block of 16 images, with where they begin
// in x, y, the weights and the filters.
func eachDepthwise[T kernel.Float](d *depthwise, pool *parallel.Scratch[T], scratch int, do func(block, images, x, y, w, filter int, scratch []T)) {
	eachBlockPart(d.images, d.pieces, func(block, piece int) {
		s := pool.Get(scratch)
		defer pool.Put(s)
		first := block * kernel.Lanes
		do(block, min(kernel.Lanes, d.images-first), (first*d.pieces+piece)*d.x, (first*d.pieces+piece)*d.y, piece*d.w, piece*d.filters, *s)
	})
}
