package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
)

// small is a run on n glyphs, with a last batch that is short and no batch a
// multiple of 16.
func small(t *testing.T, n int) Config {
	t.Helper()
	m := model.NewLeNet5(47, 1)
	o, err := optim.NewSGD(nn.Parameters(m), optim.SGDConfig{LR: 0.05, Momentum: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Model: m, Optimizer: o,
		Train: glyphs.New(n, 1, glyphs.Train), Test: glyphs.New(100, 1, glyphs.Test),
		Epochs: 2, Batch: 24, Seed: 1, Mean: []float32{0.1307}, Std: []float32{0.3081},
	}
}

func fit(t *testing.T, c Config) []Epoch {
	t.Helper()
	epochs, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return epochs
}

// digest returns the SHA-256 of all variables of a run.
func digest(c Config) string {
	h := sha256.New()
	for _, v := range append(nn.Variables(c.Model), c.Optimizer.State()...) {
		h.Write(v.Value.Tensor().Bytes())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// golden is the digest of the run below on every machine. A change to the order
// of a sum, to the glyphs or to an initialisation changes it, and has to say so
// in docs/numerics.md or the changelog.
const golden = "d33bc3fda5703ae1f1563868c9aa12e6133e6e2ea7a8e8d3502ad26f3a922ce2"

func TestARunGivesTheSameBitsEverywhere(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, path := range kernel.Paths() {
		for _, procs := range []int{1, 2, 5} {
			for _, eager := range []bool{false, true} {
				if path == "portable" && (procs == 2 || eager) {
					continue // slow, and the others cover it
				}
				runtime.GOMAXPROCS(procs)
				c := small(t, 100)
				c.Eager = eager
				restore := kernel.Use(path)
				fit(t, c)
				restore()
				if got := digest(c); got != golden {
					t.Errorf("%s, %d threads, eager %v: digest %s", path, procs, eager, got)
				}
			}
		}
	}
	ahead := small(t, 100)
	ahead.Workers = 2
	fit(t, ahead)
	if got := digest(ahead); got != golden {
		t.Errorf("2 workers that read ahead: digest %s", got)
	}
	other := small(t, 100)
	other.Seed = 2
	fit(t, other)
	if digest(other) == golden {
		t.Error("another order of examples gives the same bits")
	}
}

func TestItLearns(t *testing.T) {
	c := small(t, 1500)
	c.Epochs, c.Test = 8, nil
	epochs := fit(t, c)
	last := epochs[len(epochs)-1]
	if len(epochs) != 8 || !(last.TrainAccuracy > 0.5) || !(last.TrainLoss < epochs[0].TrainLoss/2) {
		t.Errorf("after %d epochs: %+v; first %+v", len(epochs), last, epochs[0])
	}
}

func TestEvaluateRepeatsTheLastEpoch(t *testing.T) {
	c := small(t, 200)
	epochs := fit(t, c)
	r, err := Evaluate(context.Background(), c.Model, c.Precision, c.Test, c.Mean, c.Std)
	if err != nil {
		t.Fatal(err)
	}
	last := epochs[1]
	if r.Accuracy != last.TestAccuracy || r.Loss != last.TestLoss || r.Count != 100 {
		t.Errorf("%+v after %+v", r, last)
	}
	// By hand, one example at a time.
	var loss float64
	correct := 0
	for i := range c.Test.Len() {
		l, right := one(t, c, i)
		loss += l
		if right {
			correct++
		}
	}
	if loss/100 != r.Loss || float64(correct)/100 != r.Accuracy {
		t.Errorf("one by one: loss %v and %d correct, want %+v", loss/100, correct, r)
	}
}

func one(t *testing.T, c Config, i int) (loss float64, right bool) {
	t.Helper()
	loader, err := data.NewLoader(data.Subset(c.Test, []int{i}), data.LoaderConfig{Batch: 1, Mean: c.Mean, Std: c.Std})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range loader.Batches(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		scores := c.Model.Forward(autograd.Const(b.Images))
		label := autograd.Const(b.Labels)
		return op.CrossEntropy(scores, label).Tensor().Item(), op.ArgMax(scores, -1).Tensor().Equal(b.Labels)
	}
	return 0, false
}

func TestWrongConfigurations(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"epochs 0: want at least 1":                                                    func(c *Config) { c.Epochs = 0 },
		"batch 0: want at least 1":                                                     func(c *Config) { c.Batch = 0 },
		"-1 workers: want at least 0":                                                  func(c *Config) { c.Workers = -1 },
		"batch 101 is larger than an epoch's 100 examples":                             func(c *Config) { c.Batch = 101 },
		"gradients are clipped at NaN and to a norm of 0: want positive numbers, or 0": func(c *Config) { c.ClipValue = math.NaN() },
		"gradients are clipped at 0 and to a norm of -1: want positive numbers, or 0":  func(c *Config) { c.ClipNorm = -1 },
		"labels are smoothed by 1.5: want a share from 0 to 1":                         func(c *Config) { c.LabelSmoothing = 1.5 },
		"labels are smoothed by NaN: want a share from 0 to 1":                         func(c *Config) { c.LabelSmoothing = math.NaN() },
		"a batch of 24 in 25 pieces: want 0, for one, to as many as it has examples":   func(c *Config) { c.Accumulate = 25 },
		"a batch of 24 in -1 pieces: want 0, for one, to as many as it has examples":   func(c *Config) { c.Accumulate = -1 },
		"weights are averaged from epoch 3 on: want 0, for each step, to 2":            func(c *Config) { c.Average, c.AverageFrom = &optim.Average{}, 3 },
	} {
		c := small(t, 100)
		change(&c)
		if err := c.Check(); err == nil || err.Error() != want {
			t.Errorf("Check: %v, want %q", err, want)
		}
		if epochs, err := Run(context.Background(), c); err == nil || err.Error() != want || len(epochs) > 0 {
			t.Errorf("Fit: %v, %v, want %q", epochs, err, want)
		}
	}
}

// trainedTimes compares the time of training with that of the epochs.
type trainedTimes struct {
	Quiet
	t *testing.T
}

func (c trainedTimes) Evaluation(l *Loop) error {
	sum := time.Duration(0)
	for _, e := range l.Epochs {
		sum += time.Duration(e.Seconds * float64(time.Second))
	}
	if got := l.Trained(); got != sum {
		c.t.Errorf("%v of training, but epochs of %v", got, sum)
	}
	return nil
}

func TestTheTimeOfAnEvaluationIsNoneOfTraining(t *testing.T) {
	c := small(t, 48)
	c.Callbacks = []Callback{trainedTimes{t: t}}
	fit(t, c)
}

func TestConfigurationsThatLackSomething(t *testing.T) {
	for what, change := range map[string]func(c *Config){
		"model":     func(c *Config) { c.Model = nil },
		"optimizer": func(c *Config) { c.Optimizer = nil },
		"examples":  func(c *Config) { c.Train = nil },
	} {
		c := small(t, 100)
		change(&c)
		if _, err := Run(t.Context(), c); err == nil || err.Error() != "want a Config with a Model, an Optimizer and Train" {
			t.Errorf("without %s: error %v", what, err)
		}
	}
}

func TestATestSetWithoutExamplesIsRefusedAtOnce(t *testing.T) {
	c := small(t, 100)
	c.Test = data.Limit(c.Test, 0)
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "a test set of no examples") {
		t.Error(err)
	}
}

func TestADivergingRunEndsWithAnError(t *testing.T) {
	c := small(t, 100)
	o, err := optim.NewSGD(nn.Parameters(c.Model), optim.SGDConfig{LR: 1e30})
	if err != nil {
		t.Fatal(err)
	}
	c.Optimizer = o
	_, err = Run(context.Background(), c)
	if err == nil || !strings.Contains(err.Error(), "no longer finite in step") || !strings.Contains(err.Error(), "of epoch 1") {
		t.Errorf("error %v", err)
	}
}

// A model with fewer classes than the data is a mistake in the program; Fit
// gives it back as an error.
func TestAMistakeBecomesAnError(t *testing.T) {
	for _, eager := range []bool{false, true} {
		c := small(t, 100)
		c.Eager = eager
		c.Model = nn.Sequential{nn.Func(op.Flatten), nn.NewLinear(784, 3, random.New(1))}
		o, err := optim.NewSGD(nn.Parameters(c.Model), optim.SGDConfig{LR: 0.1})
		if err != nil {
			t.Fatal(err)
		}
		c.Optimizer = o
		if _, err = Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), "want 0 to 2") {
			t.Errorf("error %v", err)
		}
	}
}

