package train

import "testing"

// stopsAfter returns the epoch after which a callback stops a run of these test accuracies, 0 for none.
func stopsAfter(t *testing.T, s *EarlyStopping, accuracies ...float64) int {
	t.Helper()
	l := &Loop{Config: small(t, 48)}
	for i, a := range accuracies {
		l.Epochs = append(l.Epochs, Epoch{Epoch: i + 1, TestAccuracy: a, TrainLoss: 1 - a})
		if err := s.Evaluation(l); err != nil {
			t.Fatal(err)
		}
		if l.Stopped() != "" {
			return i + 1
		}
	}
	return 0
}

func TestEarlyStopping(t *testing.T) {
	for _, test := range []struct {
		patience   int
		least      float64
		accuracies []float64
		want       int
	}{
		{1, 0, []float64{0.5, 0.6, 0.7}, 0},
		{1, 0, []float64{0.5, 0.6, 0.6, 0.7}, 3}, // as good is no better
		{2, 0, []float64{0.5, 0.6, 0.6, 0.7, 0.1, 0.2}, 6},
		{3, 0, []float64{0.9, 0.1, 0.2, 0.3}, 4}, // better than the one before does not count
		{1, 0.05, []float64{0.5, 0.6, 0.64}, 3},
		{2, 0.05, []float64{0.5, 0.53, 0.56, 0.59}, 0}, // small steps add up
	} {
		if got := stopsAfter(t, &EarlyStopping{Patience: test.patience, Least: test.least}, test.accuracies...); got != test.want {
			t.Errorf("patience %d, least %v, %v: stops after %d, want %d", test.patience, test.least, test.accuracies, got, test.want)
		}
	}
	l := &Loop{Config: small(t, 48), Epochs: []Epoch{{Epoch: 1, TestAccuracy: 0.5, TestLoss: 2}, {Epoch: 2, TestAccuracy: 0.5, TestLoss: 1}}}
	if err := (&EarlyStopping{Patience: 1}).Evaluation(l); err != nil || l.Stopped() != "" {
		t.Errorf("as many are right, and the loss is smaller: stops, %q, %v", l.Stopped(), err)
	}
	falling := &EarlyStopping{Of: func(e Epoch) float64 { return -e.TestAccuracy }}
	if got := stopsAfter(t, falling, 0.5, 0.4, 0.45); got != 3 {
		t.Errorf("smaller is better: stops after %d, want 3", got)
	}
}

func TestEarlyStoppingEndsARunInGoodOrder(t *testing.T) {
	c := small(t, 48)
	c.Epochs = 3
	never := &EarlyStopping{Of: func(e Epoch) float64 { return float64(-e.Epoch) }}
	c.Callbacks = []Callback{never}
	if epochs := fit(t, c); len(epochs) != 2 {
		t.Errorf("%d epochs, want 2", len(epochs))
	}
}
