package train

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
)

// poisoned is a set one of whose examples is not finite.
type poisoned struct {
	data.Dataset
	at int
}

func (p poisoned) Read(i int, x []float32) (int, error) {
	label, err := p.Dataset.Read(i, x)
	if i == p.at {
		x[0] = float32(math.NaN())
	}
	return label, err
}

// tinyThenHuge makes scores tiny and then themselves again; on the way back they come to be huge first.
type tinyThenHuge struct{ nn.Module }

func (m tinyThenHuge) Forward(x *autograd.Value) *autograd.Value {
	x = m.Module.Forward(x)
	for _, factor := range []float64{1e-21, 1e-21, 1e21, 1e21} {
		x = op.Scale(x, factor)
	}
	return x
}

func TestWhereNaNComesFrom(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *Config)
		want   Origin
		says   string
	}{
		"examples": {func(c *Config) { c.Train = poisoned{c.Train, c.at(t, 1, 3)} }, Origin{Epoch: 1, Step: 3}, "examples that are not finite"},
		"forward": {func(c *Config) {
			multiply(c.Model.(*model.LeNet5).Conv1.Weight, 1e20)
			multiply(c.Model.(*model.LeNet5).Conv2.Weight, 1e20)
		}, Origin{Epoch: 1, Step: 1, Op: "conv2d", Layer: "conv2", Phase: Forward}, "conv2d of layer conv2 (forward), whose inputs go up to "},
		"backward": {func(c *Config) {
			c.Model = tinyThenHuge{c.Model}
		}, Origin{Epoch: 1, Step: 1, Op: "mul", Layer: "fc3", Phase: Backward}, "with mul of layer fc3 (backward), whose inputs go up to "},
		"a later step": {func(c *Config) { optim.SetLearningRate(c.Optimizer, 1e38) },
			Origin{Epoch: 1, Step: 2, Op: "conv2d", Layer: "conv2", Phase: Forward}, "it began in step 2 of epoch 1, with conv2d"},
		"update": {func(c *Config) { optim.SetLearningRate(c.Optimizer, 1e300) },
			Origin{Epoch: 1, Step: 1, Op: "cast", Layer: "conv1", Phase: Update}, "no longer finite in step 2 of epoch 1: it began in step 1 of epoch 1, with cast of layer conv1 (update)"},
	} {
		t.Run(name, func(t *testing.T) {
			c := small(t, 100)
			c.Watch = true
			test.change(&c)
			_, err := Run(t.Context(), c)
			var found *NotFinite
			if !errors.As(err, &found) {
				t.Fatalf("error %v", err)
			}
			t.Log(err)
			got := *found.Origin
			if got.Largest = 0; got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %q", err, test.says)
			}
		})
	}
}

// at returns the first example of a step.
func (c *Config) at(t *testing.T, epoch, step int) int {
	t.Helper()
	loader, err := newLoader(*c)
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	for b, err := range loader.Batches(context.Background(), epoch) {
		if number++; err != nil || number == step {
			return b.Index[0]
		}
	}
	return -1
}
