package data

import "github.com/mlodyssey/odyssey/internal/kernel"

// images is a set of grey images held in memory, a byte a pixel.
type images struct {
	height, width int
	pixels        []uint8
	labels        []uint8
	classes       []string
}

func (s *images) Len() int          { return len(s.labels) }
func (s *images) Shape() []int      { return []int{1, s.height, s.width} }
func (s *images) Classes() []string { return s.classes }

func (s *images) Read(i int, x []float32) (label int, err error) {
	size := s.height * s.width
	kernel.Unit(x, s.pixels[i*size:][:size])
	return int(s.labels[i]), nil
}

// transpose exchanges rows and columns of all images.
func (s *images) transpose() {
	size := s.height * s.width
	before := make([]uint8, size)
	for lo := 0; lo < len(s.pixels); lo += size {
		image := s.pixels[lo:][:size]
		copy(before, image)
		for y := range s.width {
			for x := range s.height {
				image[y*s.height+x] = before[x*s.width+y]
			}
		}
	}
	s.height, s.width = s.width, s.height
}

// Label returns the label of image i.
func (s *images) Label(i int) int { return int(s.labels[i]) }
