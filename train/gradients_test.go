package train

import (
	"fmt"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/tensor"
)

// What Gradients gives is what the plain step w - lr·g went along.
func TestGradientsOfTheLastStep(t *testing.T) {
	for _, p := range []precision.Policy{precision.FP32, precision.FP16, precision.FP8} {
		for _, pieces := range []int{0, 2} {
			t.Run(fmt.Sprint(p, pieces), func(t *testing.T) {
				c := smallIn(t, p, 48)
				o, err := optim.NewSGD(c.Optimizer.Parameters(), optim.SGDConfig{LR: 0.25})
				if err != nil {
					t.Fatal(err)
				}
				c.Optimizer, c.Accumulate, c.Gradients, c.Epochs, c.Test = o, pieces, true, 1, nil
				var before [][]float32
				c.Callbacks = []Callback{OnStep(func(l *Loop) error {
					grads := l.Gradients()
					if len(grads) != 10 || grads[9].Name != "fc3.bias" {
						return fmt.Errorf("%d gradients", len(grads))
					}
					for i, v := range c.Optimizer.Parameters() {
						if before != nil && l.Overflow == nil {
							checkStep(t, v.Name, before[i], tensor.Data[float32](v.Value.Tensor()), tensor.Data[float32](grads[i].Tensor))
						}
					}
					before = nil
					for _, v := range c.Optimizer.Parameters() {
						before = append(before, tensor.Data[float32](v.Value.Tensor().Clone()))
					}
					return nil
				})}
				fit(t, c)
			})
		}
	}
	plain := small(t, 48)
	plain.Callbacks = []Callback{OnStep(func(l *Loop) error {
		if l.Gradients() != nil {
			t.Error("gradients that nobody wants")
		}
		return nil
	})}
	fit(t, plain)
}

func checkStep(t *testing.T, name string, before, after, grad []float32) {
	t.Helper()
	largest := 0.0
	for i, g := range grad {
		largest = max(largest, math.Abs(float64(g)))
		if off := math.Abs(float64(before[i]) - 0.25*float64(g) - float64(after[i])); off > 1e-6 {
			t.Fatalf("%s: element %d went from %v to %v along %v", name, i, before[i], after[i], g)
		}
	}
	if largest == 0 {
		t.Errorf("%s: the gradient is 0", name)
	}
}
