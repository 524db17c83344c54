package train

import (
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/tensor"
)

// prepared is the run of settings on a few glyphs.
func prepared(t *testing.T, change func(s *Settings)) Config {
	t.Helper()
	s := Settings{
		Model: "lenet5", Data: Glyphs, Limit: 100, Seed: 1, Epochs: 2, Batch: 24,
		Optimizer: "sgd", LR: 0.05, Momentum: 0.9, Schedule: "constant",
	}
	change(&s)
	_, c, err := s.Prepare(model.New)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Each setting of what changes the parameters makes a difference, and the same
// one with and without a recorded program.
func TestSettingsOfTheUpdate(t *testing.T) {
	seen := map[string]string{}
	for name, change := range map[string]func(s *Settings){
		"plain":         func(s *Settings) {},
		"clip norm":     func(s *Settings) { s.ClipNorm = 0.1 },
		"clip value":    func(s *Settings) { s.ClipValue = 0.001 },
		"smoothing":     func(s *Settings) { s.LabelSmoothing = 0.1 },
		"ema":           func(s *Settings) { s.EMA = 0.5 },
		"swa":           func(s *Settings) { s.SWA = 0.1 },
		"warm-up":       func(s *Settings) { s.Warmup = 0.5 },
		"one cycle":     func(s *Settings) { s.Schedule = "one-cycle:rise=0.5" },
		"decay":         func(s *Settings) { s.WeightDecay = 0.1 },
		"decay weights": func(s *Settings) { s.WeightDecay, s.DecayWeights = 0.1, true },
		"options":       func(s *Settings) { s.Optimizer, s.Momentum = "rmsprop:alpha=0.9,centred", 0.5 },
		"schedule-free": func(s *Settings) { s.Optimizer, s.Momentum = "schedule-free", 0 },
	} {
		c := prepared(t, change)
		fit(t, c)
		eager := prepared(t, change)
		eager.Eager = true
		fit(t, eager)
		got := digest(c)
		if digest(eager) != got {
			t.Errorf("%s: recorded and eager runs differ", name)
		}
		if other := seen[got]; other != "" {
			t.Errorf("%s makes no difference to %s", name, other)
		}
		seen[got] = name
	}
}

// What a run evaluates and leaves is the average of its weights, and training
// goes on from the weights themselves.
func TestAveragesOfARun(t *testing.T) {
	plain := prepared(t, func(s *Settings) { s.Epochs = 4 })
	var weights [][]float32
	plain.Callbacks = append(plain.Callbacks, OnEpoch(func(Epoch) error {
		weights = append(weights, first(plain.Model))
		return nil
	}))
	fit(t, plain)

	swa := prepared(t, func(s *Settings) { s.Epochs, s.SWA = 4, 0.25 })
	var means [][]float32
	swa.Callbacks = append(swa.Callbacks, OnEpoch(func(Epoch) error {
		means = append(means, first(swa.Model))
		return nil
	}))
	epochs := fit(t, swa)
	for i := range weights[0] {
		for e, want := range []float32{
			weights[0][i], weights[1][i], (weights[1][i] + weights[2][i]) / 2, (weights[1][i] + weights[2][i] + weights[3][i]) / 3,
		} {
			if off := means[e][i] - want; off > 1e-6 || off < -1e-6 {
				t.Fatalf("weight %d after epoch %d is %v, want %v", i, e+1, means[e][i], want)
			}
		}
	}
	r, err := Evaluate(t.Context(), swa.Model, swa.Precision, swa.Test, swa.Mean, swa.Std)
	if err != nil || r.Loss != epochs[3].TestLoss {
		t.Errorf("loss %v, %v, want the last epoch's %v", r.Loss, err, epochs[3].TestLoss)
	}
}

// first returns the first parameter of a model.
func first(m nn.Module) []float32 {
	return append([]float32{}, tensor.Data[float32](nn.Parameters(m)[0].Value.Tensor())...)
}

func TestAPlateauLowersTheLearningRate(t *testing.T) {
	c := small(t, 100)
	p, err := optim.NewPlateau(optim.PlateauConfig{Patience: -1, Threshold: 0.9, Gamma: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	c.Epochs, c.Plan.Plateau = 4, p
	var rates []float64
	for _, e := range fit(t, c) {
		rates = append(rates, e.LearningRate)
	}
	for i, want := range []float64{0.05, 0.05, 0.025, 0.0125} { // the first loss is better than none
		if rates[i] != want {
			t.Errorf("learning rates %v", rates)
		}
	}
}

// A plateau whose measurements are to be larger sees accuracies, which get better while losses get smaller.
func TestAPlateauOfAccuracies(t *testing.T) {
	c := small(t, 100)
	p, err := optim.NewPlateau(optim.PlateauConfig{Larger: true})
	if err != nil {
		t.Fatal(err)
	}
	c.Epochs, c.Plan.Plateau = 1, p
	e := fit(t, c)[0]
	for _, s := range p.State() {
		if got := s.Value.Tensor().Item(); s.Name == "best" && got != e.TestAccuracy {
			t.Errorf("the plateau saw %v, want the test accuracy of %v", got, e.TestAccuracy)
		}
	}
}

// The statistics of batch normalisation are averaged with the weights, to which they belong.
func TestStatisticsAreAveragedToo(t *testing.T) {
	c := prepared(t, func(s *Settings) { s.Model, s.EMA = "resnet20", 0.5 })
	names := map[string]bool{}
	for _, v := range c.Average.State() {
		names[v.Name] = true
	}
	for _, v := range nn.Variables(c.Model) {
		if want := v.Value.DType().IsFloat(); names[v.Name+".average"] != want {
			t.Errorf("average of %s: %v, want %v", v.Name, !want, want)
		}
	}
}

func TestGroupsThatDoNotDecay(t *testing.T) {
	c := prepared(t, func(s *Settings) { s.WeightDecay, s.DecayWeights = 0.1, true })
	if got := len(c.Optimizer.Rates()); got != 2 {
		t.Errorf("%d groups, want 2", got)
	}
	if got, want := len(c.Optimizer.Parameters()), len(nn.Parameters(c.Model)); got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
}

func TestRefusedAverages(t *testing.T) {
	for want, change := range map[string]func(s *Settings){
		"two averages of weights":        func(s *Settings) { s.EMA, s.SWA = 0.9, 0.5 },
		"averages weights by itself":     func(s *Settings) { s.EMA, s.Optimizer, s.Momentum = 0.9, "schedule-free:warmup=5", 0 },
		"averaged after 1 of the run":    func(s *Settings) { s.SWA = 1 },
		"decay is 1: want at least 0":    func(s *Settings) { s.EMA = 1 },
		"schedule one-cycle warms up":    func(s *Settings) { s.Schedule, s.Warmup = "one-cycle", 5 },
		"want sgd:setting=value,…, each": func(s *Settings) { s.Optimizer = "sgd:" },
	} {
		s := Settings{Model: "lenet5", Data: Glyphs, Limit: 100, Epochs: 2, Batch: 24, Optimizer: "sgd", LR: 0.05, Schedule: "constant"}
		change(&s)
		if _, _, err := s.Prepare(model.New); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
