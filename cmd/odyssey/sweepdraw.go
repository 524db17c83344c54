package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/mlodyssey/odyssey/train/curves"
	"github.com/mlodyssey/odyssey/train/sweep"
)

// drawSweep draws a chart for each setting: what runs came to by what it was.
func drawSweep(w io.Writer, s sweep.Space, rows []sweep.Row) error {
	var charts []curves.Chart
	for i, a := range s {
		charts = append(charts, sweepChart(a, rows, i == 0))
	}
	return curves.DrawCharts(w, 3, charts)
}

func sweepChart(a sweep.Axis, rows []sweep.Row, legend bool) curves.Chart {
	c := curves.Chart{X: a.Name, Y: "test accuracy in %", LogX: a.Log, Categories: a.Choices}
	place := numberOf
	if a.Choices != nil {
		place = func(text string) float64 { return float64(slices.Index(a.Choices, text)) }
	}
	rungs := 0
	for _, r := range rows {
		rungs = max(rungs, r.Rung)
	}
	for rung := 1; rung <= rungs; rung++ {
		// The last rung has the first colour, whatever their number.
		dots := curves.Series{Colour: (rungs - rung) % curves.Palette, Dots: true}
		for _, r := range rows {
			if r.Rung == rung && r.Error == "" {
				dots.Name = fmt.Sprintf("after epoch %d", r.Last.Epoch)
				dots.X, dots.Y = append(dots.X, place(r.Values[a.Name])), append(dots.Y, 100*r.Last.TestAccuracy)
			}
		}
		c.Series = append(c.Series, dots)
	}
	if legend && rungs > 1 {
		c.Legend = curves.Above
	}
	return c
}

func numberOf(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64)
	return v
}
