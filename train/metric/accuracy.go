package metric

import (
	"fmt"

	"github.com/mlodyssey/odyssey/tensor"
)

// Accuracy is the share of examples whose class is among the k with the largest Scores. Of equal
// scores the lower class comes first, and NaN counts as larger than all else, as in op.ArgMax.
type Accuracy struct {
	name           string
	k              int
	correct, count int64
}

// NewAccuracy returns the top-k accuracy of no examples: 1 for the usual one.
func NewAccuracy(k int) *Accuracy {
	if k < 1 {
		tensor.Fail("metric.NewAccuracy", nil, "want the best 1 or more classes, not %d", k)
	}
	name := "accuracy"
	if k > 1 {
		name = fmt.Sprintf("top%d_accuracy", k)
	}
	return &Accuracy{name: name, k: k}
}

// Name is "accuracy", "top2_accuracy", "top3_accuracy", …
func (m *Accuracy) Name() string { return m.name }

// Correct is how many of the examples taken in have their class among the best k.
func (m *Accuracy) Correct() int64 { return m.correct }

// Count is how many examples were taken in.
func (m *Accuracy) Count() int64 { return m.count }

// Add takes in Scores and Labels.
func (m *Accuracy) Add(b Batch) {
	b.checkRows(m.name, "Scores", b.Scores, b.Classes)
	for i, label := range b.Labels {
		if rank(b.Scores[i*b.Classes:(i+1)*b.Classes], int(label)) < m.k {
			m.correct++
		}
	}
	m.count += int64(len(b.Labels))
}

// rank returns how many classes come before one.
func rank(scores []float64, class int) int {
	before := 0
	for i, s := range scores {
		if larger(s, scores[class]) || i < class && !larger(scores[class], s) {
			before++
		}
	}
	return before
}

// Merge takes in another *Accuracy of the same k.
func (m *Accuracy) Merge(other Metric) error {
	o, err := same(m, other)
	if err == nil {
		m.correct += o.correct
		m.count += o.count
	}
	return err
}

// Value is between 0 and 1; NaN for no examples.
func (m *Accuracy) Value() float64 { return float64(m.correct) / float64(m.count) }

// Reset forgets all examples.
func (m *Accuracy) Reset() { m.correct, m.count = 0, 0 }
