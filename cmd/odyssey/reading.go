package main

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/mlodyssey/odyssey/data"
)

// reading is a set with a bar, on a terminal, that shows how many of its examples were read.
type reading struct {
	data.Dataset
	lines io.Writer // where lines go while the bar is there
	bars  *mpb.Progress
	bar   *mpb.Bar // nil without a terminal
}

func newReading(out *output, set data.Dataset) *reading {
	r := &reading{Dataset: set, lines: out}
	if out.isTerminal() {
		r.bars = mpb.New(mpb.WithOutput(out.Writer))
		r.bar = r.bars.AddBar(int64(set.Len()), mpb.BarRemoveOnComplete(), mpb.BarWidth(32),
			mpb.PrependDecorators(decor.CountersNoUnit("%d of %d examples  ")),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_MMSS), decor.Name(" left")))
		r.lines = r.bars
	}
	return r
}

// Read counts an example.
func (r *reading) Read(i int, x []float32) (label int, err error) {
	if r.bar != nil {
		defer r.bar.Increment()
	}
	return r.Dataset.Read(i, x)
}

// close takes the bar away.
func (r *reading) close() {
	if r.bar != nil {
		r.bar.Abort(true)
		r.bars.Wait()
	}
}
