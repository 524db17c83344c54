package lrfind

import (
	"context"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
)

func config(t *testing.T, lr float64) train.Config {
	t.Helper()
	s := train.Settings{
		Model: "lenet5", Data: train.Glyphs, Limit: 128, Seed: 1, Epochs: 1, Batch: 16, Precision: "fp32",
		Optimizer: "sgd", LR: lr, Momentum: 0.9, Schedule: "cosine", EMA: 0.9,
	}
	_, c, err := s.Prepare(model.New)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func find(t *testing.T, lr float64, f Config) *Result {
	t.Helper()
	r, err := Run(context.Background(), config(t, lr), f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRatesRiseByOneFactorAndTheLossEndsTheTest(t *testing.T) {
	r := find(t, 1e-4, Config{To: 1e4, Steps: 81})
	for i, p := range r.Points {
		want := 1e-4 * math.Pow(1e8, float64(i)/80)
		if p.Step != i+1 || math.Abs(p.Rate/want-1) > 1e-12 {
			t.Errorf("point %d: step %d, rate %v, want %v", i, p.Step, p.Rate, want)
		}
	}
	if n := len(r.Points); n == 81 || n < 20 || r.Ended == "" {
		t.Errorf("%d points, ended %q: want a test that ends before rates of 10,000", n, r.Ended)
	}
	if !(r.Steepest > 1e-4 && r.Steepest < r.Minimum && r.Minimum < 1) {
		t.Errorf("steepest at %v, least at %v", r.Steepest, r.Minimum)
	}
}

func TestTheLossIsThatOfEachBatch(t *testing.T) {
	// With rates that change next to nothing, the losses of the second epoch are those of an untrained network too.
	r := find(t, 1e-12, Config{To: 1e-11, Steps: 24})
	if len(r.Points) != 24 || r.Ended != "" {
		t.Fatalf("%d points, ended %q", len(r.Points), r.Ended)
	}
	mean := func(points []Point) (sum float64) {
		for _, p := range points {
			sum += p.Loss
		}
		return sum / float64(len(points))
	}
	first := mean(r.Points[:8])
	for _, from := range []int{8, 16} { // the same examples in another order
		if other := mean(r.Points[from : from+8]); math.Abs(other/first-1) > 1e-6 {
			t.Errorf("the mean loss of an epoch is %v, then %v", first, other)
		}
	}
	if r.Points[0].Loss == r.Points[1].Loss {
		t.Errorf("points %+v", r.Points[:2])
	}
}

func TestTheSameTestGivesTheSameBits(t *testing.T) {
	f := Config{To: 10, Steps: 40, Around: 2}
	first := find(t, 1e-3, f)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if again := find(t, 1e-3, f); !reflect.DeepEqual(first, again) {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestALossThatIsNotFiniteEndsTheTest(t *testing.T) {
	r := find(t, 1e-3, Config{To: 1e30, Steps: 12, Rise: math.MaxFloat64})
	if r.Ended != notFinite || len(r.Points) == 12 || len(r.Points) == 0 {
		t.Errorf("ended %q after %d points", r.Ended, len(r.Points))
	}
}

// A step that was left out has no loss: it is no point, and ends the test.
func TestAStepThatIsLeftOutEndsTheTest(t *testing.T) {
	r, l := &recorder{rise: 4}, &train.Loop{Config: config(t, 0.1)}
	for _, p := range []train.Progress{
		{Epoch: 1, Step: 1, Images: 16, Loss: 2}, {Epoch: 1, Step: 2, Images: 32, Loss: 1.5}, {Epoch: 1, Step: 3, Images: 32, Loss: 1.5},
	} {
		if l.Stopped() != "" {
			t.Fatalf("stopped before step %d: %s", p.Step, l.Stopped())
		}
		l.Progress = p
		if err := r.Step(l); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.points) != 2 || r.points[1].Loss != 1 || r.ended != notFinite || l.Stopped() != notFinite {
		t.Errorf("points %+v, ended %q", r.points, r.ended)
	}
}

func TestSuggestions(t *testing.T) {
	points := func(losses ...float64) (p []Point) {
		for i, l := range losses {
			p = append(p, Point{Rate: float64(i), Loss: l})
		}
		return p
	}
	falls := points(4, 4, 4, 4, 3.5, 2, 1, 0.9, 0.8, 0.9, 5, 0.1, 9)
	if steepest, minimum := suggest(falls, 1); steepest != 5 || minimum != 8 {
		t.Errorf("steepest at %v, least at %v, want 5 and 8", steepest, minimum)
	}
	if got, want := falls[5].Smoothed, (3.5+2+1)/3; math.Abs(got-want) > 1e-15 {
		t.Errorf("smoothed %v, want %v", got, want)
	}
	if steepest, minimum := suggest(points(1, 2, 3, 4), 1); steepest != 0 || minimum != 0 {
		t.Errorf("of a loss that never falls: %v, %v", steepest, minimum)
	}
	if steepest, minimum := suggest(points(4, 4.1, 3.9, 4, 3.95, 4, 3.9, 3.95, 3.95, 4), 1); steepest != 0 || minimum != 0 {
		t.Errorf("of noise: %v, %v", steepest, minimum)
	}
	if steepest, minimum := suggest(points(4, 4, 4, 4, 3.8, 3.7, 3.7, 3.7), 1); steepest != 4 || minimum != 6 {
		t.Errorf("of a fall by 7.5 %%: %v, %v, want 4 and 6", steepest, minimum)
	}
}

func TestRefusals(t *testing.T) {
	for want, f := range map[string]Config{
		"from 0.1 to 0.05: want them to rise": {To: 0.05, Steps: 10},
		"to +Inf":                             {To: math.Inf(1), Steps: 10},
		"to NaN":                              {To: math.NaN(), Steps: 10},
		"2 steps: want at least 3":            {To: 1, Steps: 2},
		"over -1 steps around":                {To: 1, Steps: 10, Around: -1},
		"0.5 times":                           {To: 1, Steps: 10, Rise: 0.5},
	} {
		if _, err := Run(context.Background(), config(t, 0.1), f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, config(t, 0.1), Config{To: 1, Steps: 10}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
