package data

import (
	"math"
	"strconv"
	"strings"
)

// Moments are the mean and the standard deviation of values that come a few at a time. In the same order they
// have the same bits on every machine. The zero value is that of no values.
//
// The squares are of what values are off the mean: those of the values themselves are too large, where the
// mean is, to tell how far apart they are.
type Moments struct{ n, mean, squares float64 }

// Add takes in more values.
func (m *Moments) Add(values []float32) { m.merge(momentsOf(values)) }

// Mean returns the mean, 0 of no values.
func (m *Moments) Mean() float64 { return m.mean }

// Std returns the standard deviation, 0 of no values.
func (m *Moments) Std() float64 { return math.Sqrt(m.squares / max(1, m.n)) }

func momentsOf(values []float32) (m Moments) {
	if len(values) == 0 {
		return m
	}
	m.n = float64(len(values))
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	m.mean = sum / m.n
	for _, v := range values {
		d := float64(v) - m.mean
		m.squares += float64(d * d)
	}
	return m
}

// merge takes in the values of other moments: Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for
// computing sample variances, 1979.
func (m *Moments) merge(other Moments) {
	if other.n == 0 {
		return
	}
	n, off := m.n+other.n, other.mean-m.mean
	m.squares += other.squares + float64(off*off*m.n*other.n/n)
	m.mean += off * other.n / n
	m.n = n
}

// deviationDigits are as many as MNIST's 0.3081 has, by custom.
const deviationDigits = 4

// Rounded returns the mean and the standard deviation as they are written down: this to four digits, the mean to as
// many decimals as that has. A deviation of 0, which nothing can be divided by, becomes 1.
func (m *Moments) Rounded() (mean, std float32) {
	text := strconv.FormatFloat(m.Std(), 'e', deviationDigits-1, 64) // such as 3.081e-01
	_, power, _ := strings.Cut(text, "e")
	exponent, _ := strconv.Atoi(power)
	mean = parseFloat32(strconv.FormatFloat(m.mean, 'f', max(0, deviationDigits-1-exponent), 64))
	if std = parseFloat32(text); std == 0 {
		std = 1
	}
	return mean + 0, std // no -0
}

// parseFloat32 parses what FormatFloat wrote.
func parseFloat32(text string) float32 {
	v, _ := strconv.ParseFloat(text, 32)
	return float32(v)
}
