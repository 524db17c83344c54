package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/compare"
	"github.com/mlodyssey/odyssey/train/curves"
)

type compareCommand struct {
	Runs []string `arg:"" name:"run" help:"The directories of runs, at least two. Those that hold no run are left out."`
	Out  string   `placeholder:"FILE" help:"Draw the curves of all runs over each other, as PNG."`
	JSON bool     `name:"json" help:"Print all of it as JSON, with the figures of every epoch."`
}

// Help is the long help text.
func (compareCommand) Help() string {
	return `Prints the settings in which runs differ, their results, and whether their weights after each epoch are, bit for bit, those of the first run, by the hashes in their records.

    odyssey compare runs/lenet5-glyphs-1 runs/lenet5-glyphs-2 --out compare.png
    odyssey compare runs/*`
}

// Run compares runs.
func (c compareCommand) Run(out *output) error {
	if c.Out != "" {
		if err := checkPictureName(c.Out); err != nil {
			return err
		}
	}
	runs, others := withRecords(c.Runs)
	if !c.JSON {
		tellOthers(out, others)
	}
	result, err := compare.Read(runs)
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := checkpoint.WriteFileAtomic(c.Out, func(w io.Writer) error { return drawComparison(w, result) }); err != nil {
			return err
		}
	}
	if c.JSON {
		return out.writeJSON(struct {
			*compare.Comparison
			LeftOut []string `json:"left_out,omitempty"` // that hold no run
		}{result, others})
	}
	return printComparison(out, result)
}

func printComparison(out *output, c *compare.Comparison) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "run\t")
	for _, d := range c.Settings {
		fmt.Fprintf(table, "%s\t", flagName(d.Name))
	}
	fmt.Fprintln(table, "epochs\ttest accuracy\tbest\ttest loss\ttrain loss\ttraining\timages/s\tended")
	for i, r := range c.Runs {
		fmt.Fprintf(table, "%s\t", printable.Text(r.Dir))
		for _, d := range c.Settings {
			fmt.Fprintf(table, "%s\t", printable.Text(d.Values[i]))
		}
		fmt.Fprintf(table, "%d\t%.2f %%\t%.2f %% in %d\t%.4f\t%.4f\t%v\t%.0f\t%s\n", r.Last.Epoch, 100*r.Last.TestAccuracy, 100*r.Best.TestAccuracy,
			r.Best.Epoch, r.Last.TestLoss, r.Last.TrainLoss, time.Duration(r.Seconds*float64(time.Second)).Round(time.Millisecond*100), r.ImagesPerSecond, printable.Text(r.Ended))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if len(c.Settings) == 0 {
		fmt.Fprintln(out, "settings: the same")
	}
	for _, d := range c.Environment {
		fmt.Fprintf(out, "made with different %s: %s\n", d.Name, printable.Text(strings.Join(d.Values, ", ")))
	}
	for _, r := range c.Runs {
		for _, cut := range r.Cut {
			fmt.Fprintf(out, "cut short: %s: %v\n", printable.Text(r.Dir), cut)
		}
	}
	for _, w := range c.Weights {
		fmt.Fprintln(out, weightsLine(c.Runs[0].Dir, w))
	}
	return nil
}

func weightsLine(first string, w compare.Weights) string {
	if w.Differs == 0 {
		return fmt.Sprintf("weights: %s has the bits of %s after each of %d epochs", printable.Text(w.Dir), printable.Text(first), w.Common)
	}
	return fmt.Sprintf("weights: %s differs from %s from epoch %d on", printable.Text(w.Dir), printable.Text(first), w.Differs)
}

// drawComparison draws the loss and the accuracy of all runs: lines for the test set, faint ones for training.
func drawComparison(w io.Writer, c *compare.Comparison) error {
	figures := []struct {
		title       string
		train, test func(e train.Epoch) float64
	}{
		{"loss", func(e train.Epoch) float64 { return e.TrainLoss }, func(e train.Epoch) float64 { return e.TestLoss }},
		{"accuracy in %", func(e train.Epoch) float64 { return 100 * e.TrainAccuracy }, func(e train.Epoch) float64 { return 100 * e.TestAccuracy }},
	}
	var dirs []string
	for _, r := range c.Runs {
		dirs = append(dirs, r.Dir)
	}
	names := shortNames(dirs)
	var charts []curves.Chart
	for i, f := range figures {
		chart := curves.Chart{Title: f.title + ": test, and faintly training", X: "epoch", WholeX: true}
		if i == 0 {
			chart.Legend = curves.TopRight
		}
		for k, r := range c.Runs {
			faint, line := curves.Series{Colour: k, Line: true, Faint: true, Dashed: true}, curves.Series{Name: names[k], Colour: k, Line: true, Dots: true}
			for _, e := range r.Epochs {
				x := float64(e.Epoch)
				faint.X, faint.Y = append(faint.X, x), append(faint.Y, f.train(e))
				line.X, line.Y = append(line.X, x), append(line.Y, f.test(e))
			}
			chart.Series = append(chart.Series, faint, line)
		}
		charts = append(charts, chart)
	}
	return curves.DrawCharts(w, 2, charts)
}
