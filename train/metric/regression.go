package metric

import (
	"math"
	"math/big"
)

// MeanError is the mean over all Predictions of |prediction - target| or its square, differences
// being rounded to float64.
type MeanError struct {
	name   string
	square bool
	sum    sum
	count  int64
}

// NewMAE returns the mean absolute error of no predictions, in the unit of the targets.
func NewMAE() *MeanError { return &MeanError{name: "mae"} }

// NewMSE returns the mean squared error of no predictions, in the square of the targets' unit.
func NewMSE() *MeanError { return &MeanError{name: "mse", square: true} }

// Name is "mae" or "mse".
func (m *MeanError) Name() string { return m.name }

// Add takes in Predictions and Targets.
func (m *MeanError) Add(b Batch) {
	b.checkTargets(m.name)
	for i, p := range b.Predictions {
		if d := p - b.Targets[i]; m.square {
			m.sum.addProduct(d, d)
		} else {
			m.sum.add(math.Abs(d))
		}
	}
	m.count += int64(len(b.Predictions))
}

// Merge takes in another of the same name.
func (m *MeanError) Merge(other Metric) error {
	o, err := same(m, other)
	if err == nil {
		m.sum.merge(&o.sum)
		m.count += o.count
	}
	return err
}

// Value is at least 0, rounded once; NaN for no predictions.
func (m *MeanError) Value() float64 { return m.sum.mean(m.count) }

// Reset forgets all predictions.
func (m *MeanError) Reset() { *m = MeanError{name: m.name, square: m.square} }

// R2 is the coefficient of determination, of all predictions p and targets t as one output:
//
//	R² = 1 - sum (t - p)² / sum (t - mean t)²
//
// It is worked out from the exact sums of t and t², so targets far from zero do not spoil it. (Squares
// are exact of 0 and of magnitudes from 1e-145 to 1e150.)
type R2 struct {
	residual, targets, squares sum
	count                      int64
}

// NewR2 returns the coefficient of no predictions.
func NewR2() *R2 { return &R2{} }

// Name is "r2".
func (m *R2) Name() string { return "r2" }

// Add takes in Predictions and Targets.
func (m *R2) Add(b Batch) {
	b.checkTargets(m.Name())
	for i, t := range b.Targets {
		d := t - b.Predictions[i]
		m.residual.addProduct(d, d)
		m.targets.add(t)
		m.squares.addProduct(t, t)
	}
	m.count += int64(len(b.Targets))
}

// Merge takes in another *R2.
func (m *R2) Merge(other Metric) error {
	o, err := same(m, other)
	if err == nil {
		m.residual.merge(&o.residual)
		m.targets.merge(&o.targets)
		m.squares.merge(&o.squares)
		m.count += o.count
	}
	return err
}

// Value is at most 1, and 0 for a model that always predicts the mean. For targets that are all the
// same it is 1 if all predictions are right, and else 0, as in scikit-learn. It is NaN for fewer than
// two predictions, or if one, or a target, is not finite or its square overflows.
func (m *R2) Value() float64 {
	for _, s := range []*sum{&m.residual, &m.targets, &m.squares} {
		if _, is := s.special(); is {
			return math.NaN()
		}
	}
	if m.count < 2 {
		return math.NaN()
	}
	residual, total := m.residual.exact(), m.spread()
	switch {
	case total.Sign() > 0:
		share, _ := residual.Quo(residual, total).Float64()
		return 1 - share
	case residual.Sign() == 0:
		return 1
	}
	return 0
}

// spread returns sum t² - (sum t)² / n, which is sum (t - mean t)².
func (m *R2) spread() *big.Rat {
	t := m.targets.exact()
	t.Mul(t, t).Quo(t, new(big.Rat).SetInt64(m.count))
	return t.Sub(m.squares.exact(), t)
}

// Reset forgets all predictions.
func (m *R2) Reset() { *m = R2{} }
