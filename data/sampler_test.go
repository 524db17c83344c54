package data

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestWeightedDrawsInProportion(t *testing.T) {
	const draws = 100000
	s := Weighted([]float64{1, 0, 3, 6}, draws)
	counts := make([]int, 4)
	for _, i := range s.Order(4, 7, 1) {
		counts[i]++
	}
	for i, p := range []float64{0.1, 0, 0.3, 0.6} {
		if off := math.Abs(float64(counts[i]) - p*draws); off > 4*math.Sqrt(p*(1-p)*draws) {
			t.Errorf("example %d is drawn %d times of %d, want a share of %v", i, counts[i], draws, p)
		}
	}
	if s.Len(4) != draws || slices.Equal(s.Order(4, 7, 1)[:50], s.Order(4, 7, 2)[:50]) {
		t.Error("epochs are alike")
	}
}

// uneven has 90 examples of class 0 and 10 of class 1.
type uneven struct{ numbered }

func (uneven) Read(i int, x []float32) (int, error) { return i / 90, nil }

func TestBalancedDrawsClassesAlike(t *testing.T) {
	s, err := Balanced(uneven{100})
	if err != nil {
		t.Fatal(err)
	}
	ones := 0
	for epoch := range 100 {
		for _, i := range s.Order(100, 1, epoch) {
			ones += i / 90
		}
	}
	if math.Abs(float64(ones)-5000) > 4*50 {
		t.Errorf("class 1 is drawn %d times of 10000, want half", ones)
	}
}

func TestStratifiedSpreadsClasses(t *testing.T) {
	labels, err := Labels(uneven{100})
	if err != nil {
		t.Fatal(err)
	}
	s := Stratified(labels)
	order := s.Order(100, 3, 1)
	for lo := 0; lo < 100; lo += 20 {
		ones := 0
		for _, i := range order[lo : lo+20] {
			ones += labels[i]
		}
		if ones < 1 || ones > 3 {
			t.Errorf("examples %d to %d have %d of class 1, want about 2", lo, lo+19, ones)
		}
	}
	if slices.Equal(order, s.Order(100, 3, 2)) {
		t.Error("epochs are alike")
	}
	slices.Sort(order)
	if !slices.Equal(order, everything(false).Order(100, 0, 0)) {
		t.Error("some examples are left out")
	}
}

func TestSharesAreApart(t *testing.T) {
	var all []int
	for rank := range 3 {
		s := Share(Shuffled(), rank, 3)
		part := s.Order(20, 5, 1)
		if len(part) != 6 || s.Len(20) != 6 {
			t.Errorf("rank %d takes %d examples, says %d, want 6", rank, len(part), s.Len(20))
		}
		all = append(all, part...)
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 18 {
		t.Error("ranks share examples")
	}
}

func TestNewLoaderRefusesASamplerOfAnotherSet(t *testing.T) {
	for name, s := range map[string]Sampler{
		"stratified": Stratified([]int{1}), "weighted": Weighted([]float64{1, 1}, 4), "share": Share(Stratified([]int{1, 2, 3, 4, 5}), 0, 1),
	} {
		if _, err := NewLoader(numbered(4), LoaderConfig{Batch: 1, Sampler: s}); err == nil || !strings.Contains(err.Error(), "for a set of 4 examples: want one for each") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []Sampler{Stratified([]int{1, 2, 1, 2}), Share(Shuffled(), 0, 2)} {
		if _, err := NewLoader(numbered(4), LoaderConfig{Batch: 1, Sampler: s}); err != nil {
			t.Error(err)
		}
	}
}

func TestSamplersThatCannotBe(t *testing.T) {
	for name, f := range map[string]func(){
		"negative weight": func() { Weighted([]float64{1, -1}, 3) },
		"NaN":             func() { Weighted([]float64{math.NaN()}, 3) },
		"no weight":       func() { Weighted([]float64{0, 0}, 3) },
		"no draw":         func() { Weighted([]float64{1}, 0) },
		"other set":       func() { Weighted([]float64{1}, 1).Order(2, 0, 0) },
		"other labels":    func() { Stratified([]int{1}).Order(2, 0, 0) },
		"rank":            func() { Share(Shuffled(), 3, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
