package metric

import "github.com/mlodyssey/odyssey/internal/kernel"

// Loss is the mean of Losses.
type Loss struct {
	sum   sum
	count int64
}

// NewLoss returns the mean loss of no examples.
func NewLoss() *Loss { return &Loss{} }

// Name is "loss".
func (m *Loss) Name() string { return "loss" }

// Count is how many losses were taken in.
func (m *Loss) Count() int64 { return m.count }

// Add takes in Losses.
func (m *Loss) Add(b Batch) {
	b.checkLosses(m.Name())
	m.take(b.Losses)
}

func (m *Loss) take(losses []float64) {
	for _, l := range losses {
		m.sum.add(l)
	}
	m.count += int64(len(losses))
}

// Merge takes in another *Loss.
func (m *Loss) Merge(other Metric) error {
	o, err := same(m, other)
	if err == nil {
		m.merge(o)
	}
	return err
}

func (m *Loss) merge(o *Loss) {
	m.sum.merge(&o.sum)
	m.count += o.count
}

// Value is the mean, rounded once: the unit is that of the losses, nats for a cross-entropy.
func (m *Loss) Value() float64 { return m.sum.mean(m.count) }

// Reset forgets all losses.
func (m *Loss) Reset() { *m = Loss{} }

// Perplexity is exp(mean of Losses), where these are negative logarithms of the probability of the
// right class or token, in nats: the number of equally likely tokens that would be as hard to guess.
type Perplexity struct{ mean Loss }

// NewPerplexity returns the perplexity of no examples.
func NewPerplexity() *Perplexity { return &Perplexity{} }

// Name is "perplexity".
func (m *Perplexity) Name() string { return "perplexity" }

// Add takes in Losses.
func (m *Perplexity) Add(b Batch) {
	b.checkLosses(m.Name())
	m.mean.take(b.Losses)
}

// Merge takes in another *Perplexity.
func (m *Perplexity) Merge(other Metric) error {
	o, err := same(m, other)
	if err == nil {
		m.mean.merge(&o.mean)
	}
	return err
}

// Value is at least 1, if the losses are of probabilities; infinite beyond a mean loss of 709.
func (m *Perplexity) Value() float64 { return kernel.Exp64(m.mean.Value()) }

// Reset forgets all losses.
func (m *Perplexity) Reset() { *m = Perplexity{} }
