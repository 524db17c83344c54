package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/report"
)

// reportFile is what a run's report is called.
const reportFile = "report.html"

type reportCommand struct {
	Runs []string `arg:"" name:"run" help:"The directories of runs. The report is about the first; its curves are those of all."`
	Out  string   `placeholder:"FILE" help:"The HTML file to write. Default: ${report} in the directory of the first run."`
}

// Help is the long help text.
func (reportCommand) Help() string {
	return `The report is one HTML file that needs nothing beside it: curves, the confusion matrix, the worst mistakes as pictures, figures for each class, the filters of the first layer, configuration, data and what was checked. Where the checkpoint or the data are gone, it says so. See docs/report.md; odyssey train --live serves the same while training.

    odyssey report runs/lenet5-glyphs-1
    odyssey report runs/* --out all.html`
}

// Run writes the report.
func (c reportCommand) Run(ctx context.Context, out *output) error {
	r, err := report.Gather(ctx, c.Runs[0], model.NewBlank)
	if err != nil {
		return err
	}
	if proof, err := train.Verify(ctx, c.Runs[0], model.New, train.Check{}); err != nil {
		r.Verification = err.Error()
	} else {
		r.Verification = proof.String()
	}
	for _, dir := range c.Runs[1:] {
		other, err := report.ReadRun(dir)
		if err != nil {
			return err
		}
		r.Others = append(r.Others, other)
	}
	file := cmp.Or(c.Out, filepath.Join(c.Runs[0], reportFile))
	if err := checkpoint.WriteFileAtomic(file, r.WriteHTML); err != nil {
		return err
	}
	for _, missing := range r.Missing {
		fmt.Fprintf(out, "not in the report: %s\n", missing)
	}
	for _, check := range r.Checks {
		if !check.Fits {
			fmt.Fprintf(out, "does not hold: %s\n", check.What)
		}
	}
	fmt.Fprintf(out, "%s is the report of %s\n", file, counted(len(c.Runs)))
	return nil
}

func counted(runs int) string {
	if runs == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", runs)
}
