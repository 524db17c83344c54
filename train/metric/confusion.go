package metric

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/tensor"
)

// Confusion counts which classes are taken for which: a matrix with a row for each class that
// examples have and a column for each that is predicted, the one with the largest of Scores.
type Confusion struct {
	classes int
	counts  []int64 // [actual × predicted]
}

// MaxClasses is how many classes may be told apart: a confusion matrix of so many takes 8 GiB.
const MaxClasses = 1 << 15

func checkClasses(name string, classes int) {
	if classes < 1 || classes > MaxClasses {
		tensor.Fail(name, nil, "want 1 to %d classes, not %d", MaxClasses, classes)
	}
}

// NewConfusion returns an empty matrix of a number of classes, which takes 8 × classes² bytes.
func NewConfusion(classes int) *Confusion {
	checkClasses("metric.NewConfusion", classes)
	return &Confusion{classes, make([]int64, classes*classes)}
}

// Name is "confusion".
func (m *Confusion) Name() string { return "confusion" }

// Add takes in Scores and Labels. Of equal scores the lower class is predicted, and NaN counts as
// larger than all else, as in op.ArgMax.
func (m *Confusion) Add(b Batch) { b.predictions(m.Name(), m.classes, m.count) }

func (m *Confusion) count(actual, predicted int) { m.counts[actual*m.classes+predicted]++ }

// predictions calls f for each example of a batch of a number of classes.
func (b Batch) predictions(name string, classes int, f func(actual, predicted int)) {
	b.checkRows(name, "Scores", b.Scores, classes)
	for i, label := range b.Labels {
		f(int(label), largest(b.Scores[i*classes:(i+1)*classes]))
	}
}

// Observe counts one example, where the prediction is at hand without scores.
func (m *Confusion) Observe(actual, predicted int) {
	m.check(actual)
	m.check(predicted)
	m.count(actual, predicted)
}

func (m *Confusion) check(class int) {
	if class < 0 || class >= m.classes {
		tensor.Fail("metric.Confusion", nil, "want a class from 0 to %d, not %d", m.classes-1, class)
	}
}

// Merge takes in another *Confusion of as many classes.
func (m *Confusion) Merge(other Metric) error {
	o, err := same(m, other)
	if err != nil {
		return err
	}
	if o.classes != m.classes {
		return otherClasses(m, m.classes, o.classes)
	}
	for i, c := range o.counts {
		m.counts[i] += c
	}
	return nil
}

// Value is the accuracy, the share of examples on the diagonal; NaN for no examples.
func (m *Confusion) Value() float64 {
	correct, count := int64(0), int64(0)
	for i, c := range m.counts {
		if i%(m.classes+1) == 0 {
			correct += c
		}
		count += c
	}
	return float64(correct) / float64(count)
}

// Reset empties the matrix.
func (m *Confusion) Reset() { clear(m.counts) }

// Classes is the number of classes.
func (m *Confusion) Classes() int { return m.classes }

// Count is how many examples of class actual were taken for class predicted.
func (m *Confusion) Count(actual, predicted int) int64 {
	m.check(actual)
	m.check(predicted)
	return m.counts[actual*m.classes+predicted]
}

// WithoutExamples returns how many classes no example is of: their recall has no value.
func (m *Confusion) WithoutExamples() (n int) {
	for class := range m.classes {
		if m.Of(class).Support == 0 {
			n++
		}
	}
	return n
}

// Counts returns a copy of the matrix, a slice for each class that examples have.
func (m *Confusion) Counts() [][]int64 {
	return slices.Collect(slices.Chunk(slices.Clone(m.counts), m.classes))
}

// Table returns the matrix as text, a line for each class that examples have and a column for each
// that is predicted, with what [Confusion.Of] says of each class. Names are those of the classes;
// nil: their numbers.
func (m *Confusion) Table(names []string) string {
	if names == nil {
		for c := range m.classes {
			names = append(names, fmt.Sprint(c))
		}
	}
	if len(names) != m.classes {
		tensor.Fail("metric.Confusion.Table", nil, "want %d names, not %d", m.classes, len(names))
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "actual\\predicted\t%s\tprecision\trecall\tF1\t\n", strings.Join(names, "\t"))
	for c, name := range names {
		fmt.Fprintf(w, "%s\t", name)
		for _, n := range m.counts[c*m.classes : (c+1)*m.classes] {
			fmt.Fprintf(w, "%d\t", n)
		}
		s := m.Of(c)
		fmt.Fprintf(w, "%.4f\t%.4f\t%.4f\t\n", s.Precision, s.Recall, s.F1)
	}
	w.Flush()
	return b.String()
}

func otherClasses(m Metric, classes, other int) error {
	return fmt.Errorf("merge %s: want one of %d classes, not %d", m.Name(), classes, other)
}