func TestARunCanBeEndedEarly(t *testing.T) {
	c := small(t, 100)
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		if steps++; steps == 7 { // in the second epoch, whose five steps begin at 6
			cancel()
		}
		return nil
	}))
	epochs, err := Run(ctx, c)
	if !errors.Is(err, context.Canceled) || len(epochs) != 1 || steps > 8 {
		t.Errorf("%d epochs, %d steps, %v", len(epochs), steps, err)
	}

	c = small(t, 100)
	full := errors.New("disk full")
	c.Callbacks = append(c.Callbacks, OnEpoch(func(Epoch) error { return full }))
	if epochs, err := Run(context.Background(), c); !errors.Is(err, full) || len(epochs) != 1 {
		t.Errorf("%d epochs, %v", len(epochs), err)
	}
}

func TestProgressCounts(t *testing.T) {
	c := small(t, 100)
	var seen []Progress
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		p := l.Progress
		seen = append(seen, p)
		return nil
	}))
	epochs := fit(t, c)
	var images []int
	for _, p := range seen[:5] {
		images = append(images, p.Images)
		if p.Epoch != 1 || p.Steps != 5 || math.IsNaN(p.Loss) {
			t.Errorf("progress %+v", p)
		}
	}
	if !slices.Equal(images, []int{24, 48, 72, 96, 100}) || len(seen) != 10 {
		t.Errorf("%d steps, images %v", len(seen), images)
	}
	if last := seen[4]; last.Loss != epochs[0].TrainLoss || last.Accuracy != epochs[0].TrainAccuracy {
		t.Errorf("the last step %+v differs from the epoch %+v", last, epochs[0])
	}
}

func TestTheScheduleSetsEachStepsLearningRate(t *testing.T) {
	c := small(t, 100)
	c.Plan.LR = optim.Linear
	var rates []float64
	c.Callbacks = append(c.Callbacks, OnStep(func(*Loop) error {
		rates = append(rates, optim.LearningRate(c.Optimizer))
		return nil
	}))
	epochs := fit(t, c)
	for i, r := range rates {
		if want := 0.05 * (1 - float64(i)/10); r != want {
			t.Errorf("step %d has rate %v, want %v", i, r, want)
		}
	}
	if got := optim.LearningRate(c.Optimizer); got != 0.05 {
		t.Errorf("the schedule leaves the rate at %v", got)
	}
	if epochs[0].LearningRate != rates[4] || epochs[1].LearningRate != rates[9] {
		t.Errorf("epochs %+v, rates %v", epochs, rates)
	}
	constant := small(t, 100)
	fit(t, constant)
	if digest(c) == digest(constant) {
		t.Error("the schedule does not change the result")
	}
}
