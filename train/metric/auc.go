package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// AUC is the area under the ROC curve: the probability that an example of a class has a larger
// probability of it than one of another class, ties counted half (Hanley and McNeil, "The Meaning and
// Use of the Area under a ROC Curve", 1982). It is exact, by counting pairs, so it keeps every
// probability: 8 bytes an example for two classes, 8 × classes bytes for more, and while these slices
// grow up to twice that. Value sorts them in place. Fewer than 2^31 examples may be taken in.
//
// For two classes it is that of class 1. For more it is one against the rest: the mean over those
// classes that have an area, which takes an example of the class and one of another.
type AUC struct {
	classes int
	sets    []separated // of class 1 if there are two, or else of each
}

// separated is the probabilities of a class, of examples that have it and of others.
type separated struct {
	in, out []float64
	nan     bool
}

// NewAUC returns the area of no examples, for a number of classes.
func NewAUC(classes int) *AUC {
	if classes < 2 {
		tensor.Fail("metric.NewAUC", nil, "want at least 2 classes, not %d", classes)
	}
	n := classes
	if n == 2 {
		n = 1
	}
	return &AUC{classes, make([]separated, n)}
}

// Name is "roc_auc".
func (m *AUC) Name() string { return "roc_auc" }

// Add takes in Probabilities and Labels. For two classes, Classes may be 1 too: Probabilities then
// has a number an example, of any scale, larger where class 1 is likelier.
func (m *AUC) Add(b Batch) {
	columns := m.classes
	if m.classes == 2 && b.Classes == 1 {
		columns = 1
		b.checkSingle(m.Name())
	} else {
		b.checkRows(m.Name(), "Probabilities", b.Probabilities, m.classes)
	}
	for s := range m.sets {
		class, column := m.classOf(s), m.classOf(s)
		if columns == 1 {
			column = 0
		}
		for i, label := range b.Labels {
			m.sets[s].add(b.Probabilities[i*columns+column], int(label) == class)
		}
	}
}

// checkSingle is checkRows for one number an example.
func (b Batch) checkSingle(name string) {
	if len(b.Probabilities) != len(b.Labels) {
		tensor.Fail(name, nil, "want as many Probabilities of class 1, %d, as Labels, %d", len(b.Probabilities), len(b.Labels))
	}
	b.checkLabels(name, 2)
}

func (m *AUC) classOf(set int) int {
	if m.classes == 2 {
		return 1
	}
	return set
}

func (s *separated) add(p float64, in bool) {
	switch {
	case p != p:
		s.nan = true
	case in:
		s.in = append(s.in, p)
	default:
		s.out = append(s.out, p)
	}
}

// Merge takes in another *AUC of as many classes.
func (m *AUC) Merge(other Metric) error {
	o, err := same(m, other)
	if err != nil {
		return err
	}
	if o.classes != m.classes {
		return fmt.Errorf("merge %s: want one of %d classes, not %d", m.Name(), m.classes, o.classes)
	}
	for i := range m.sets {
		s, t := &m.sets[i], &o.sets[i]
		s.in, s.out, s.nan = append(s.in, t.in...), append(s.out, t.out...), s.nan || t.nan
	}
	return nil
}

// Value is between 0 and 1, and 1/2 for probabilities that tell nothing. It is NaN if no class has an
// area, or a probability was NaN.
func (m *AUC) Value() float64 {
	total, n := 0.0, 0
	for i := range m.sets {
		s := &m.sets[i]
		if s.nan {
			return math.NaN()
		}
		if len(s.in) > 0 && len(s.out) > 0 {
			total += s.area()
			n++
		}
	}
	return total / float64(n)
}

// Of returns the area of a class against the rest; NaN if there is none.
func (m *AUC) Of(class int) float64 {
	if class < 0 || class >= m.classes {
		tensor.Fail("metric.AUC", nil, "want a class from 0 to %d, not %d", m.classes-1, class)
	}
	if m.classes == 2 {
		// p of class 0 is 1 - p of class 1, so the area is the same.
		class = 0
	}
	s := &m.sets[class]
	if s.nan {
		return math.NaN()
	}
	return s.area()
}

// area counts, for each example of the class, the others with a smaller probability twice and those
// with the same once.
func (s *separated) area() float64 {
	slices.Sort(s.in)
	slices.Sort(s.out)
	halves, below, upTo := int64(0), 0, 0
	for _, p := range s.in {
		for below < len(s.out) && s.out[below] < p {
			below++
		}
		upTo = max(upTo, below)
		for upTo < len(s.out) && s.out[upTo] == p {
			upTo++
		}
		halves += int64(below + upTo)
	}
	return float64(halves) / 2 / float64(int64(len(s.in))*int64(len(s.out)))
}

// Reset forgets all examples, and keeps the memory.
func (m *AUC) Reset() {
	for i := range m.sets {
		s := &m.sets[i]
		s.in, s.out, s.nan = s.in[:0], s.out[:0], false
	}
}
