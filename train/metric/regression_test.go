package metric

import (
	"math"
	"testing"
)

func TestDetermination(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name                 string
		predictions, targets []float64
		want                 float64
	}{
		{"right", []float64{1, 2, 4}, []float64{1, 2, 4}, 1},
		{"the mean", []float64{2, 2, 2}, []float64{1, 2, 3}, 0},
		{"worse than the mean", []float64{3, 2, 1}, []float64{1, 2, 3}, -3},
		{"one target, right", []float64{0.1, 0.1, 0.1}, []float64{0.1, 0.1, 0.1}, 1},
		{"one target, wrong", []float64{0.1, 0.1, 0.2}, []float64{0.1, 0.1, 0.1}, 0},
		{"one example", []float64{1}, []float64{1}, nan},
		{"far from zero", []float64{1e9, 1e9 + 2, 1e9 + 2}, []float64{1e9, 1e9 + 1, 1e9 + 2}, 0.5},
		{"NaN", []float64{nan, 1}, []float64{1, 2}, nan},
		{"infinite", []float64{inf, 1}, []float64{1, 2}, nan},
		{"infinite target", []float64{1, 1}, []float64{1, inf}, nan},
	} {
		m := NewR2()
		m.Add(Batch{Predictions: c.predictions, Targets: c.targets})
		if got := m.Value(); !sameBits(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestErrorsThatAreNotFinite(t *testing.T) {
	for _, m := range []Metric{NewMAE(), NewMSE()} {
		m.Add(Batch{Predictions: []float64{1, math.Inf(-1)}, Targets: []float64{0, 0}})
		if got := m.Value(); !math.IsInf(got, 1) {
			t.Errorf("%s: %v, want +Inf", m.Name(), got)
		}
		m.Add(Batch{Predictions: []float64{math.NaN()}, Targets: []float64{0}})
		if got := m.Value(); got == got {
			t.Errorf("%s: %v, want NaN", m.Name(), got)
		}
	}
}
