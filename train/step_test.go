package train

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// lenetStep returns a stepper of LeNet-5, and a batch of noise for it.
func lenetStep(tb testing.TB, n int, eager bool) (s *learner, images, labels *tensor.Tensor) {
	return stepOf(tb, model.NewLeNet5(47, 1), n, false, eager)
}

// stepOf returns a stepper of a network of 47 classes, and a batch of noise for
// it. It learns so slowly that gradients do not fade into subnormal numbers, which
// are slow.
func stepOf(tb testing.TB, net nn.Module, n int, adam, eager bool) (s *learner, images, labels *tensor.Tensor) {
	const rate = 1e-6
	var o optim.Optimizer
	o, err := optim.NewSGD(nn.Parameters(net), optim.SGDConfig{LR: rate, Momentum: 0.9})
	if adam {
		o, err = optim.NewAdam(nn.Parameters(net), optim.AdamConfig{LR: rate})
	}
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
	return newLearner(Config{Model: net, Optimizer: o, Eager: eager}), images, labels
}

// After its first run a planned step takes no memory from the heap, whether it
// works on blocks or on packed products.
func TestAPlannedStepAllocatesNothing(t *testing.T) {
	perceptron := nn.Sequential{
		nn.Func(op.Flatten), nn.NewLinear(784, 512, random.New(1)), nn.Func(op.ReLU),
		nn.NewLinear(512, 300, random.New(2)), nn.Func(op.ReLU), nn.NewLinear(300, 47, random.New(3)),
	}
	for name, net := range map[string]nn.Module{"lenet5": model.NewLeNet5(47, 1), "perceptron": perceptron} {
		for _, adam := range []bool{false, true} {
			s, images, labels := stepOf(t, net, 40, adam, false)
			s.run(images, labels)
			if got := testing.AllocsPerRun(10, func() { s.run(images, labels) }); got != 0 {
				t.Errorf("%s, adam %v: %v allocations a step on one processor", name, adam, got)
			} else if got := leastAllocations(50, 25, func() { s.run(images, labels) }); got > 25 {
				t.Errorf("%s, adam %v: %d allocations in 50 steps", name, adam, got)
			}
		}
	}
}

// leastAllocations counts those of all goroutines, until it finds as few as that. What a step takes it takes each time, but
// some are the runtime's own, and it takes a while until each of many processors has memory to work in.
func leastAllocations(runs int, few uint64, f func()) uint64 {
	least := uint64(math.MaxUint64)
	for try := 0; try < 100 && least > few; try++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			f()
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	return least
}

func BenchmarkStep(b *testing.B) {
	for _, n := range []int{16, 32, 64, 256} {
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
