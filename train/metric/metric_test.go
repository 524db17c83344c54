package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/tensor"
)

// someBatch returns examples that are mostly right.
func someBatch(n int) Batch {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := Batch{Classes: classes}
	for range n {
		label := r.IntN(classes)
		b.Labels = append(b.Labels, int64(label))
		for c := range classes {
			s := 2 * r.NormFloat64()
			if c == label {
				s += 2
			}
			b.Scores = append(b.Scores, s)
		}
		b.Losses = append(b.Losses, r.ExpFloat64())
		b.Targets = append(b.Targets, 5+r.NormFloat64())
		b.Predictions = append(b.Predictions, b.Targets[len(b.Targets)-1]+r.NormFloat64()/3)
	}
	b.Probabilities = Softmax(nil, b.Scores, classes)
	return b
}

func TestWithoutExamples(t *testing.T) {
	for _, k := range kinds {
		m := k.make()
		switch got := m.Value(); m.(type) {
		case *Averaged:
			if got != 0 {
				t.Errorf("%s: %v, want 0", m.Name(), got)
			}
		default:
			if got == got {
				t.Errorf("%s: %v, want NaN", m.Name(), got)
			}
		}
	}
}

// mistake returns the error that f panics with.
func mistake(f func()) (err error) {
	defer func() {
		if e, ok := recover().(*tensor.Error); ok {
			err = e
		}
	}()
	f()
	return nil
}

// TestWrongBatchesAddNothing tries batches that lack something, or whose parts do not fit.
func TestWrongBatchesAddNothing(t *testing.T) {
	wrong := map[string]func(*Batch){
		"no field but labels": func(b *Batch) { *b = Batch{Classes: classes, Labels: b.Labels} },
		"fields too short": func(b *Batch) {
			b.Scores, b.Probabilities = b.Scores[1:], b.Probabilities[1:]
			b.Predictions, b.Losses = b.Predictions[1:], nil
		},
		"rows of other classes": func(b *Batch) { b.Classes = 2; b.Losses, b.Targets = nil, nil },
		"a negative label":      func(b *Batch) { b.Labels[9] = -1; b.Losses, b.Targets = nil, nil },
		"a label that is large": func(b *Batch) { b.Labels[9] = classes; b.Losses, b.Targets = nil, nil },
	}
	for _, k := range kinds {
		for name, spoil := range wrong {
			m := k.make()
			m.Add(someBatch(20))
			before := m.Value()
			b := someBatch(10)
			spoil(&b)
			err := mistake(func() { m.Add(b) })
			if err == nil {
				t.Errorf("%s takes %s", m.Name(), name)
				continue
			}
			if text := err.Error(); !strings.Contains(text, m.Name()) || !strings.Contains(text, "want") || !strings.Contains(text, "_test.go:") {
				t.Errorf("%s, %s: %s", m.Name(), name, text)
			}
			if m.Value() != before {
				t.Errorf("%s added something of %s", m.Name(), name)
			}
		}
	}
}

func TestWrongSettings(t *testing.T) {
	for name, f := range map[string]func(){
		"top 0":          func() { NewAccuracy(0) },
		"no classes":     func() { NewConfusion(0) },
		"far too many":   func() { NewConfusion(1 << 20) },
		"an average":     func() { NewF1(3, Average(2)) },
		"1 class":        func() { NewAUC(1) },
		"no bins":        func() { NewCalibration(0) },
		"class 2 of 2":   func() { NewConfusion(2).Of(2) },
		"class -1":       func() { NewConfusion(2).Observe(0, -1) },
		"area of 2 of 2": func() { NewAUC(2).Of(2) },
		"3 names for 2":  func() { NewConfusion(2).Table([]string{"a", "b", "c"}) },
		"half a row":     func() { Softmax(nil, make([]float64, 3), 2) },
		"no row":         func() { Softmax(nil, nil, 0) },
		"logits":         func() { NewCalibration(3).Add(Batch{Classes: 2, Probabilities: []float64{-3, 2}, Labels: []int64{0}}) },
		"more classes":   func() { NewAUC(3).Add(Batch{Classes: 1, Probabilities: []float64{1}, Labels: []int64{0}}) },
	} {
		if err := mistake(f); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatDoesNotMerge(t *testing.T) {
	self := NewLoss()
	for _, c := range []struct {
		m, other Metric
		want     string
	}{
		{NewLoss(), NewPerplexity(), "merge loss: want another *metric.Loss, not *metric.Perplexity"},
		{NewLoss(), nil, "merge loss: want another *metric.Loss, not <nil>"},
		{self, self, "merge loss: want another, not itself"},
		{NewAccuracy(1), NewAccuracy(2), "merge accuracy: want another of that name, not top2_accuracy"},
		{NewF1(3, Macro), NewF1(3, Micro), "merge f1_macro: want another of that name, not f1_micro"},
		{NewF1(3, Macro), NewF1(4, Macro), "merge f1_macro: want one of 3 classes, not 4"},
		{NewConfusion(3), NewConfusion(4), "merge confusion: want one of 3 classes, not 4"},
		{NewAUC(2), NewAUC(4), "merge roc_auc: want one of 2 classes, not 4"},
		{NewCalibration(10), NewCalibration(15), "merge calibration_error: want one of 10 bins, not 15"},
		{NewMAE(), NewMSE(), "merge mae: want another of that name, not mse"},
	} {
		if err := c.m.Merge(c.other); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	for i, a := range kinds {
		for j, b := range kinds {
			if err := a.make().Merge(b.make()); (err == nil) != (i == j) {
				t.Errorf("merging %s into %s: %v", b.make().Name(), a.make().Name(), err)
			}
		}
	}
}

func TestNamesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range kinds {
		name := k.make().Name()
		if seen[name] || strings.ContainsAny(name, " ,/") {
			t.Errorf("%q is there twice, or is no name for a column", name)
		}
		seen[name] = true
	}
}

func TestSoftmax(t *testing.T) {
	got := Softmax([]float64{7}, []float64{0, math.Log(3), 1000, 1000, math.Inf(-1), 0}, 2)
	want := []float64{7, 0.25, 0.75, 0.5, 0.5, 0, 1}
	if !slices.EqualFunc(got, want, func(a, b float64) bool { return near(a, b, 1e-15) }) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, s := range []float64{math.NaN(), math.Inf(1)} {
		if got := Softmax(nil, []float64{s, 0}, 2); got[0] == got[0] || got[1] == got[1] {
			t.Errorf("%v: %v, want NaN", s, got)
		}
	}
}

func TestAppendFloat64(t *testing.T) {
	buffer := make([]float64, 0, 4)
	got := AppendFloat64(buffer, []float32{0.1, -3})
	if !slices.Equal(got, []float64{float64(float32(0.1)), -3}) || &got[0] != &buffer[:1][0] {
		t.Errorf("%v, or in memory of its own", got)
	}
}

// TestMetricsRange is how a trainer uses metrics it does not know, and how an error is told.
func TestMetricsRange(t *testing.T) {
	metrics := []Metric{NewLoss(), NewAccuracy(1), NewAUC(classes)}
	for _, m := range metrics {
		m.Add(someBatch(10))
	}
	var e *tensor.Error
	if err := mistake(func() { metrics[0].Add(Batch{Labels: []int64{1}}) }); !errors.As(err, &e) || e.Op != "loss" {
		t.Errorf("%v", err)
	}
}
