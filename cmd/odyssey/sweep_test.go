package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/sweep"
)

const smallSpace = `
epochs = 2
limit = 64
batch = 16
optimizer = "sgd"

[search]
lr = [0.001, 0.01, 1e30]
weight_decay = [0, 5e-4]
`

func TestSweep(t *testing.T) {
	t.Chdir(t.TempDir())
	file := written(t, smallSpace)
	out := succeed(t, "sweep", file, "--jobs", "3")
	dir := filepath.Join("runs", "sweep-1")
	for _, want := range []string{
		"grid over lr, weight-decay, in " + dir, "\nrun 5  lr 1e+30, weight-decay 0  failed: the loss is no longer finite",
		"rank  run     lr  weight-decay  epochs  test accuracy", "\n     6    6  1e+30        0.0005  failed", dir + " holds results.csv",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, name := range []string{sweep.CSVFile, sweep.JSONFile, sweep.PictureFile, sweep.PlanFile, "run-0001/" + train.CurvesFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	s, err := train.ReadSettings(filepath.Join(dir, "run-0004"))
	if want := (train.Settings{Model: "lenet5", Data: train.Glyphs, Limit: 64, Seed: 1, Precision: "fp32", Normalize: "0.1307/0.3081", Epochs: 2, Batch: 16,
		Optimizer: "sgd", LR: 0.01, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "linear"}); err != nil || s != want {
		t.Errorf("settings %+v, %v, want %+v", s, err, want)
	}
	var rows []sweep.Row
	b, err := os.ReadFile(filepath.Join(dir, sweep.JSONFile))
	if err != nil || json.Unmarshal(b, &rows) != nil || len(rows) != 6 {
		t.Errorf("%s, %v", b, err)
	}
	one := filepath.Join(t.TempDir(), "run")
	succeed(t, "train", "--epochs", "2", "--limit", "64", "--batch", "16", "--lr", "0.01", "--weight-decay", "5e-4", "--out", one)
	if got, want := sumOf(t, filepath.Join(dir, "run-0004", train.ModelFile)), sumOf(t, filepath.Join(one, train.ModelFile)); got != want {
		t.Errorf("the model of the sweep is %s, that of a run of its own %s", got, want)
	}
	refuse(t, statusError, []string{"sweep", file, "--out", dir, "--method", "random"}, []string{dir + " holds another sweep"})
}

func TestSweepGoesOn(t *testing.T) {
	file := written(t, "limit = 64\nbatch = 16\nepochs = 4\n[search]\nlr = {min = 1e-3, max = 1e-1, log = true}\n")
	dir := filepath.Join(t.TempDir(), "sweep")
	args := []string{"sweep", file, "--method", "halving", "--runs", "4", "--eta", "2", "--out", dir}
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr strings.Builder
	status := run(ctx, args, io.MultiWriter(&stdout, cancelling{io.Discard, "run 3 ", cancel}), &stderr)
	if status != statusInterrupted || stderr.String() != "odyssey: interrupted\n" || !strings.Contains(stdout.String(), "to go on: the same command with --out "+dir) {
		t.Errorf("status %d, %s, %s", status, stderr.String(), stdout.String())
	}
	out := succeed(t, args...)
	whole := filepath.Join(t.TempDir(), "whole")
	args[len(args)-1] = whole
	want := strings.ReplaceAll(succeed(t, args...), whole, dir)
	if _, table, _ := strings.Cut(out, "rank"); table == "" || !strings.HasSuffix(want, "rank"+table) {
		t.Errorf("%s\nwant the table of a sweep that was not interrupted:\n%s", out, want)
	}
}

func TestBadSpaces(t *testing.T) {
	t.Chdir(t.TempDir())
	for text, want := range map[string]string{
		"[search]\nlr = [0.1]\nmomentun = [1]":               "space.toml:3: momentun: there is no such setting, did you mean momentum?",
		"epoch = 3\n[search]\nlr = [0.1]":                    "space.toml:1: epoch: there is no such setting, did you mean epochs?",
		"lr = 0.1\n[search]\nlr = [0.1]":                     "space.toml:1: lr: is both given and searched",
		"steps = 5\n[search]\nepochs = [1]":                  "epochs and steps: want only one of them",
		"[search]\nlr = [\"fast\"]":                          `space.toml:2: lr: "fast": want a number`,
		"[search]\nbatch = {min = 0.5, max = 3}":             "space.toml:2: batch: 0.5: want a whole number",
		"[search]\nprecision = [\"fp32\", \"fp7\"]":          `space.toml:2: precision: "fp7": want one of fp64`,
		"[search]\nlr = {min = 1, max = 0}":                  "space.toml: [search]: lr: from 1 to 0: want a min below a max",
		"lr = 1":                                             "space.toml: [search]: nothing to search",
		"search = 3":                                         "nothing to search",
		"out = \"x\"\n[search]\nlr = [1]":                    "space.toml:1: out: there is no such setting",
		"[search]\nlr = {min = 0.1, max = 1}":                "lr: a grid wants a list of choices, or {min, max, step}",
		"limit = 64\n[search]\nlr = [-1]":                    "all 1 runs failed, the first since: optimizer sgd: learning rate is -1",
		"limit = 64\n[search]\naugment = [\"no-such.toml\"]": "all 1 runs failed, the first since: ",
	} {
		if err := os.WriteFile("space.toml", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Run(text, func(t *testing.T) { refuse(t, statusError, []string{"sweep", "space.toml"}, []string{want}) })
	}
	refuse(t, statusError, []string{"sweep", "none.toml"}, []string{"none.toml: no such file"})
	refuse(t, statusUsage, []string{"sweep", "space.toml", "--method", "guess"}, []string{"--method", "grid"})
}
