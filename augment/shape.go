package augment

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/random"
)

// A shape is the channels, height and width of an image.
type shape = [3]int

// shaper is a transform of images that may change their shape: shapes returns all that it may make
// of some.
type shaper interface {
	shapes(from []shape) ([]shape, error)
}

// maxShapes is how many shapes a transform may make of one. Pads that are applied only sometimes
// double them.
const maxShapes = 256

// OutputShapes returns all shapes, [channels height width], that a transform may give an image of
// some shape: more than one where a change of size is applied only sometimes. It returns an error
// where there are too many, or an image on the way may have a side above 32,768 or more than 67,108,864 values. A transform that is not of this package
// is tried once.
func OutputShapes(t Transform, channels, height, width int) ([][3]int, error) {
	from := []shape{{channels, height, width}}
	if err := checkShapes(from); err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	to, err := shapesOf(t, from)
	if err != nil {
		return nil, fmt.Errorf("augment: %s: %w", Text(t), err)
	}
	return to, nil
}

func shapesOf(t Transform, from []shape) (to []shape, err error) {
	switch s, changes := t.(shaper); {
	case t == nil:
		return nil, errors.New("no transform where there should be one")
	case changes:
		to, err = s.shapes(from)
	case isRow(t):
		return from, nil
	default:
		to = tried(t, from)
	}
	if err != nil {
		return nil, err
	}
	return to, checkShapes(to)
}

func isRow(t Transform) bool {
	_, ok := rowOf(t)
	return ok
}

func checkShapes(all []shape) error {
	for _, s := range all {
		if min(s[0], s[1], s[2]) < 0 || max(s[1], s[2]) > maxSide {
			return fmt.Errorf("an image of %d×%d×%d, want sizes of at least 0 and sides of at most %d", s[0], s[1], s[2], maxSide)
		}
		if pixels := s[1] * s[2]; pixels > 0 && s[0] > maxValues/pixels {
			return fmt.Errorf("an image of %d×%d×%d, want at most %d values", s[0], s[1], s[2], maxValues)
		}
	}
	if len(all) > maxShapes {
		return fmt.Errorf("%d shapes of images, want at most %d", len(all), maxShapes)
	}
	return nil
}

// tried applies a transform to an image of each shape.
func tried(t Transform, from []shape) (to []shape) {
	var work Work
	var dst Image
	for _, s := range from {
		work.Apply(t, &dst, NewImage(s[0], s[1], s[2]), random.New(0))
		to = union(to, []shape{{dst.Channels, dst.Height, dst.Width}})
	}
	return to
}

// maxValues is how many values an image may have: several of its size are in memory for each goroutine.
const maxValues = 1 << 26

// union returns the shapes of a and those of b that a lacks, in memory of its own.
func union(a, b []shape) []shape {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

func (t Compose) shapes(from []shape) (to []shape, err error) {
	for _, part := range t {
		if from, err = shapesOf(part, from); err != nil {
			return nil, err
		}
	}
	return from, nil
}

func (t Sometimes) shapes(from []shape) ([]shape, error) {
	to, err := shapesOf(t.T, from)
	switch {
	case err != nil || t.P >= 1:
		return to, err
	case t.P <= 0:
		return from, nil
	}
	return union(from, to), nil
}

func (t OneOf) shapes(from []shape) (to []shape, err error) {
	if len(t) == 0 {
		return from, nil
	}
	for _, part := range t {
		some, err := shapesOf(part, from)
		if err != nil {
			return nil, err
		}
		to = union(to, some)
	}
	return to, nil
}

// shapes goes through the list with the shapes that there may be once so many parts are applied.
func (t SomeOf) shapes(from []shape) ([]shape, error) {
	n := max(0, min(t.N, len(t.List)))
	after := make([][]shape, n+1)
	after[0] = from
	for _, part := range t.List {
		for k := n - 1; k >= 0; k-- {
			made, err := shapesOf(part, after[k])
			if err != nil {
				return nil, err
			}
			after[k+1] = union(after[k+1], made)
		}
	}
	return after[n], nil
}

func (e Extent) shapes(from []shape) (to []shape, err error) {
	for _, s := range from {
		height, width := e.of(s[1], s[2])
		to = union(to, []shape{{s[0], height, width}})
	}
	return to, nil
}

// shapes looks also at the image between the two passes, which has the old height and the new width.
func (t Resize) shapes(from []shape) (to []shape, err error) { return t.resized(from) }

func (t RandomResizedCrop) shapes(from []shape) (to []shape, err error) { return t.resized(from) }

func (e Extent) resized(from []shape) (to []shape, err error) {
	for _, s := range from {
		_, width := e.of(s[1], s[2])
		if err := checkShapes([]shape{{s[0], s[1], width}}); err != nil {
			return nil, fmt.Errorf("on the way %w", err)
		}
	}
	return e.shapes(from)
}

func (t Pad) shapes(from []shape) (to []shape, err error) {
	for _, s := range from {
		to = append(to, shape{s[0], s[1] + t.Top + t.Bottom, s[2] + t.Left + t.Right})
	}
	return to, nil
}
