package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
)

// A convolution works on blocks of 16 images. A batch of many blocks is shared
// out by the block; in one of few blocks, each is cut into the parts that the
// kernels offer, so that all processors have work.

// manyBlocks is how many blocks keep the processors busy.
var manyBlocks = 8

// blocksOf returns how many blocks hold a batch.
func blocksOf(images int) int { return kernel.Blocks(images, kernel.Lanes) }

// blockConv is a convolution of blocks, from one layout to another, in parts.
type blockConv[T kernel.Float] struct {
	from, to kernel.Block
	parts    int
	scratch  int // elements that a part needs
	part     func(part int, to, from, scratch []T)
}

// run convolves images that lie one after the other.
func (c *blockConv[T]) run(pool *parallel.Scratch[T], images int, dst, src []T) {
	if blocksOf(images) >= manyBlocks {
		c.byBlock(pool, images, dst, src)
		return
	}
	scratch := pool.Get(blocksOf(images)*(c.from.Len()+c.to.Len()) + kernel.AlignSlack)
	defer pool.Put(scratch)
	rest := kernel.Aligned(*scratch)
	from, to := cutLanes(&rest, c.from, images), cutLanes(&rest, c.to, images)
	from.load(src)
	eachBlockPart(images, c.parts, func(block, part int) {
		own := pool.Get(c.scratch)
		defer pool.Put(own)
		c.part(part, to.block(block), from.block(block), *own)
	})
	to.store(dst)
}

// byBlock takes one block after the other through all of it.
func (c *blockConv[T]) byBlock(pool *parallel.Scratch[T], images int, dst, src []T) {
	fromImage, toImage := len(src)/images, len(dst)/images
	eachBlock(pool, images, c.from.Len()+c.to.Len()+c.scratch+kernel.AlignSlack, func(lo, hi int, scratch []T) {
		rest := kernel.Aligned(scratch)
		from, to := cutLanes(&rest, c.from, 1).block(0), cutLanes(&rest, c.to, 1).block(0)
		kernel.ToLanes(c.from, from, hi-lo, src[lo*fromImage:])
		for part := range c.parts {
			c.part(part, to, from, rest)
		}
		kernel.FromLanes(c.to, dst[lo*toImage:hi*toImage], hi-lo, to)
	})
}

// eachBlock calls body for blocks of 16 images [lo, hi).
func eachBlock[T kernel.Float](pool *parallel.Scratch[T], images, scratch int, body func(lo, hi int, scratch []T)) {
	parallel.For(images, kernel.Lanes, func(lo, hi int) {
		s := pool.Get(scratch)
		defer pool.Put(s)
		body(lo, hi, *s)
	})
}

// eachBand calls body for every band of every block, of images [lo, hi).
func eachBand[T kernel.Float](pool *parallel.Scratch[T], images, bands, scratch int, body func(lo, hi, band int, scratch []T)) {
	eachBlockPart(images, bands, func(block, band int) {
		s := pool.Get(scratch)
		defer pool.Put(s)
		lo := block * kernel.Lanes
		body(lo, min(lo+kernel.Lanes, images), band, *s)
	})
}

// eachBlockPart calls body for every part of every block.
func eachBlockPart(images, parts int, body func(block, part int)) {
	parallel.For(blocksOf(images)*parts, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			body(i/parts, i%parts)
		}
	})
}

// lanes is a batch held in blocks.
type lanes[T kernel.Float] struct {
	layout kernel.Block
	images int
	blocks []T
}

// cutLanes takes the blocks of a batch off scratch, which begins at a cache line.
func cutLanes[T kernel.Float](scratch *[]T, layout kernel.Block, images int) lanes[T] {
	n := blocksOf(images) * layout.Len()
	l := lanes[T]{layout, images, (*scratch)[:n]}
	*scratch = (*scratch)[n:]
	return l
}

// block returns one block.
func (l lanes[T]) block(i int) []T { return l.blocks[i*l.layout.Len():][:l.layout.Len()] }

// load fills the blocks from images that lie one after the other.
func (l lanes[T]) load(src []T) {
	l.eachPiece(func(block, first, images, lo, hi int) {
		kernel.ToLanesChannels(l.layout, l.block(block), images, src[first:], lo, hi)
	})
}

// store stores the images one after the other.
func (l lanes[T]) store(dst []T) {
	l.eachPiece(func(block, first, images, lo, hi int) {
		kernel.FromLanesChannels(l.layout, dst[first:], images, l.block(block), lo, hi)
	})
}

// eachPiece calls body for some channels of a block, whose images begin at
// element first of the batch.
func (l lanes[T]) eachPiece(body func(block, first, images, lo, hi int)) {
	c := l.layout.Channels
	image := c * l.layout.Height * l.layout.Width
	some := max(1, grain*c/l.layout.Len()) // channels of about grain elements
	pieces := (c + some - 1) / some
	eachBlockPart(l.images, pieces, func(block, piece int) {
		lo := piece * some
		images := min(kernel.Lanes, l.images-block*kernel.Lanes)
		body(block, block*kernel.Lanes*image, images, lo, min(lo+some, c))
	})
}
