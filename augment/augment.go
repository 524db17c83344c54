// Package augment changes images at random, so that a network sees no image
// twice: rotations and other warps, crops, noise, blur, light and colour, pen
// width, erased patches, mixtures of two, and the policies of known papers.
//
// A [Transform] is a small value whose fields are its settings. It is applied
// with a [Work], the memory and the random stream of one goroutine:
//
//	policy, err := augment.Parse("rotate:degrees=10+shift:x=0.1,y=0.1")
//	…
//	var w augment.Work
//	w.Apply(policy.Each, &dst, &src, augment.ExampleStream(seed, epoch, index))
//
// Values are in [0,1], and a transform of such values gives such values;
// [Normalise], which comes last, is the only one that leaves the range. The
// source is never written to. All draws come from the stream, and all
// arithmetic rounds products before it adds them, so an image is a function of
// its source, the policy, and the stream's seed and path, on every processor.
//
// The table says what there is: see docs/augmentation.md.
package augment

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/random"
)

// Transform makes an image of another.
type Transform interface {
	// Apply gives dst the shape of the result and writes it there, using dst's
	// memory again where it is large enough. It leaves src as it is; the two share
	// no memory. Draws come from w.Random, scratch memory from w: once a Work has
	// seen an image of a size, another of that size allocates nothing.
	Apply(dst, src *Image, w *Work)
}

// The first elements of the paths of this package's random streams.
const (
	streamExample uint64 = 0x6175676d_00000001
	streamBatch   uint64 = 0x6175676d_00000002
)

// ExampleStream returns the stream for an example of an epoch.
func ExampleStream(seed uint64, epoch, index int) *random.Stream {
	return random.New(seed, streamExample, uint64(epoch), uint64(index))
}

// RepeatStream returns the stream for an example that an epoch has had so many times before: samplers
// may repeat some. The first time it is that of ExampleStream.
func RepeatStream(seed uint64, epoch, index, before int) *random.Stream {
	if before == 0 {
		return ExampleStream(seed, epoch, index)
	}
	return random.New(seed, streamExample, uint64(epoch), uint64(index), uint64(before))
}

// BatchStream returns the stream for what is done to a whole batch of an epoch.
func BatchStream(seed uint64, epoch, batch int) *random.Stream {
	return random.New(seed, streamBatch, uint64(epoch), uint64(batch))
}

// Work is what applying a transform needs beside the images: a stream of random
// numbers, and memory that is used again. A Work belongs to one goroutine. Its
// zero value is ready for use once Random is set.
type Work struct {
	Random *random.Stream

	images []*Image
	taken  int

	line   []float64 // of one pass at a time: weights, or draws
	first  []int
	counts []int
	perm   []int
}

// Apply applies a transform with draws from r.
func (w *Work) Apply(t Transform, dst, src *Image, r *random.Stream) {
	w.Random = r
	t.Apply(dst, src, w)
}

// ApplyInPlace replaces an image by its transform. It panics if the transform
// changes the shape: the memory is that of a batch, say.
func (w *Work) ApplyInPlace(t Transform, im *Image, r *random.Stream) {
	src := w.take()
	defer w.give()
	src.copyOf(im)
	im.Pix = slices.Clip(im.Pix) // what lies behind is another image's
	shape := *im
	if w.Apply(t, im, src, r); !im.sameShape(&shape) {
		panic(fmt.Sprintf("augment: %s made %v of %v, want the same shape", Text(t), im, &shape))
	}
}

// take lends a scratch image until give, which returns the one taken last.
func (w *Work) take() *Image {
	if w.taken == len(w.images) {
		w.images = append(w.images, &Image{})
	}
	w.taken++
	return w.images[w.taken-1]
}

func (w *Work) give() { w.taken-- }

// floats returns n numbers of scratch memory, of any value.
func (w *Work) floats(n int) []float64 {
	w.line = grow(w.line, n)
	return w.line
}

// grow returns a slice of n elements, the same memory if that is large enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
