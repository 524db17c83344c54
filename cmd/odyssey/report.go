package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/report"
)

// reportFile is what a run's report is called.
const reportFile = "report.html"

type reportCommand struct {
	Runs []string `arg:"" name:"run" help:"The directories of runs. The report is about the first; its curves are those of all. Of several, those that hold no run are left out."`
	Data string   `placeholder:"DIR" help:"Where the data of the first run lies now. Default: where it lay."`
	Out  string   `placeholder:"FILE" help:"The HTML file to write. Default: ${report} in the directory of the first run."`
}

// Help is the long help text.
func (reportCommand) Help() string {
	return `The report is one HTML file that needs nothing beside it: curves, the confusion matrix, the worst mistakes as pictures, figures for each class, the filters of the first layer, configuration, data and what was checked. Where the checkpoint or the data are gone, it says so. See docs/report.md. odyssey train --live serves the same page during training.

    odyssey report runs/lenet5-glyphs-1
    odyssey report runs/* --out all.html`
}

// Run writes the report.
func (c reportCommand) Run(ctx context.Context, out *output) error {
	runs, others := withRecords(c.Runs)
	tellOthers(out, others)
	r, err := c.gather(ctx, runs)
	if err != nil {
		return err
	}
	file := cmp.Or(c.Out, filepath.Join(runs[0], reportFile))
	if err := checkpoint.WriteFileAtomic(file, r.WriteHTML); err != nil {
		return err
	}
	for _, missing := range r.Missing {
		fmt.Fprintf(out, "not in the report: %s\n", printable.Text(missing))
	}
	for _, check := range r.Checks {
		if !check.Fits {
			fmt.Fprintf(out, "does not hold: %s\n", printable.Text(check.What))
		}
	}
	fmt.Fprintf(out, "%s is the report of %s\n", file, printable.Count(len(runs), "run"))
	return nil
}

// gather makes the report of the first run, with the curves of the others.
func (c reportCommand) gather(ctx context.Context, runs []string) (*report.Report, error) {
	r, err := report.Gather(ctx, runs[0], c.Data, model.NewBlank)
	if err != nil {
		return nil, err
	}
	r.Verification = r.Run.Named(c.verify(ctx, r.Run.Dir))
	for _, dir := range runs[1:] {
		other, err := report.ReadRun(dir)
		if err != nil {
			return nil, err
		}
		r.Others = append(r.Others, other)
	}
	names := shortNames(runs)
	r.Run.Name = names[0]
	for i := range r.Others {
		r.Others[i].Name = names[1+i]
	}
	return r, nil
}

// verify returns what can be proved of a run, or why it cannot.
func (c reportCommand) verify(ctx context.Context, dir string) string {
	proof, err := train.Verify(ctx, dir, model.New, train.Check{Data: c.Data})
	if err != nil {
		return err.Error()
	}
	return proof.String()
}
