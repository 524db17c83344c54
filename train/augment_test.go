package train

import (
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/model"
)

// An augmented run, with mixtures too, has the same bits with workers that read ahead, and
// operation by operation; the policy and the seed change it.
func TestAugmentedRuns(t *testing.T) {
	run := func(policy string, change func(c *Config)) string {
		c := small(t, 100)
		c.Test = nil
		p, err := augment.Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		c.Augment = p
		change(&c)
		fit(t, c)
		return digest(c)
	}
	same := func(*Config) {}
	for _, policy := range []string{"default", "default+mixup"} {
		want := run(policy, same)
		if got := run(policy, func(c *Config) { c.Workers = 3 }); got != want {
			t.Errorf("%s with workers: digest %s, want %s", policy, got, want)
		}
		if got := run(policy, func(c *Config) { c.Eager = true }); got != want {
			t.Errorf("%s, eager: digest %s, want %s", policy, got, want)
		}
		if run(policy, func(c *Config) { c.Seed = 2 }) == want || run("light", same) == want {
			t.Errorf("%s: another policy or seed gives the same", policy)
		}
	}
}

// Mixtures are learnt by both labels: with all weight on the other example nothing is learnt of one's own.
func TestMixturesAreLearntByBothLabels(t *testing.T) {
	c := small(t, 600)
	c.Epochs, c.Test = 8, nil
	p, err := augment.Parse("mixup:alpha=0.4")
	if err != nil {
		t.Fatal(err)
	}
	c.Augment = p
	fit(t, c)
	plain := small(t, 600)
	plain.Epochs, plain.Test = 8, nil
	fit(t, plain)
	mixed, err := Evaluate(t.Context(), c.Model, c.Precision, c.Train, c.Mean, c.Std)
	if err != nil {
		t.Fatal(err)
	}
	if mixed.Accuracy < 0.25 || digest(c) == digest(plain) {
		t.Errorf("accuracy %v on what was learnt from mixtures", mixed.Accuracy)
	}
}

func TestSettingsOfAugmentation(t *testing.T) {
	s := smallRun()
	s.Augment = "default+erase:p=0.25"
	if _, c := prepare(t, s); c.Augment == nil {
		t.Error("the run has no policy")
	}
	s.Augment = "defualt"
	if _, _, err := s.Prepare(model.New); err == nil {
		t.Error("no error")
	}
}

func TestRunsOfASampler(t *testing.T) {
	c := small(t, 100)
	c.Sampler, c.Test = data.Share(data.Shuffled(), 1, 2), nil
	seen := 0
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		p := l.Progress
		seen = p.Images
		return nil
	}))
	if fit(t, c); seen != 50 {
		t.Errorf("an epoch has %d examples, want 50", seen)
	}
}

// Images that the policy normalises would be normalised again, but for test images.
func TestNothingIsNormalisedTwice(t *testing.T) {
	for _, policy := range []string{"normalise", "default+oneof(blur|normalise:p=0.5)+mixup"} {
		c := small(t, 100)
		p, err := augment.Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		c.Augment = p
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "want --normalize MEAN/DEVIATION") {
			t.Errorf("%s: %v", policy, err)
		}
		c.Mean, c.Std = nil, nil
		if err := c.Check(); err != nil {
			t.Errorf("%s without means: %v", policy, err)
		}
	}
}
