// Package glyphs draws the 47 characters of EMNIST Balanced as images that look
// handwritten: a data set of any size that needs no download.
//
// Each image is a pure function of its label, a seed and an index. The same
// arguments give the same pixels on every processor: the drawing is float64
// arithmetic whose products are rounded explicitly, so that no compiler fuses
// them with sums, and of the functions that round it uses the square root alone.
package glyphs

import (
	"fmt"
	"sync"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/random"
)

// Size is the height and the width of an image in pixels.
const Size = 28

// Labels returns the names of the 47 classes in EMNIST's label order: the
// digits, the capitals, and a b d e f g h n q r t.
func Labels() []string {
	names := make([]string, len(characters))
	for label, c := range characters {
		names[label] = c.name
	}
	return names
}

// Split is one of the parts of a data set. Different parts of one seed share no
// drawing.
type Split uint8

// The parts of a data set.
const (
	Train Split = iota
	Test
)

// Set is a labelled set of drawn images, with as many of each label as of any
// other, or one more or less, in a shuffled order. Images are drawn when first
// read, and kept. A Set is safe for concurrent use.
type Set struct {
	seed   uint64
	split  Split
	order  []int // position to drawing: label = drawing % 47, the count of that label = drawing / 47
	images []image
}

type image struct {
	drawn  sync.Once
	pixels [Size * Size]uint8
}

// New returns a set of n images of one part of a seed's data set. It panics if
// n is negative.
func New(n int, seed uint64, split Split) *Set {
	if n < 0 {
		panic(fmt.Sprintf("glyphs: New wants n of at least 0, got %d", n))
	}
	return &Set{
		seed:   seed,
		split:  split,
		order:  random.New(seed, streamOrder, uint64(split)).Perm(n),
		images: make([]image, n),
	}
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.order) }

// Shape returns the shape of one image: [channels height width].
func (s *Set) Shape() []int { return []int{1, Size, Size} }

// Classes returns the names of the classes by label; see [Labels].
func (s *Set) Classes() []string { return Labels() }

// Read writes image i into x as 784 values in [0,1], row by row, with ink 1 on
// paper 0, and returns its label. It returns an error if there is no image i or
// x has another length.
func (s *Set) Read(i int, x []float32) (label int, err error) {
	if i < 0 || i >= len(s.order) {
		return 0, fmt.Errorf("glyphs: no image %d in a set of %d", i, len(s.order))
	}
	if len(x) != Size*Size {
		return 0, fmt.Errorf("glyphs: image %d has %d values, room for %d given", i, Size*Size, len(x))
	}
	label = s.Label(i)
	kernel.Unit(x, s.image(i).pixels[:])
	return label, nil
}

// Label returns the label of image i.
func (s *Set) Label(i int) int { return s.order[i] % len(characters) }

func (s *Set) image(i int) *image {
	im := &s.images[i]
	im.drawn.Do(func() {
		label, count := s.order[i]%len(characters), s.order[i]/len(characters)
		// The parts of a set share no index: a part has fewer than 2^56 drawings.
		Draw(im.pixels[:], label, s.seed, uint64(s.split)<<56|uint64(count))
	})
	return im
}
