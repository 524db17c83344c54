package curves

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"slices"
	"testing"
)

func drawCharts(t *testing.T, columns int, charts ...Chart) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := DrawCharts(&b, columns, charts); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func dots(x, y []float64) Chart {
	return Chart{X: "x", Y: "y", Series: []Series{{Name: "dots", X: x, Y: y, Dots: true, Colour: 1}}}
}

func TestChartsStandInColumns(t *testing.T) {
	one := dots([]float64{1, 2, 3}, []float64{1, 2, 3})
	if b := drawCharts(t, 3, one, one, one, one).Bounds(); b.Dx() < b.Dy()*3/2 {
		t.Errorf("four charts in three columns are %v", b)
	}
	if left, right := count(drawCharts(t, 2, one), palette[1]); left == 0 || right == 0 {
		t.Errorf("a chart alone: %d and %d pixels, want it all over the picture", left, right)
	}
	if err := DrawCharts(&bytes.Buffer{}, 1, nil); err == nil {
		t.Error("no charts: no error")
	}
}

// What a logarithmic axis cannot show is left out; the rest lies where its logarithm does.
func TestLogarithmicAxis(t *testing.T) {
	c := dots([]float64{-1, 0, math.NaN(), 1e-6, 1e-5, 1e-4, 1}, []float64{1, 2, 3, 4, 5, math.Inf(1), 6})
	c.LogX = true
	left, right := count(drawCharts(t, 1, c), palette[1])
	if left < right*3/2 || right == 0 {
		t.Errorf("%d pixels at the left, %d at the right, want two dots and one", left, right)
	}
	c.LogX = false
	if l, r := count(drawCharts(t, 1, c), palette[1]); l == left && r == right {
		t.Error("a linear axis shows the same")
	}
	for _, empty := range []Chart{{}, {LogX: true, LogY: true}, dots([]float64{math.NaN()}, []float64{1})} {
		drawCharts(t, 1, empty)
	}
}

// An axis from 0 begins there, and one with a top, such as 100 %, ends there, or before where the points do.
func TestEndsOfAnAxis(t *testing.T) {
	for _, c := range []struct {
		points   []float64
		from0    bool
		top      float64
		min, max float64
	}{
		{[]float64{50, 90}, false, 0, 48, 92},
		{[]float64{50, 90}, false, 100, 48, 92},
		{[]float64{98, 100}, false, 100, 97, 100},
		{[]float64{1, 1e9}, false, 21, 0, 21},
		{[]float64{50, 90}, true, 0, 0, 92},
	} {
		chart := dots([]float64{1, 2}, c.points)
		chart.FromZero, chart.TopY = c.from0, c.top
		p, err := chart.plot()
		if err != nil {
			t.Fatal(err)
		}
		if p.Y.Min != c.min || p.Y.Max != c.max {
			t.Errorf("%v, from zero %v, top %v: from %v to %v, want %v to %v", c.points, c.from0, c.top, p.Y.Min, p.Y.Max, c.min, c.max)
		}
	}
}

func TestMarksLegendsAndCategories(t *testing.T) {
	c := dots([]float64{0, 1, 1}, []float64{5, 6, 7})
	c.Categories = []string{"sgd", "adamw"}
	plain := drawCharts(t, 1, c)
	c.Marks = []Mark{{Name: "nowhere", X: math.NaN(), Colour: 3}}
	if n := differing(plain, drawCharts(t, 1, c)); n != 0 {
		t.Errorf("a mark that is no number changes %d pixels", n)
	}
	c.Marks = []Mark{{Name: "here", X: 0.5, Colour: 2}}
	if n := differing(plain, drawCharts(t, 1, c)); n < 100 {
		t.Errorf("a mark changes %d pixels", n)
	}
	sum := func(picture image.Image) int { l, r := count(picture, palette[1]); return l + r }
	for _, corner := range []Corner{Above, TopRight, BottomRight, BottomLeft} {
		c.Legend = corner
		if got, without := sum(drawCharts(t, 1, c)), sum(plain); got <= without {
			t.Errorf("legend %d: %d pixels of its colour, without it %d", corner, got, without)
		}
	}
}

func differing(a, b image.Image) (n int) {
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				n++
			}
		}
	}
	return n
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   []string
	}{
		{1e-6, 10, []string{"1e-06", "1e-05", "0.0001", "0.001", "0.01", "0.1", "1", "10"}},
		{0.009, 0.3, []string{"0.01", "0.02", "0.05", "0.1", "0.2"}},
		{2.5, 8, []string{"3", "4", "5", "6", "7", "8"}},
	} {
		var got []string
		for _, m := range logTicks(c.lo, c.hi) {
			if m.Label != "" {
				got = append(got, m.Label)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("from %v to %v: %q, want %q", c.lo, c.hi, got, c.want)
		}
	}
}
