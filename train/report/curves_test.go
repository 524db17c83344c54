package report

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"
)

// A thinned line keeps its ends and every peak, in order.
func TestThinnedLinesLookTheSame(t *testing.T) {
	var l line
	for i := range 10_000 {
		y := math.Sin(float64(i) / 500)
		if i == 4345 {
			y = 9 // a peak of one point
		}
		if i == 8765 {
			y = -9
		}
		l.add(float64(i), y)
	}
	thin := l.thinned(mostPoints)
	if n := len(thin.X); n > mostPoints || n < mostPoints/2 || n != len(thin.Y) {
		t.Errorf("%d points, want about %d", n, mostPoints)
	}
	if !slices.IsSorted(thin.X) || thin.X[0] != 0 || thin.X[len(thin.X)-1] != 9999 {
		t.Errorf("from %v to %v, want all of it in order", thin.X[0], thin.X[len(thin.X)-1])
	}
	if slices.Max(thin.Y) != 9 || slices.Min(thin.Y) != -9 {
		t.Errorf("from %v to %v, want the peaks", slices.Min(thin.Y), slices.Max(thin.Y))
	}
	for _, n := range []int{0, 1, mostPoints} {
		if got := (line{X: l.X[:n], Y: l.Y[:n]}).thinned(mostPoints); len(got.X) != n {
			t.Errorf("%d of %d points", len(got.X), n)
		}
	}
	if got := (line{X: l.X[:mostPoints+1], Y: l.Y[:mostPoints+1]}).thinned(mostPoints); len(got.X) > mostPoints {
		t.Errorf("%d points, want at most %d", len(got.X), mostPoints)
	}
}

func TestNumbersOfCurves(t *testing.T) {
	b, err := json.Marshal([]number{1.0 / 3, 12345678, 0, number(math.NaN()), number(math.Inf(1)), 1e-9})
	if want := "[0.333333333,12345678,0,null,null,1e-09]"; err != nil || string(b) != want {
		t.Errorf("%s, %v, want %s", b, err, want)
	}
}

// A share is the same number in a tile, by Go, and in a legend, by the script, which writes two digits of what it gets.
func TestPercentagesAreRoundedOnce(t *testing.T) {
	for i := range 4001 {
		share := float64(i) / 4000
		b, err := json.Marshal(number(shownPercent(share)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := strconv.ParseFloat(string(b), 64)
		if want := percent(share); err != nil || strconv.FormatFloat(got, 'f', 2, 64)+"\u202f%" != want || math.Abs(math.Round(100*got)-100*got) > 1e-6 {
			t.Errorf("%v is %v for the script, want %s", share, got, want)
		}
	}
}
