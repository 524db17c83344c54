package metric

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestAreaOfTwoClasses(t *testing.T) {
	for _, c := range []struct {
		p      []float64
		labels []int64
		want   float64
	}{
		{[]float64{0.1, 0.4, 0.35, 0.8}, []int64{0, 0, 1, 1}, 0.75}, // scikit-learn's example
		{[]float64{0.5, 0.5, 0.5}, []int64{0, 1, 1}, 0.5},
		{[]float64{1, 2, 3, 3}, []int64{0, 0, 0, 1}, 5.0 / 6},
		{[]float64{0.9, 0.1}, []int64{0, 1}, 0},
		{[]float64{math.Inf(-1), math.Inf(1)}, []int64{0, 1}, 1},
		{[]float64{math.Copysign(0, -1), 0}, []int64{0, 1}, 0.5},
		{[]float64{1, 2}, []int64{1, 1}, math.NaN()},
		{[]float64{1, 2}, []int64{0, 0}, math.NaN()},
		{[]float64{1, 2, math.NaN()}, []int64{0, 1, 1}, math.NaN()},
	} {
		m := NewAUC(2)
		m.Add(Batch{Classes: 1, Probabilities: c.p, Labels: c.labels})
		if got := m.Value(); !sameBits(got, c.want) || !sameBits(m.Of(0), c.want) || !sameBits(m.Of(1), c.want) {
			t.Errorf("%v, %v: %v, want %v", c.p, c.labels, got, c.want)
		}
	}
}

// TestTwoColumnsAreOne holds two classes against one number, and against the reference.
func TestTwoColumnsAreOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "examples")
		one := Batch{Classes: 1, Labels: rapid.SliceOfN(rapid.Int64Range(0, 1), n, n).Draw(t, "labels")}
		two := Batch{Classes: 2, Labels: one.Labels}
		for range n {
			p := float64(rapid.IntRange(0, 8).Draw(t, "eighths")) / 8
			one.Probabilities = append(one.Probabilities, p)
			two.Probabilities = append(two.Probabilities, 1-p, p)
		}
		a, b := NewAUC(2), NewAUC(2)
		a.Add(one)
		b.Add(two)
		if want := pairsOf(two, 1); !sameBits(a.Value(), b.Value()) || !near(a.Value(), want, 1e-14) {
			t.Fatalf("one column %v, two columns %v, want %v", a.Value(), b.Value(), want)
		}
	})
}

func TestAreaOfEachClass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		m := NewAUC(classes)
		m.Add(b)
		for c := range classes {
			if got, want := m.Of(c), pairsOf(b, c); !near(got, want, 1e-14) {
				t.Fatalf("class %d: %v, want %v", c, got, want)
			}
		}
	})
}

// TestAValueBetweenBatches sees that sorting for a value does not disturb what follows.
func TestAValueBetweenBatches(t *testing.T) {
	a, b := NewAUC(classes), NewAUC(classes)
	for i := range 5 {
		a.Add(someBatch(20 + i))
		b.Add(someBatch(20 + i))
		a.Value()
	}
	if a.Value() != b.Value() {
		t.Errorf("%v, want %v", a.Value(), b.Value())
	}
}

// TestAreaOfManyTies is one that products of counts in 32 bits would get wrong.
func TestAreaOfManyTies(t *testing.T) {
	m := NewAUC(2)
	b := Batch{Classes: 1}
	for i := range 200_000 {
		b.Probabilities = append(b.Probabilities, 0.5)
		b.Labels = append(b.Labels, int64(i%2))
	}
	m.Add(b)
	if got := m.Value(); got != 0.5 {
		t.Errorf("%v, want 0.5", got)
	}
}
