package metric

import (
	"math"
	"testing"
)

func TestBinsOfCalibration(t *testing.T) {
	m := NewCalibration(4)
	m.Add(Batch{
		Classes: 2, Labels: []int64{0, 1, 1, 0},
		Probabilities: []float64{0.5, 0.5, 0.75, 0.25, 0.25, 0.75, 0.125, 0.875},
	})
	want := []Bin{
		{0, 0.25, 0, math.NaN(), math.NaN()},
		{0.25, 0.5, 1, 1, 0.5}, // the upper limit belongs to a bin, and of equal probabilities the first class is predicted
		{0.5, 0.75, 2, 0.5, 0.75},
		{0.75, 1, 1, 0, 0.875},
	}
	for i, got := range m.Bins() {
		w := want[i]
		if got.Low != w.Low || got.High != w.High || got.Count != w.Count || !sameBits(got.Accuracy, w.Accuracy) || !sameBits(got.Confidence, w.Confidence) {
			t.Errorf("bin %d: %+v, want %+v", i, got, w)
		}
	}
	if got, want := m.Value(), (0.5+2*0.25+0.875)/4; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestLimitsOfBins tries every limit, and the numbers next to it.
func TestLimitsOfBins(t *testing.T) {
	for bins := 1; bins <= 100; bins++ {
		for i := 1; i <= bins; i++ {
			limit := float64(i) / float64(bins)
			below, above := math.Nextafter(limit, 0), math.Nextafter(limit, 2)
			if a, b, c := binOf(below, bins), binOf(limit, bins), binOf(above, bins); a != i-1 || b != i-1 || c != min(i, bins-1) {
				t.Errorf("%d bins, around %v: bins %d, %d and %d, want %d, %d and %d", bins, limit, a, b, c, i-1, i-1, min(i, bins-1))
			}
		}
		if at := binOf(0, bins); at != 0 {
			t.Errorf("%d bins: 0 is in bin %d", bins, at)
		}
	}
}

func TestProbabilitiesAtTheEdge(t *testing.T) {
	m := NewCalibration(10)
	m.Add(Batch{Classes: 2, Labels: []int64{0, 1}, Probabilities: []float64{1.0000001, 0, 0, 0}})
	if b := m.Bins(); b[9].Count != 1 || b[0].Count != 1 {
		t.Errorf("%+v", b)
	}
	m.Add(Batch{Classes: 2, Labels: []int64{0}, Probabilities: []float64{0.5, math.NaN()}})
	if got := m.Value(); got == got {
		t.Errorf("%v with a NaN", got)
	}
	merged := NewCalibration(10)
	if err := merged.Merge(m); err != nil || merged.Value() == merged.Value() {
		t.Errorf("%v, %v: merging loses a NaN", merged.Value(), err)
	}
}
