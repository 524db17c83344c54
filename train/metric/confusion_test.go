package metric

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// confusionOf counts cells.
func confusionOf(counts [][]int64) *Confusion {
	m := NewConfusion(len(counts))
	for actual, row := range counts {
		for predicted, n := range row {
			for range n {
				m.Observe(actual, predicted)
			}
		}
	}
	return m
}

func TestConfusionCountsWhatItsReferenceDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		m := NewConfusion(classes)
		m.Add(b)
		for actual := range classes {
			for predicted := range classes {
				want := int64(0)
				for i, l := range b.Labels {
					if l == int64(actual) && best(b, i)[0] == int64(predicted) {
						want++
					}
				}
				if got := m.Count(actual, predicted); got != want || m.Counts()[actual][predicted] != want {
					t.Fatalf("class %d for class %d: %d times, want %d", actual, predicted, got, want)
				}
			}
			precision, recall := precisionRecall(b, int64(actual))
			s := m.Of(actual)
			if s.Precision != precision || s.Recall != recall || !near(s.F1, harmonic(precision, recall), 1e-15) {
				t.Fatalf("class %d: %+v, want a precision of %v and a recall of %v", actual, s, precision, recall)
			}
		}
	})
}

// TestNothingDividedByNothing has class 2 without examples, class 3 without predictions, class 4
// without either.
func TestNothingDividedByNothing(t *testing.T) {
	m := confusionOf([][]int64{
		{3, 1, 0, 0, 0},
		{0, 4, 2, 0, 0},
		{0, 0, 0, 0, 0},
		{1, 0, 0, 0, 0},
		{0, 0, 0, 0, 0},
	})
	want := []Scores{
		{0.75, 0.75, 0.75, 4, 4},
		{0.8, 4.0 / 6, 8.0 / 11, 6, 5},
		{0, 0, 0, 0, 2},
		{0, 0, 0, 1, 0},
		{0, 0, 0, 0, 0},
	}
	for c, w := range want {
		if got := m.Of(c); got != w {
			t.Errorf("class %d: %+v, want %+v", c, got, w)
		}
	}
	macro := Scores{(0.75 + 0.8) / 5, (0.75 + 4.0/6) / 5, (0.75 + 8.0/11) / 5, 11, 11}
	if got := m.Macro(); got != macro {
		t.Errorf("macro %+v, want %+v", got, macro)
	}
	share := 7.0 / 11
	if got, want := m.Micro(), (Scores{share, share, share, 11, 11}); got != want || m.Value() != share {
		t.Errorf("micro %+v, want %+v; accuracy %v", got, want, m.Value())
	}
	m.Reset()
	if m.Macro() != (Scores{}) || m.Micro() != (Scores{}) || !math.IsNaN(m.Value()) {
		t.Errorf("without examples: macro %+v, micro %+v, accuracy %v", m.Macro(), m.Micro(), m.Value())
	}
}

func TestCountsAreACopy(t *testing.T) {
	m := confusionOf([][]int64{{1, 2}, {3, 4}})
	counts := m.Counts()
	if !reflect.DeepEqual(counts, [][]int64{{1, 2}, {3, 4}}) {
		t.Fatalf("%v", counts)
	}
	counts[0][0] = 9
	if m.Count(0, 0) != 1 {
		t.Error("a change of the copy changed the matrix")
	}
}

func TestTable(t *testing.T) {
	m := confusionOf([][]int64{{10, 2}, {0, 4}})
	want := `  actual\predicted  cat  dog  precision  recall      F1
               cat   10    2     1.0000  0.8333  0.9091
               dog    0    4     0.6667  1.0000  0.8000
`
	if got := m.Table([]string{"cat", "dog"}); got != want {
		t.Errorf("\n%swant\n%s", got, want)
	}
	want = `  actual\predicted   0  1  precision  recall      F1
                 0  10  2     1.0000  0.8333  0.9091
                 1   0  4     0.6667  1.0000  0.8000
`
	if got := m.Table(nil); got != want {
		t.Errorf("\n%swant\n%s", got, want)
	}
}

// TestScoresThatAreNaN are larger than all else, as in op.ArgMax.
func TestScoresThatAreNaN(t *testing.T) {
	nan := math.NaN()
	b := Batch{Classes: 3, Scores: []float64{5, nan, nan, 1, 1, 0}, Labels: []int64{0, 1}}
	m, top1, top2, top3 := NewConfusion(3), NewAccuracy(1), NewAccuracy(2), NewAccuracy(3)
	for _, each := range []Metric{m, top1, top2, top3} {
		each.Add(b)
	}
	if m.Count(0, 1) != 1 || m.Count(1, 0) != 1 {
		t.Errorf("%v", m.Counts())
	}
	if top1.Correct() != 0 || top2.Correct() != 1 || top3.Correct() != 2 || top3.Count() != 2 {
		t.Errorf("%d, %d and %d right, want 0, 1 and 2", top1.Correct(), top2.Correct(), top3.Correct())
	}
}
