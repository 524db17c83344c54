package tensorboard

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"
)

// Histogram is how values are distributed. Counts[i] of them are at least Limits[i-1], for i = 0 at
// least Min, and below Limits[i].
type Histogram struct {
	Min, Max        float64
	Sum, SumSquares float64
	Limits, Counts  []float64
}

// limits are those of TensorFlow's default histograms: 10^-12 · 1.1^i below 10^20, worked out by
// multiplying again and again, the same negated, 0, and the largest float64 of either sign.
var limits = sync.OnceValue(func() []float64 {
	var positive []float64
	for v := 1e-12; v < 1e20; v *= 1.1 {
		positive = append(positive, v)
	}
	positive = append(positive, math.MaxFloat64)
	var all []float64
	for _, v := range slices.Backward(positive) {
		all = append(all, -v)
	}
	return append(append(all, 0), positive...)
})

// NewHistogram counts values in buckets that grow by 10 %: those of TensorFlow's default histograms,
// from the first that has values to the last, each run of empty ones between being one. It wants at
// least one value, and all finite.
func NewHistogram[T float32 | float64](values []T) (Histogram, error) {
	if len(values) == 0 {
		return Histogram{}, errors.New("a histogram of no values: want at least 1")
	}
	h := Histogram{Min: math.Inf(1), Max: math.Inf(-1)}
	counts := make([]float64, len(limits()))
	for i, v := range values {
		v := float64(v)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Histogram{}, fmt.Errorf("value %d of %d of a histogram is %v: want finite numbers", i, len(values), v)
		}
		h.Min, h.Max = min(h.Min, v), max(h.Max, v)
		h.Sum += v
		h.SumSquares += float64(v * v)
		counts[bucketOf(v)]++
	}
	h.Limits, h.Counts = condense(limits(), counts)
	return h, nil
}

// bucketOf returns the first whose limit is above v; the last for the largest float64.
func bucketOf(v float64) int {
	all := limits()
	return min(sort.Search(len(all), func(i int) bool { return all[i] > v }), len(all)-1)
}

// condense leaves out empty buckets before the first that is not and after the last, and joins
// those between.
func condense(limits, counts []float64) (fewer, kept []float64) {
	for i, c := range counts {
		switch n := len(kept); {
		case c == 0 && n == 0:
		case c == 0 && kept[n-1] == 0:
			fewer[n-1] = limits[i]
		default:
			fewer, kept = append(fewer, limits[i]), append(kept, c)
		}
	}
	if n := len(kept); n > 0 && kept[n-1] == 0 {
		fewer, kept = fewer[:n-1], kept[:n-1]
	}
	return fewer, kept
}

// count is how many values were counted.
func (h Histogram) count() float64 {
	n := 0.0
	for _, c := range h.Counts {
		n += c
	}
	return n
}

func (h Histogram) check() error {
	if len(h.Limits) != len(h.Counts) || len(h.Limits) == 0 {
		return fmt.Errorf("%d limits and %d counts: want as many, and at least 1", len(h.Limits), len(h.Counts))
	}
	for i, c := range h.Counts {
		if !(c >= 0 && c <= math.MaxFloat64) {
			return fmt.Errorf("count %d is %v: want a finite number of at least 0", i, c)
		}
		if l := h.Limits[i]; !(math.Abs(l) <= math.MaxFloat64) || i > 0 && l <= h.Limits[i-1] {
			return fmt.Errorf("limit %d is %v: want finite limits that grow", i, l)
		}
	}
	if !(math.Abs(h.Min) <= math.MaxFloat64 && math.Abs(h.Max) <= math.MaxFloat64 && h.Min <= h.Max) {
		return fmt.Errorf("values from %v to %v: want finite numbers in order", h.Min, h.Max)
	}
	return nil
}
