package report

import (
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/train"
)

// Classes a, b, c, of which nothing is taken for c, and d, of which there are no examples.
func small() *Confusion {
	var all []train.Judgement
	for _, j := range [][3]int{{0, 0, 3}, {0, 1, 1}, {1, 1, 2}, {2, 0, 2}, {2, 3, 1}} {
		for range j[2] {
			all = append(all, train.Judgement{Label: j[0], Guess: j[1]})
		}
	}
	return confusionOf([]string{"a", "b", "c", "d"}, all)
}

func TestConfusion(t *testing.T) {
	c := small()
	if n := c.WithoutExamples(); n != 1 { // d
		t.Errorf("%d classes without examples", n)
	}
	want := []Class{
		{"a", 3. / 5, 3. / 4, 2. / 3, 4, 5, false},
		{"b", 2. / 3, 1, 4. / 5, 2, 3, false},
		{"c", 0, 0, 0, 3, 0, true},
		{"d", 0, 0, 0, 0, 1, false},
	}
	if got := c.PerClass(); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	m := c.Macro()
	if m.Recall != (3./4+1)/4 || m.Support != 9 || m.Guessed != 9 {
		t.Errorf("means %+v", m)
	}
	pairs := []Pair{{"c", "a", 2, 2. / 3}, {"c", "d", 1, 1. / 3}, {"a", "b", 1, 1. / 4}}
	if got := c.Pairs(3); !slices.Equal(got, pairs) {
		t.Errorf("%+v, want %+v", got, pairs)
	}
	if got := c.Pairs(1); len(got) != 1 {
		t.Errorf("%d pairs, want 1", len(got))
	}
}

func TestShadesOfCells(t *testing.T) {
	row := []int{960, 5, 15, 20, 0}
	for guess, want := range []string{"d5", "e0", "e1", "e2", ""} {
		if got := shade(row, 0, guess); got != want {
			t.Errorf("%d of 1000: %q, want %q", row[guess], got, want)
		}
	}
	if got := shade([]int{1, 3}, 0, 0) + shade([]int{1, 3}, 0, 1); got != "d0e5" {
		t.Errorf("%q, want d0e5", got)
	}
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		percent(0.88791): "88.79\u202f%", significant(0.32011): "0.3201", significant(0): "0", significant(12.3456): "12.35", significant(1.3e-6): "1.300e-06",
		significant(1234.5): "1234", significant(123456): "1.235e+05", count(98000): "98,000", count(123): "123", count(-1234567): "-1,234,567", count(20561.8): "20,562",
		duration(4.77): "4.8\u202fs", duration(59.96): "60.0\u202fs", duration(192): "3\u202fmin 12\u202fs", duration(7500): "2\u202fh 5\u202fmin",
		byteCount(281): "281\u202fB", byteCount(24337790): "24.3\u202fMB", cell(0): "", cell(9999): "9999", cell(12345): "12k", cell(2_000_000): "2M",
		baseName("/a/b/"): "b", baseName(`C:\data\emnist`): "emnist", baseName("glyphs"): "glyphs",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
