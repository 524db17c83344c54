package data

import (
	"fmt"
	"slices"
	"sync"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// works is the memory of goroutines that change images.
var works = sync.Pool{New: func() any { return new(augment.Work) }}

// Augmented returns a set with each image changed at random, the same each time: by the seed, the
// epoch and its index alone. It is for looking at; a Loader does so for each epoch by itself.
func Augmented(set Dataset, t augment.Transform, seed uint64, epoch int) (Dataset, error) {
	if err := checkTransform(t, set.Shape()); err != nil {
		return nil, err
	}
	return &augmented{set, t, seed, epoch}, nil
}

type augmented struct {
	Dataset
	transform augment.Transform
	seed      uint64
	epoch     int
}

func (a *augmented) Read(i int, x []float32) (label int, err error) {
	if label, err = a.Dataset.Read(i, x); err == nil {
		change(a.transform, a.Shape(), x, augment.ExampleStream(a.seed, a.epoch, i))
	}
	return label, err
}

func (a *augmented) labels() ([]int, error) { return Labels(a.Dataset) }

// change applies a transform to an example in place.
func change(t augment.Transform, shape []int, x []float32, r *random.Stream) {
	w := works.Get().(*augment.Work)
	defer works.Put(w)
	w.ApplyInPlace(t, &augment.Image{Channels: shape[0], Height: shape[1], Width: shape[2], Pix: x}, r)
}

func (c LoaderConfig) checkAugment(shape []int) error {
	if c.Augment == nil {
		return nil
	}
	if c.Augment.Each == nil {
		return checkTransform(augment.Identity{}, shape)
	}
	return checkTransform(c.Augment.Each, shape)
}

// checkTransform returns an error unless a transform always keeps the shape of examples, which are images.
func checkTransform(t augment.Transform, shape []int) error {
	if len(shape) != 3 {
		return fmt.Errorf("examples of shape %v: want images, [channels height width], to augment", shape)
	}
	made, err := augment.OutputShapes(t, shape[0], shape[1], shape[2])
	if err != nil {
		return err
	}
	for _, s := range made {
		if !slices.Equal(s[:], shape) {
			return fmt.Errorf("augment: %s makes %v of images %v, want always the same shape", augment.Text(t), s, shape)
		}
	}
	return nil
}

// mix mixes the images of a batch that is read, and sets their labels.
func (s *slot) mix() {
	b, shape := &s.batch, s.loader.shape
	images, labels := tensor.Data[float32](b.Images), tensor.Data[int64](b.Labels)
	others, weights := tensor.Data[int64](b.Others), tensor.Data[float32](b.Weights)
	size := tensor.Elements(shape)
	s.from.Reset(len(labels))
	for k, label := range labels {
		s.from.Images[k] = augment.Image{Channels: shape[0], Height: shape[1], Width: shape[2], Pix: images[k*size:][:size:size]}
		s.from.Labels[k] = augment.Label{A: int(label), B: int(label), Lambda: 1}
	}
	w := works.Get().(*augment.Work)
	defer works.Put(w)
	w.Random = augment.BatchStream(s.loader.config.Seed, b.Epoch, b.Number)
	s.loader.config.Augment.ApplyBatch(&s.mixed, &s.from, w)
	for k, label := range s.mixed.Labels {
		copy(images[k*size:], s.mixed.Images[k].Pix)
		labels[k], others[k], weights[k] = int64(label.A), int64(label.B), label.Lambda
	}
}
