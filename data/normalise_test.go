package data

import (
	"context"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// photographs has images of three channels, each brighter and with more contrast than the one before.
func photographs(n int) *memory[uint8] {
	r := rand.New(rand.NewPCG(1, 2))
	s := &memory[uint8]{shape: []int{3, 5, 7}, size: 105, of: make([]int, n), classes: []string{"a"}}
	for range n {
		for channel := range 3 {
			for range 35 {
				s.values = append(s.values, uint8(40*channel+r.IntN(50*(channel+1))))
			}
		}
	}
	return s
}

// exactMoments are those of the bytes of a channel, by sums of integers.
func exactMoments(s *memory[uint8], channel int) (mean, std float64) {
	sum, squares, n := new(big.Int), new(big.Int), 0
	for i := range s.Len() {
		for _, v := range s.values[i*s.size+channel*35:][:35] {
			sum.Add(sum, big.NewInt(int64(v)))
			squares.Add(squares, big.NewInt(int64(v)*int64(v)))
			n++
		}
	}
	m := new(big.Rat).SetFrac(sum, big.NewInt(int64(n)))
	variance := new(big.Rat).SetFrac(squares, big.NewInt(int64(n)))
	variance.Sub(variance, new(big.Rat).Mul(m, m))
	mean, _ = m.Float64()
	v, _ := variance.Float64()
	return mean / 255, math.Sqrt(v) / 255
}

func TestMomentsAreThoseOfTheBytes(t *testing.T) {
	set := photographs(700)
	all := make([]Moments, 3)
	for b, err := range mustLoader(t, set, LoaderConfig{Batch: 256}).Batches(t.Context(), 0) {
		if err != nil || addBatch(all, b) != nil {
			t.Fatal(err)
		}
	}
	for k, m := range all {
		mean, std := exactMoments(set, k)
		if math.Abs(m.Mean()-mean) > 1e-7 || math.Abs(m.Std()-std) > 1e-7 { // a pixel is a float32
			t.Errorf("channel %d: mean %v, deviation %v, want %v and %v", k, m.Mean(), m.Std(), mean, std)
		}
	}
}

// The bits do not depend on processors, on their kernels or on batches.
func TestMomentsAreTheSameEverywhere(t *testing.T) {
	set := photographs(200)
	want := make([]Moments, 3)
	x := make([]float32, set.size)
	for i := range set.Len() {
		set.Read(i, x)
		for k := range want {
			want[k].Add(x[k*35:][:35])
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for i, path := range kernel.Paths() {
		runtime.GOMAXPROCS(1 + 2*i)
		restore := kernel.Use(path)
		for _, batch := range []int{1, 64, 200} {
			got := make([]Moments, 3)
			for b, err := range mustLoader(t, set, LoaderConfig{Batch: batch}).Batches(t.Context(), 0) {
				if err != nil || addBatch(got, b) != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, batches of %d: %v, want %v", path, batch, got, want)
			}
		}
		restore()
	}
}

func TestMeasure(t *testing.T) {
	set := photographs(300)
	mean, std, err := Measure(t.Context(), set)
	if err != nil || len(mean) != 3 || len(std) != 3 {
		t.Fatalf("%v, %v, %v", mean, std, err)
	}
	for k := range 3 {
		m, s := exactMoments(set, k)
		if math.Abs(float64(mean[k])-m) > 0.51e-4 || math.Abs(float64(std[k])-s) > 0.51e-4 {
			t.Errorf("channel %d: %v/%v, want %v/%v", k, mean[k], std[k], m, s)
		}
	}
	table, err := NewMemory([]int{3}, []float32{-1, 3, 1, 1, 1, 1}, []int{0, 0}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if mean, std, err := Measure(t.Context(), table); err != nil || !slices.Equal(mean, []float32{1}) || !slices.Equal(std, []float32{1.155}) {
		t.Errorf("of all values: %v, %v, %v, want 1 and √(8/6)", mean, std, err)
	}
}

func TestMeasureRefuses(t *testing.T) {
	if _, _, err := Measure(t.Context(), numbered(0)); err == nil || err.Error() != "no examples, want at least one" {
		t.Errorf("no examples: %v", err)
	}
	for _, wrong := range []float64{math.NaN(), math.Inf(1)} {
		set, err := NewMemory([]int{2}, []float32{1, 2, 3, float32(wrong)}, []int{0, 0}, []string{"a"})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Measure(t.Context(), set); err == nil || err.Error() != "example 1: its values are not all finite" {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Measure(done, numbered(5)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Numbers are written as those of known sets are.
func TestRounded(t *testing.T) {
	for _, c := range []struct {
		m         Moments
		mean, std float32
	}{
		{Moments{1, 0.130660478, 0.308107814 * 0.308107814}, 0.1307, 0.3081},
		{Moments{4, 0.4913996, 4 * 0.2470322 * 0.2470322}, 0.4914, 0.247},
		{Moments{1, 1000000.52, 0.25}, 1000000.5, 0.5}, // to as many decimals as the deviation has
		{Moments{1, 123456, 1234567.0 * 1234567}, 123456, 1235000},
		{Moments{1, 3.14159e-6, 1.23456e-6 * 1.23456e-6}, 3.142e-6, 1.235e-6},
		{Moments{9, 0.5, 0}, 0.5, 1}, // all values are the same
		{Moments{}, 0, 1},
	} {
		if mean, std := c.m.Rounded(); mean != c.mean || std != c.std {
			t.Errorf("%v: %v/%v, want %v/%v", c.m, mean, std, c.mean, c.std)
		}
	}
	m := Moments{1, -1e-9, 1}
	if mean, _ := m.Rounded(); math.Signbit(float64(mean)) {
		t.Errorf("mean %v, want 0", mean)
	}
}

// All channels by one number, or each by its own, plain, augmented and mixed.
func TestLoaderNormalisesChannels(t *testing.T) {
	set := photographs(20)
	mean, std := []float32{0.1, 0.2, 0.3}, []float32{0.5, 0.25, 2}
	for _, policy := range []string{"", "hflip", "hflip+mixup"} {
		config := LoaderConfig{Batch: 7}
		if policy != "" {
			var err error
			if config.Augment, err = augment.Parse(policy); err != nil {
				t.Fatal(err)
			}
		}
		plain := copyEpoch(t, mustLoader(t, set, config), 0)
		for _, c := range [][2][]float32{{mean, std}, {mean, {0.5}}, {{0.1}, std}, {nil, std}, {mean, nil}, {{0.1}, {0.5}}, {nil, nil}} {
			config.Mean, config.Std = c[0], c[1]
			for b, batch := range copyEpoch(t, mustLoader(t, set, config), 0) {
				values, before := tensor.Data[float32](batch.Images), tensor.Data[float32](plain[b].Images)
				for i, v := range values {
					k := i / 35 % 3
					off := before[i] - numberOf(c[0], k, 0)
					if want := off / numberOf(c[1], k, 1); v != want {
						t.Fatalf("%q, %v: value %d of batch %d becomes %v, want %v", policy, c, i, b, v, want)
					}
				}
			}
		}
	}
}

func TestNormaliseIsWrittenAndRead(t *testing.T) {
	for _, text := range []string{"0.1307/0.3081", "0.3472/0.1893,0.4629/0.1924,0.5794/0.1905", "0/1", "-0.5/1e-20", "0.33333334/3"} {
		mean, std, err := ParseNormalise(text)
		if got := FormatNormalise(mean, std); err != nil || got != text {
			t.Errorf("%q becomes %q, %v", text, got, err)
		}
	}
	for want, c := range map[string][2][]float32{"0/1": {}, "0.5/1,0.25/1": {{0.5, 0.25}, nil}, "0.5/2,0.5/3": {{0.5}, {2, 3}}} {
		if got := FormatNormalise(c[0], c[1]); got != want {
			t.Errorf("%v is written %q, want %q", c, got, want)
		}
	}
	for _, text := range []string{"", "0.5", "0.5/", "/0.5", "a/b", "0.5/0.5,", "0.5/0.5/0.5", "0.5 / 0.5", "1e99/1"} {
		if _, _, err := ParseNormalise(text); err == nil || !strings.Contains(err.Error(), "MEAN/DEVIATION such as 0.1307/0.3081") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestCheckNormalise(t *testing.T) {
	for _, c := range []struct {
		shape     []int
		mean, std []float32
		want      string
	}{
		{[]int{3, 2, 2}, []float32{1, 2}, nil, "means or deviations of 2 channels, want 1 or 3 for examples of shape [3 2 2]"},
		{[]int{3, 2, 2}, []float32{1}, []float32{1, 1, 1, 1}, "means or deviations of 4 channels, want 1 or 3"},
		{[]int{2}, []float32{1}, []float32{1, 0}, "mean 1 and standard deviation 0: want finite numbers, the second positive"},
		{nil, []float32{1, 2}, nil, "means or deviations of 2 channels, want 1 or 1"},
		{[]int{3, 2, 2}, []float32{1, 2, 3}, []float32{1}, ""},
		{[]int{4}, []float32{1, 2, 3, 4}, []float32{1, 2, 3, 4}, ""},
		{nil, nil, nil, ""},
	} {
		err := CheckNormalise(c.shape, c.mean, c.std)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v, %v, %v: error %v, want %q", c.shape, c.mean, c.std, err, c.want)
		}
	}
}
