package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/train/curves"
	"github.com/mlodyssey/odyssey/train/lrfind"
)

type lrFindCommand struct {
	learningFlags

	Config string  `group:"Test:" placeholder:"FILE" help:"Take settings from a TOML file, as odyssey train does."`
	From   float64 `group:"Test:" default:"1e-6" help:"The first learning rate."`
	To     float64 `group:"Test:" default:"10" help:"The last learning rate."`
	Steps  int     `group:"Test:" default:"300" help:"How many batches to train on, each with a higher rate."`
	Out    string  `group:"Test:" default:"lr-find.png" help:"The picture of the losses by rate to write, as PNG."`
	JSON   bool    `group:"Test:" name:"json" help:"Print JSON: the rates found, and all points."`

	settled string // the flags that train is to have, too
}

// testFlags are flags of lr-find that are others than those of train, or none of its.
var testFlags = []string{"from", "to", "steps", "out", "json"}

// Help is the long help text.
func (lrFindCommand) Help() string {
	return `A short run whose learning rate rises from step to step (Smith 2017). A rate to begin with is the one at which the loss falls fastest, or a tenth of the one at which it is least; neither is told unless the smoothed loss falls by 2 % of what it begins with. The network is thrown away. Settings are taken as odyssey train takes them: from flags, --config and variables.

    odyssey lr-find
    odyssey lr-find --data data/emnist --optimizer adamw --to 1
    odyssey lr-find --config run.toml

The lists and explanations that flags call "above" are those of odyssey train --help.`
}

// BeforeResolve looks for settings in the file and the environment.
func (c *lrFindCommand) BeforeResolve(ctx *kong.Context) error {
	given := givenFlags(ctx)
	for _, name := range given {
		if !slices.Contains(testFlags, name) {
			c.settled += " " + asTyped(name, flagValue(ctx, name))
		}
	}
	return resolve(ctx, given, testFlags...)
}

// asTyped writes a flag for a shell.
func asTyped(name, value string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+_./:,="
	if value == "" || strings.Trim(value, plain) != "" {
		value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
	}
	return "--" + name + "=" + value
}

// Run tests rates.
func (c lrFindCommand) Run(ctx context.Context, out *output) error {
	if err := checkPictureName(c.Out); err != nil {
		return err
	}
	if err := c.learningFlags.check(); err != nil {
		return err
	}
	settings, err := c.settings(scheduleFlags{Epochs: 1, LR: &c.From})
	if err != nil {
		return err
	}
	_, config, err := settings.PrepareContext(ctx, newImageNetwork)
	if err != nil {
		return err
	}
	result, err := lrfind.Run(ctx, config, lrfind.Config{To: c.To, Steps: c.Steps})
	if err != nil {
		return err
	}
	if err := checkpoint.WriteFileAtomic(c.Out, func(w io.Writer) error { return drawRates(w, result) }); err != nil {
		return err
	}
	if c.JSON {
		return out.writeJSON(result)
	}
	fmt.Fprintf(out, "%s on %s with %s, batches of %d: learning rates from %v to %v in %d steps\n",
		settings.Model, settings.Data, settings.Optimizer, settings.Batch, c.From, c.To, c.Steps)
	if err := printRates(out, result, c.settled); err != nil {
		return err
	}
	fmt.Fprintf(out, "picture: %s\n", c.Out)
	return nil
}

// rows is about how many lines the table has.
const rows = 20

// printRates prints a table, and how to train with what was found and the flags that it was found with.
func printRates(out *output, r *lrfind.Result, flags string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "step\tlearning rate\tloss\tsmoothed\t")
	every := max(1, len(r.Points)/rows)
	for i, p := range r.Points {
		if i%every == 0 || i == len(r.Points)-1 {
			fmt.Fprintf(table, "%d\t%.3g\t%.4f\t%.4f\t\n", p.Step, p.Rate, p.Loss, p.Smoothed)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if r.Ended != "" {
		fmt.Fprintf(out, "ended after step %d: %s\n", len(r.Points), r.Ended)
	}
	if r.Steepest == 0 {
		fmt.Fprintf(out, "the smoothed loss fell by less than %v %%: no rate can be told from it; try rates up to higher ones, with --to, or from further below, with --from\n", 100*lrfind.LeastFall)
		return nil
	}
	fmt.Fprintf(out, "steepest fall at %s, a tenth of the rate of the least loss is %s\n", rounded(r.Steepest), rounded(r.Minimum/10))
	fmt.Fprintf(out, "next: odyssey train%s --lr %s\n", flags, rounded(r.Steepest))
	return nil
}

// rounded writes a rate as people choose them.
func rounded(rate float64) string {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(rate, 'e', 1, 64), 64)
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// drawRates draws the losses by the rate. The axis ends a little above where the losses began.
func drawRates(w io.Writer, r *lrfind.Result) error {
	losses := curves.Series{Name: "loss of the batch", Colour: 0, Faint: true, Dots: true}
	smoothed := curves.Series{Name: "smoothed", Colour: 0, Line: true}
	for _, p := range r.Points {
		losses.X, losses.Y = append(losses.X, p.Rate), append(losses.Y, p.Loss)
		smoothed.X, smoothed.Y = append(smoothed.X, p.Rate), append(smoothed.Y, p.Smoothed)
	}
	chart := curves.Chart{
		Title: "learning rate range test", X: "learning rate", Y: "loss", LogX: true, Legend: curves.BottomLeft,
		Series: []curves.Series{losses, smoothed}, TopY: 1.5 * r.Points[0].Smoothed,
	}
	if r.Steepest > 0 {
		chart.Marks = []curves.Mark{
			{Name: "steepest fall: " + rounded(r.Steepest), X: r.Steepest, Colour: 1},
			{Name: "least loss / 10: " + rounded(r.Minimum/10), X: r.Minimum / 10, Colour: 2},
		}
	}
	return curves.DrawCharts(w, 1, []curves.Chart{chart})
}
