package metric

import (
	"github.com/mlodyssey/odyssey/tensor"
)

// Scores is how well a class is found. With TP the examples of the class that are predicted to be of
// it, Predicted all that are, and Support all that have the class,
//
//	Precision = TP / Predicted
//	Recall    = TP / Support
//	F1        = 2 TP / (Predicted + Support)
//
// the last being the harmonic mean of the others. A quotient 0/0 is 0: the precision of a class that
// is never predicted, the recall of one without examples, the F1 of one with neither (scikit-learn's
// zero_division=0).
type Scores struct {
	Precision, Recall, F1 float64
	Support, Predicted    int64
}

// tally counts the examples of a class that are predicted to be of it, all that are, and all that
// have it.
type tally struct{ correct, predicted, support int64 }

func (t tally) scores() Scores {
	return Scores{
		Precision: ratio(t.correct, t.predicted), Recall: ratio(t.correct, t.support), F1: ratio(2*t.correct, t.predicted+t.support),
		Support: t.support, Predicted: t.predicted,
	}
}

// ratio returns a / b, and 0 for 0 / 0.
func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// tallies are those of all classes.
type tallies []tally

// count takes in an example.
func (t tallies) count(actual, predicted int) {
	t[actual].support++
	t[predicted].predicted++
	if actual == predicted {
		t[actual].correct++
	}
}

// macro is [Confusion.Macro].
func (t tallies) macro() Scores {
	var sum Scores
	for _, class := range t {
		s := class.scores()
		sum.Precision += s.Precision
		sum.Recall += s.Recall
		sum.F1 += s.F1
		sum.Support += s.Support
		sum.Predicted += s.Predicted
	}
	n := float64(len(t))
	return Scores{sum.Precision / n, sum.Recall / n, sum.F1 / n, sum.Support, sum.Predicted}
}

// micro is [Confusion.Micro].
func (t tallies) micro() Scores {
	var all tally
	for _, class := range t {
		all.correct += class.correct
		all.predicted += class.predicted
		all.support += class.support
	}
	return all.scores()
}

// Of returns the scores of a class.
func (m *Confusion) Of(class int) Scores {
	m.check(class)
	t := tally{correct: m.counts[class*m.classes+class]}
	for c := range m.classes {
		t.predicted += m.counts[c*m.classes+class]
		t.support += m.counts[class*m.classes+c]
	}
	return t.scores()
}

func (m *Confusion) tallies() tallies {
	t := make(tallies, m.classes)
	for i, n := range m.counts {
		actual, predicted := i/m.classes, i%m.classes
		t[actual].support += n
		t[predicted].predicted += n
		if actual == predicted {
			t[actual].correct = n
		}
	}
	return t
}

// Macro returns the means of the scores over all classes, those without examples too; Support and
// Predicted are sums. F1 is the mean of F1s, as in scikit-learn.
func (m *Confusion) Macro() Scores { return m.tallies().macro() }

// Micro returns the scores of all classes' counts together. As each example has one class and one
// prediction, all three are the accuracy: but 0 for no examples.
func (m *Confusion) Micro() Scores { return m.tallies().micro() }

// Average is how the scores of classes become one number.
type Average int

// The averages: see [Confusion.Macro] and [Confusion.Micro].
const (
	Macro Average = iota
	Micro
)

func (a Average) String() string { return [...]string{"macro", "micro"}[a] }

// Averaged is the precision, recall or F1 over all classes.
type Averaged struct {
	name    string
	average Average
	pick    func(Scores) float64
	tallies tallies
}

// NewPrecision returns the precision over a number of classes: see [Scores].
func NewPrecision(classes int, a Average) *Averaged {
	return newAveraged("precision", classes, a, func(s Scores) float64 { return s.Precision })
}

// NewRecall returns the recall over a number of classes: see [Scores].
func NewRecall(classes int, a Average) *Averaged {
	return newAveraged("recall", classes, a, func(s Scores) float64 { return s.Recall })
}

// NewF1 returns the F1 score over a number of classes: see [Scores].
func NewF1(classes int, a Average) *Averaged {
	return newAveraged("f1", classes, a, func(s Scores) float64 { return s.F1 })
}

func newAveraged(name string, classes int, a Average, pick func(Scores) float64) *Averaged {
	if a != Macro && a != Micro {
		tensor.Fail("metric."+name, nil, "want the average Macro or Micro, not %d", int(a))
	}
	checkClasses("metric."+name, classes)
	return &Averaged{name + "_" + a.String(), a, pick, make(tallies, classes)}
}

// Name is such as "precision_macro".
func (m *Averaged) Name() string { return m.name }

// Add takes in Scores and Labels, as a [Confusion] does.
func (m *Averaged) Add(b Batch) { b.predictions(m.name, len(m.tallies), m.tallies.count) }

// Merge takes in another of the same name and as many classes.
func (m *Averaged) Merge(other Metric) error {
	o, err := same(m, other)
	if err != nil {
		return err
	}
	if len(o.tallies) != len(m.tallies) {
		return otherClasses(m, len(m.tallies), len(o.tallies))
	}
	for i, t := range o.tallies {
		m.tallies[i].correct += t.correct
		m.tallies[i].predicted += t.predicted
		m.tallies[i].support += t.support
	}
	return nil
}

// Value is between 0 and 1; 0 for no examples.
func (m *Averaged) Value() float64 {
	if m.average == Micro {
		return m.pick(m.tallies.micro())
	}
	return m.pick(m.tallies.macro())
}

// Reset forgets all examples.
func (m *Averaged) Reset() { clear(m.tallies) }
