package train

import (
	"fmt"
	"testing"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// lenetStep returns a stepper of LeNet-5, and a batch of noise for it. It learns so
// slowly that gradients do not fade into subnormal numbers, which are slow.
func lenetStep(tb testing.TB, n int, eager bool) (s *stepper, images, labels *tensor.Tensor) {
	net := model.NewLeNet5(47, 1)
	o, err := optim.NewSGD(nn.Parameters(net), optim.SGDConfig{LR: 1e-6, Momentum: 0.9})
	if err != nil {
		tb.Fatal(err)
	}
	images, labels = tensor.New(tensor.Float32, n, 1, 28, 28), tensor.New(tensor.Int64, n)
	r := random.New(1)
	for i := range tensor.Data[float32](images) {
		tensor.Data[float32](images)[i] = float32(r.Uniform(-1, 1))
	}
	for i := range tensor.Data[int64](labels) {
		tensor.Data[int64](labels)[i] = int64(r.Uniform(0, 47))
	}
	return newStepper(Config{Model: net, Optimizer: o, Eager: eager}), images, labels
}

func BenchmarkStep(b *testing.B) {
	for _, n := range []int{16, 64, 256} {
		for _, eager := range []bool{false, true} {
			b.Run(fmt.Sprintf("batch%d/eager=%v", n, eager), func(b *testing.B) {
				s, images, labels := lenetStep(b, n, eager)
				s.run(images, labels)
				b.ReportAllocs()
				for b.Loop() {
					s.run(images, labels)
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}
