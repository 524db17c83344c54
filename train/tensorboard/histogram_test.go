package tensorboard

import (
	"math"
	"slices"
	"testing"

	_ "github.com/mlodyssey/odyssey/internal/fixedseed"
	"pgregory.net/rapid"
)

// TestLimits holds the limits to their rule, by a power instead of products.
func TestLimits(t *testing.T) {
	all := limits()
	zero := slices.Index(all, 0)
	if len(all) != 2*zero+1 || all[len(all)-1] != math.MaxFloat64 || all[zero+1] != 1e-12 {
		t.Fatalf("%d limits, 0 at %d", len(all), zero)
	}
	for i := range zero {
		if all[zero-1-i] != -all[zero+1+i] {
			t.Errorf("%v and %v", all[zero-1-i], all[zero+1+i])
		}
		if want := 1e-12 * math.Pow(1.1, float64(i)); i < zero-1 && math.Abs(all[zero+1+i]/want-1) > 1e-12 {
			t.Errorf("limit %d is %v, want %v", i, all[zero+1+i], want)
		}
	}
	if last := all[len(all)-2]; last >= 1e20 || last*1.1 < 1e20 {
		t.Errorf("the last but one is %v, want the last below 1e20", last)
	}
}

// TestEveryValueIsInItsBucket counts each bucket's values plainly, and holds the sums to all values.
func TestEveryValueIsInItsBucket(t *testing.T) {
	number := rapid.OneOf(rapid.Float64Range(-3, 3), rapid.SampledFrom([]float64{0, 1e-12, -1e-12, 1e-300, 1e30, -1e30, math.MaxFloat64, -math.MaxFloat64}))
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(number, 1, 30).Draw(t, "values")
		h, err := NewHistogram(values)
		if err != nil {
			t.Fatal(err)
		}
		if h.Min != slices.Min(values) || h.Max != slices.Max(values) || h.count() != float64(len(values)) {
			t.Fatalf("%+v", h)
		}
		low := math.Inf(-1)
		for i, high := range h.Limits {
			n := 0.0
			for _, v := range values {
				if low <= v && (v < high || v == math.MaxFloat64 && high == v) {
					n++
				}
			}
			if h.Counts[i] != n {
				t.Fatalf("%v from %v to %v, want %v", h.Counts[i], low, high, n)
			}
			if i > 0 && n == 0 && h.Counts[i-1] == 0 {
				t.Fatalf("two empty buckets follow each other: %v", h.Counts)
			}
			if !slices.Contains(limits(), high) {
				t.Fatalf("%v is no limit", high)
			}
			low = high
		}
		if h.Counts[0] == 0 || h.Counts[len(h.Counts)-1] == 0 {
			t.Fatalf("an empty bucket at an end: %v", h.Counts)
		}
		if err := h.check(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBucketsAreNarrow sees that joining empty buckets widens none with values.
func TestBucketsAreNarrow(t *testing.T) {
	h, err := NewHistogram([]float32{1, 1.05, 1000})
	check(t, err)
	if !slices.Equal(h.Counts, []float64{1, 1, 0, 1}) || h.Limits[1] > 1.155 || h.Limits[2] < 900 || h.Limits[3] > 1100 {
		t.Errorf("%+v", h)
	}
	if h.Sum != float64(float32(1.05))+1001 || math.Abs(h.SumSquares-1_000_002.1025) > 1e-6 {
		t.Errorf("sums %v and %v", h.Sum, h.SumSquares)
	}
}

func TestNoHistogram(t *testing.T) {
	for want, values := range map[string][]float64{
		"a histogram of no values: want at least 1":                nil,
		"value 1 of 3 of a histogram is NaN: want finite numbers":  {1, math.NaN(), 2},
		"value 0 of 1 of a histogram is -Inf: want finite numbers": {math.Inf(-1)},
	} {
		if _, err := NewHistogram(values); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", values, err, want)
		}
	}
}
