package train

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/tensor"
)

// smallIn is small in a precision.
func smallIn(t *testing.T, p precision.Policy, n int) Config {
	t.Helper()
	c := small(t, n)
	c.Precision = p
	return c
}

func TestARunInFewBitsGivesTheSameBitsEverywhere(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	seen := map[string]string{}
	for _, p := range precision.Policies() {
		if !p.Rounds() {
			continue
		}
		want := ""
		for _, path := range kernel.Paths() {
			for _, procs := range []int{1, 5} {
				if path == "portable" && procs == 1 {
					continue // slow
				}
				runtime.GOMAXPROCS(procs)
				c := smallIn(t, p, 60)
				c.Epochs = 1
				restore := kernel.Use(path)
				fit(t, c)
				restore()
				got := digest(c)
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%v, %s, %d threads: digest %s, want %s", p, path, procs, got, want)
				}
			}
		}
		if other, ok := seen[want]; ok {
			t.Errorf("%v gives the bits of %s", p, other)
		}
		seen[want] = p.Name
	}
}

func TestItLearnsInFewBits(t *testing.T) {
	for _, p := range []precision.Policy{precision.FP16, precision.FP8, precision.MXFP4} {
		c := smallIn(t, p, 600)
		c.Epochs, c.Test = 8, nil
		epochs := fit(t, c)
		if last := epochs[7]; !(last.TrainAccuracy > 0.2) || !(last.TrainLoss < 0.8*epochs[0].TrainLoss) {
			t.Errorf("%v: after 8 epochs %+v; first %+v", p, last, epochs[0])
		}
	}
}

// A loss scale that is far too large is found, told and halved; the run goes on as one that
// begins with the scale that is left.
func TestOverflowIsFoundSkippedAndForgotten(t *testing.T) {
	c := smallIn(t, precision.FP16, 240)
	c.Epochs, c.LossScale = 1, 1<<24
	start := digest(c)
	var skips []Overflow
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		if o := l.Overflow; o != nil {
			skips = append(skips, *o)
		}
		return nil
	}))
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		p := l.Progress
		if p.Step == 1 && digest(c) != start {
			t.Error("the step that overflows changes something")
		}
		return nil
	}))
	epoch := fit(t, c)[0]
	if len(skips) == 0 || len(skips) == 10 || epoch.Skipped != len(skips) {
		t.Fatalf("%d of 10 steps are left out, and the epoch tells of %d", len(skips), epoch.Skipped)
	}
	for i, s := range skips {
		if s.Epoch != 1 || s.Step != i+1 || s.Scale != float32(int(1<<24)>>i) {
			t.Errorf("step %d: %+v", i+1, s)
		}
		if !slices.Contains(s.Parameters, "conv1.weight") {
			t.Errorf("the overflow does not reach the first layer: %v", s.Parameters)
		}
	}
	if want := float64(int(1<<24) >> len(skips)); epoch.LossScale != want || !(epoch.TrainLoss < 4) {
		t.Errorf("the epoch ends with %+v, want a loss scale of %v", epoch, want)
	}
	if digest(c) == start {
		t.Error("nothing is learnt")
	}
}

// An overflow begins where a value does not fit, and goes from there to the layers before.
func TestOverflowIsFoundByLayer(t *testing.T) {
	c := smallIn(t, precision.FP16, 24)
	c.Epochs = 1
	c.Test = nil
	net := c.Model.(*model.LeNet5)
	multiply(net.Fc1.Weight, 1e-5)
	multiply(net.Fc2.Weight, 5e5) // the gradient of what it reads overflows, what it gives does not
	var got Overflow
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		if o := l.Overflow; o != nil {
			got = *o
		}
		return nil
	}))
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := []string{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias"}
	if !slices.Equal(got.Parameters, want) {
		t.Errorf("the gradients of %v overflow, want those of %v", got.Parameters, want)
	}
}

func multiply(v *autograd.Value, by float64) {
	autograd.Assign(v, op.Scale(v.Detach(), by))
}

func TestOverflowWithoutAScaleEndsTheRun(t *testing.T) {
	c := smallIn(t, precision.FP16, 24)
	c.LossScale = 1
	c.Test = nil
	net := c.Model.(*model.LeNet5)
	multiply(net.Fc1.Weight, 1e-5)
	multiply(net.Fc1.Bias, 1e-5)
	multiply(net.Fc2.Weight, 5e5)
	multiply(net.Fc3.Weight, 1e3)
	if _, err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "not scaled any more") {
		t.Errorf("error %v", err)
	}
}

func TestASavedClassifierComputesInItsPrecision(t *testing.T) {
	for _, p := range []precision.Policy{precision.FP64, precision.FP8, precision.NVFP4.EveryLayer()} {
		c := small(t, 100)
		nn.Convert(c.Model, p.Type())
		saved := &Classifier{Name: "lenet5", Net: c.Model, Classes: c.Train.Classes(), Input: c.Train.Shape(), Mean: c.Mean, Std: c.Std, Precision: p}
		want, err := saved.Evaluate(t.Context(), c.Test)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(save(t, saved), model.New)
		if err != nil {
			t.Fatal(err)
		}
		got, err := loaded.Evaluate(t.Context(), c.Test)
		if err != nil || got != want || loaded.Precision != p {
			t.Errorf("%v: %v is %+v, %v; want %+v", p, loaded.Precision, got, err, want)
		}
		loaded.Precision = precision.FP32
		nn.Convert(loaded.Net, tensor.Float32)
		if got, err := loaded.Evaluate(t.Context(), c.Test); err != nil || got.Loss == want.Loss {
			t.Errorf("%v: float32 gives the same, or %v", p, err)
		}
	}
}

func TestPrecisionsThatCannotTrain(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"eager":          func(c *Config) { c.Precision, c.Eager = precision.FP8, true },
		"of inference":   func(c *Config) { c.Precision = precision.Activations(tensor.MXFP4) },
		"negative scale": func(c *Config) { c.Precision, c.LossScale = precision.FP16, -8 },
		"uneven scale":   func(c *Config) { c.Precision, c.LossScale = precision.FP16, 3 },
		"small scale":    func(c *Config) { c.Precision, c.LossScale = precision.FP16, 0.5 },
	} {
		c := small(t, 24)
		change(&c)
		if _, err := Run(t.Context(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s := smallRun()
	s.Precision, s.EveryLayer = "bf16", true
	if _, _, err := s.Prepare(model.New); err == nil || !strings.Contains(err.Error(), "bf16 rounds in every layer") {
		t.Errorf("every layer of bf16: %v", err)
	}
}

// Scores that overflow themselves are no matter of the loss scale.
func TestOverflowInTheForwardPass(t *testing.T) {
	c := smallIn(t, precision.FP16, 48)
	c.Test = nil
	multiply(c.Model.(*model.LeNet5).Conv1.Weight, 1e30)
	start := digest(c)
	var scales []float32
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		if l.Overflow == nil {
			return nil
		}
		o := *l.Overflow
		if scales = append(scales, o.Scale); !o.Forward {
			t.Errorf("%+v", o)
		}
		return nil
	}))
	if _, err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "in no step of epoch 1 was the loss finite") {
		t.Errorf("error %v", err)
	}
	if len(scales) != 2 || scales[0] != scales[1] || digest(c) != start {
		t.Errorf("scales %v; the step changes something: %v", scales, digest(c) != start)
	}
}
