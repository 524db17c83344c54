package metric

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/internal/python"
)

// set is a question to scikit-learn and PyTorch: predictions for some examples.
type set struct {
	Classes       int         `json:"classes"`
	Bins          int         `json:"bins"`
	Scores        [][]float64 `json:"scores"`
	Probabilities [][]float64 `json:"probabilities"`
	Labels        []int64     `json:"labels"`
	Predictions   []float64   `json:"predictions"`
	Targets       []float64   `json:"targets"`

	batch Batch
}

// newSet makes examples of which those of classes from `absent` on have no labels. Scores have ties
// between examples if they are coarse, but not within one, as those are broken differently elsewhere.
func newSet(n, classes, absent int, coarse bool) set {
	r := rand.New(rand.NewPCG(uint64(n), uint64(classes)))
	b := Batch{Classes: classes}
	for range n {
		label := r.IntN(absent)
		b.Labels = append(b.Labels, int64(label))
		for c := range classes {
			s := r.NormFloat64()
			if c == label {
				s++
			}
			if coarse {
				s = math.Round(2*s)/2 + float64(c)/16
			}
			b.Scores = append(b.Scores, s)
		}
		b.Targets = append(b.Targets, 100*r.Float64())
		b.Predictions = append(b.Predictions, b.Targets[len(b.Targets)-1]+20*r.NormFloat64())
	}
	b.Probabilities = Softmax(nil, b.Scores, classes)
	for i, l := range b.Labels {
		b.Losses = append(b.Losses, -math.Log(b.Probabilities[i*classes+int(l)]))
	}
	return set{
		classes, bins, slices.Collect(slices.Chunk(b.Scores, classes)), slices.Collect(slices.Chunk(b.Probabilities, classes)),
		b.Labels, b.Predictions, b.Targets, b,
	}
}

func sets() []set {
	return []set{
		newSet(500, 2, 2, false), newSet(500, 2, 2, true), newSet(300, 5, 5, false), newSet(400, 5, 5, true),
		newSet(200, 7, 4, false), newSet(1000, 47, 47, false), newSet(3, 4, 1, false),
	}
}

// metricsOf returns the metrics of the table for a number of classes.
func metricsOf(classes int) []Metric {
	return []Metric{
		NewLoss(), NewPerplexity(), NewAccuracy(1), NewAccuracy(3), NewAUC(classes), NewCalibration(bins), NewMAE(), NewMSE(), NewR2(),
		NewPrecision(classes, Macro), NewRecall(classes, Macro), NewF1(classes, Macro),
		NewPrecision(classes, Micro), NewRecall(classes, Micro), NewF1(classes, Micro),
	}
}

func TestMetricsAgainstScikitLearn(t *testing.T) {
	var answers []map[string]json.RawMessage
	python.ScikitLearn.Ask(t, "testdata/sklearn/main.py", sets(), &answers)
	compared := 0
	for i, s := range sets() {
		compared += compare(t, i, s, answers[i], 1e-12)
		compareConfusion(t, i, s, answers[i])
	}
	if compared < 12*len(sets())-6 {
		t.Errorf("only %d values were compared", compared)
	}
}

// compare holds the metrics of a set to an answer's, where it has them, and returns how many it does.
func compare(t *testing.T, number int, s set, answer map[string]json.RawMessage, bound float64) (compared int) {
	t.Helper()
	for _, m := range metricsOf(s.Classes) {
		text, ok := answer[m.Name()]
		if !ok {
			continue
		}
		var want float64
		decode(t, text, &want)
		m.Add(s.batch)
		if got := m.Value(); !(math.Abs(got-want) <= bound*max(1, math.Abs(want))) {
			t.Errorf("set %d, %s: %v, want %v", number, m.Name(), got, want)
		}
		compared++
	}
	return compared
}

func compareConfusion(t *testing.T, number int, s set, answer map[string]json.RawMessage) {
	t.Helper()
	var counts [][]int64
	var each [][4]float64
	decode(t, answer["confusion"], &counts)
	decode(t, answer["classes"], &each)
	m := NewConfusion(s.Classes)
	m.Add(s.batch)
	if !slices.EqualFunc(m.Counts(), counts, slices.Equal) {
		t.Errorf("set %d: %v, want %v", number, m.Counts(), counts)
	}
	for c, want := range each {
		got := m.Of(c)
		for i, v := range []float64{got.Precision, got.Recall, got.F1, float64(got.Support)} {
			if math.Abs(v-want[i]) > 1e-14 {
				t.Errorf("set %d, class %d: %+v, want %v", number, c, got, want)
			}
		}
	}
}

func decode(t *testing.T, text json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
