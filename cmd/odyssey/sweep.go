package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/curves"
	"github.com/mlodyssey/odyssey/train/sweep"
)

type sweepCommand struct {
	Space  string `arg:"" help:"The TOML file that says what to try."`
	Out    string `placeholder:"DIR" help:"The sweep's directory. A sweep that was interrupted in it goes on. Default: runs/sweep-1, or the next number that is free."`
	Method string `default:"grid" enum:"grid,random,halving" help:"${enum}. grid tries all combinations; random draws some; halving draws some, trains all for a few epochs, and goes on with the best."`
	Runs   int    `default:"12" help:"With random and halving: how many combinations to draw."`
	Seed   uint64 `default:"1" help:"With random and halving: seed of the draws. Not that of the runs, which is a setting of the file."`
	Jobs   int    `default:"1" help:"How many runs to train at once. The results are the same."`
	First  int    `default:"1" help:"With halving: how many epochs to train all runs for, before the first choice."`
	Eta    int    `default:"3" help:"With halving: one run in ETA goes on, to ETA times as many epochs."`
}

// Help is the long help text.
func (sweepCommand) Help() string {
	return `The file has the settings that all runs share, as a file for odyssey train --config has them, and a table [search] of the settings to try:

    epochs = 5
    optimizer = "sgd"

    [search]
    lr = {min = 1e-3, max = 1e-1, log = true}   # drawn; step = … for a grid
    momentum = [0, 0.9]

    odyssey sweep space.toml --method random --runs 20 --jobs 2

Each run is a directory as odyssey train leaves it. Ctrl-C stops, and the same command with --out goes on. With halving, each run has the schedule of its full length, even if it is stopped before: the runs that reach the end are, bit for bit, those of odyssey train.`
}

// spaceFile is what a sweep's file says.
type spaceFile struct {
	fixed settings
	space sweep.Space
	flags map[string]*kong.Flag // that are settings
}

// sweepable is the flags that are settings of a run.
type sweepable struct {
	learningFlags
	scheduleFlags
}

func newSettingsParser(into *sweepable) (*kong.Kong, error) {
	return kong.New(into, defaults, kong.Exit(func(int) {}))
}

// readSpace reads a sweep's file and checks all that can be wrong with its settings one by one.
func readSpace(path string) (*spaceFile, error) {
	parser, err := newSettingsParser(&sweepable{})
	if err != nil {
		return nil, err
	}
	f := &spaceFile{flags: map[string]*kong.Flag{}}
	for _, flag := range parser.Model.Flags {
		if flag.Name != "help" {
			f.flags[flag.Name] = flag
		}
	}
	values, lines, err := readTOML(path)
	if err != nil {
		return nil, err
	}
	search, _ := values["search"].(map[string]any)
	delete(values, "search")
	if f.fixed, err = configSettings(values, lines, f.flags); err != nil {
		return nil, err
	}
	return f, f.readSearch(search, lines)
}

func (f *spaceFile) readSearch(search map[string]any, lines lines) (err error) {
	table := map[string]any{}
	found := settings{}
	for _, key := range slices.SortedFunc(maps.Keys(search), lines.compare) {
		name, where := flagName(key), lines.of(key)
		if err := found.add(name, setting{"searched", where}, f.flags, func(flag string) string { return flag }); err != nil {
			return err
		}
		if _, both := f.fixed[name]; both {
			return fmt.Errorf("%s: %s: is both given and searched", where, name)
		}
		if err := checkSearch(f.flags[name], search[key]); err != nil {
			return fmt.Errorf("%s: %s: %w", where, name, err)
		}
		table[name] = search[key]
	}
	maps.Copy(found, f.fixed)
	if err := found.checkLength(); err != nil {
		return err
	}
	f.space, err = sweep.ParseSpace(table, func(name string) bool {
		return f.flags[name].Target.CanInt() || f.flags[name].Target.CanUint()
	})
	if err != nil {
		return fmt.Errorf("%s: [search]: %w", lines.path, err)
	}
	return nil
}

