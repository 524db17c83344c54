package metric

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/tensor"
)

// Calibration is the expected calibration error (Guo et al., "On Calibration of Modern Neural
// Networks", 2017): examples are put in M bins by their largest probability, p, bin m having
// m/M < p <= (m+1)/M; with acc the share of a bin that is predicted rightly and conf its mean p,
//
//	ECE = sum over bins of (examples in the bin / examples) · |acc - conf|
//
// The predicted class is the first that has the largest probability.
type Calibration struct {
	bins []bin
	nan  bool
}

type bin struct {
	count, correct int64
	confidence     sum
}

// Bin is what a bin of a [Calibration] has: for a reliability diagram.
type Bin struct {
	Low, High  float64 // its probabilities
	Count      int64
	Accuracy   float64 // the share that is predicted rightly; NaN for none
	Confidence float64 // the mean of the largest probabilities; NaN for none
}

// NewCalibration returns the calibration error of no examples, with a number of bins: 15 is usual.
func NewCalibration(bins int) *Calibration {
	if bins < 1 {
		tensor.Fail("metric.NewCalibration", nil, "want at least 1 bin, not %d", bins)
	}
	return &Calibration{bins: make([]bin, bins)}
}

// Name is "calibration_error".
func (m *Calibration) Name() string { return "calibration_error" }

// Add takes in Probabilities and Labels. A largest probability outside of [0, 1] panics, as logits
// would; one of 1.001, which rounding may give, counts as in the last bin.
func (m *Calibration) Add(b Batch) {
	b.checkRows(m.Name(), "Probabilities", b.Probabilities, b.Classes)
	for i := range b.Labels {
		if _, p := b.likeliest(i); p < 0 || p > 1.001 {
			tensor.Fail(m.Name(), nil, "example %d has %v for its likeliest class: want Probabilities, such as those of metric.Softmax", i, p)
		}
	}
	for i, label := range b.Labels {
		class, p := b.likeliest(i)
		if p != p {
			m.nan = true
			continue
		}
		at := &m.bins[binOf(p, len(m.bins))]
		at.count++
		at.confidence.add(p)
		if int64(class) == label {
			at.correct++
		}
	}
}

// likeliest returns the class with the largest probability of an example, and that.
func (b Batch) likeliest(example int) (class int, p float64) {
	row := b.Probabilities[example*b.Classes : (example+1)*b.Classes]
	class = largest(row)
	return class, row[class]
}

// binOf returns m with m/M < p <= (m+1)/M, these quotients being float64 numbers.
func binOf(p float64, bins int) int {
	at := min(max(int(math.Ceil(p*float64(bins)))-1, 0), bins-1)
	// The product is rounded, so p may lie just beyond.
	for at > 0 && p <= float64(at)/float64(bins) {
		at--
	}
	for at < bins-1 && p > float64(at+1)/float64(bins) {
		at++
	}
	return at
}

// Merge takes in another *Calibration of as many bins.
func (m *Calibration) Merge(other Metric) error {
	o, err := same(m, other)
	if err != nil {
		return err
	}
	if len(o.bins) != len(m.bins) {
		return fmt.Errorf("merge %s: want one of %d bins, not %d", m.Name(), len(m.bins), len(o.bins))
	}
	for i := range m.bins {
		b, c := &m.bins[i], &o.bins[i]
		b.count += c.count
		b.correct += c.correct
		b.confidence.merge(&c.confidence)
	}
	m.nan = m.nan || o.nan
	return nil
}

// Value is between 0, for probabilities that are right in the mean of each bin, and 1. It is NaN for
// no examples, or if a probability was NaN.
func (m *Calibration) Value() float64 {
	if m.nan {
		return math.NaN()
	}
	total, count := 0.0, int64(0)
	for _, b := range m.Bins() {
		if b.Count > 0 {
			total += float64(float64(b.Count) * math.Abs(b.Accuracy-b.Confidence))
			count += b.Count
		}
	}
	return total / float64(count)
}

// Bins returns what each bin has, from the smallest probabilities on.
func (m *Calibration) Bins() []Bin {
	bins := make([]Bin, len(m.bins))
	for i := range m.bins {
		b, n := &m.bins[i], float64(len(m.bins))
		bins[i] = Bin{
			Low: float64(i) / n, High: float64(i+1) / n, Count: b.count,
			Accuracy: float64(b.correct) / float64(b.count), Confidence: b.confidence.mean(b.count),
		}
	}
	return bins
}

// Reset forgets all examples.
func (m *Calibration) Reset() {
	clear(m.bins)
	m.nan = false
}
