package wire

import (
	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// What the peers train: LeNet-5 on 28×28 images of one channel.
const (
	Batch   = 64
	Classes = 47
)

// Images returns made-up examples of 28×28 pixels, n of them.
func Images(n int) []float32 { return tensor.Data[float32](measure.Normal(0, n, 28*28)) }

// Labels returns n made-up classes.
func Labels[T int | int32](n int) []T {
	labels := make([]T, n)
	r := random.New(1)
	for i := range labels {
		labels[i] = T(r.IntN(Classes))
	}
	return labels
}