// checkSearch returns an error unless a flag takes what is to be tried.
func checkSearch(flag *kong.Flag, v any) error {
	choices, _ := v.([]any)
	if r, ok := v.(map[string]any); ok {
		for _, key := range []string{"min", "max"} {
			if r[key] != nil {
				choices = append(choices, r[key])
			}
		}
	}
	for _, choice := range choices {
		text, err := flagText(flag, choice)
		if err == nil {
			err = checkText(flag, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settings returns those of a run.
func (f *spaceFile) settings(v sweep.Values) (train.Settings, error) {
	texts := map[string]string{}
	for name, s := range f.fixed {
		texts[name] = s.text
	}
	maps.Copy(texts, v)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		args = append(args, "--"+name+"="+texts[name])
	}
	var flags sweepable
	parser, err := newSettingsParser(&flags)
	if err != nil {
		return train.Settings{}, err
	}
	if _, err := parser.Parse(args); err != nil {
		return train.Settings{}, err
	}
	return flags.settings(flags.scheduleFlags)
}

// Run carries out a sweep.
func (c sweepCommand) Run(ctx context.Context, out *output) error {
	file, err := readSpace(c.Space)
	if err != nil {
		return err
	}
	if c.Out == "" {
		c.Out = freeSweepDir()
	}
	out.goOn()
	fmt.Fprintf(out, "%s over %s, in %s\n", c.Method, strings.Join(namesOf(file.space), ", "), c.Out)
	rows, err := sweep.Run(ctx, sweep.Config{
		Space: file.space, Method: c.Method, Runs: c.Runs, Seed: c.Seed, First: c.First, Eta: c.Eta,
		Dir: c.Out, Jobs: c.Jobs, Settings: file.settings, NewNet: newImageNetwork, Draw: curves.Draw,
		Tell: func(r sweep.Row) { tellRow(out, file.space, r) },
	})
	if rows == nil {
		return err
	}
	if err := errors.Join(err, c.keep(file.space, rows)); err != nil {
		fmt.Fprintf(out, "to go on: the same command with --out %s\n", c.Out)
		return err
	}
	if rows[0].Error != "" {
		return fmt.Errorf("all %d runs failed, the first since: %s", len(rows), rows[0].Error)
	}
	return printRows(out, c.Out, file.space, rows)
}

// freeSweepDir returns the first directory of its kind that is not there.
func freeSweepDir() string {
	for number := 1; ; number++ {
		dir := filepath.Join("runs", fmt.Sprintf("sweep-%d", number))
		if _, err := os.Lstat(dir); err != nil {
			return dir
		}
	}
}

func namesOf(s sweep.Space) (names []string) {
	for _, a := range s {
		names = append(names, a.Name)
	}
	return names
}

// keep writes the results.
func (c sweepCommand) keep(s sweep.Space, rows []sweep.Row) error {
	if err := sweep.Save(c.Out, s, rows); err != nil {
		return err
	}
	if !slices.ContainsFunc(rows, func(r sweep.Row) bool { return r.Rung > 0 }) {
		return nil // nothing to draw
	}
	return checkpoint.WriteFileAtomic(filepath.Join(c.Out, sweep.PictureFile), func(w io.Writer) error { return drawSweep(w, s, rows) })
}

// tellRow prints a line for a run that has come to the end of a rung.
func tellRow(out *output, s sweep.Space, r sweep.Row) {
	var values []string
	for _, name := range namesOf(s) {
		values = append(values, name+" "+r.Values[name])
	}
	what := fmt.Sprintf("test accuracy %.2f %% after epoch %d", 100*r.Last.TestAccuracy, r.Last.Epoch)
	if r.Error != "" {
		what = "failed: " + r.Error
	}
	fmt.Fprintf(out, "run %d  %s  %s\n", r.Run, strings.Join(values, ", "), what)
}

func printRows(out *output, dir string, s sweep.Space, rows []sweep.Row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\nrank\trun\t%s\tepochs\ttest accuracy\tbest\ttest loss\t\n", strings.Join(namesOf(s), "\t"))
	for i, r := range rows {
		fmt.Fprintf(table, "%d\t%d\t", i+1, r.Run)
		for _, name := range namesOf(s) {
			fmt.Fprintf(table, "%s\t", r.Values[name])
		}
		if r.Error != "" {
			fmt.Fprint(table, "failed\t\t\t\t\n")
			continue
		}
		fmt.Fprintf(table, "%d\t%.2f %%\t%.2f %%\t%.4f\t\n", r.Last.Epoch, 100*r.Last.TestAccuracy, 100*r.Best.TestAccuracy, r.Last.TestLoss)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s holds %s, %s, %s and the runs\n", dir, sweep.CSVFile, sweep.JSONFile, sweep.PictureFile)
	fmt.Fprintf(out, "the settings of the first: odyssey train --resume %s --print-config\n", rows[0].Dir)
	return nil
}
