package sweep

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
)

// config is a sweep over learning rates, of which some are far too large.
func config(t *testing.T, method string) Config {
	t.Helper()
	return Config{
		Space:  space(t, map[string]any{"lr": map[string]any{"min": 1e-3, "max": 1e-1, "log": true}, "momentum": []any{0.0, 0.9}}),
		Method: method, Runs: 6, Seed: 3, First: 1, Eta: 2, Dir: filepath.Join(t.TempDir(), "sweep"), Jobs: 1,
		NewNet: model.New, Settings: settings,
	}
}

func settings(v Values) (s train.Settings, err error) {
	s = train.Settings{
		Model: "lenet5", Data: train.Glyphs, Limit: 96, Seed: 1, Epochs: 4, Batch: 16, Precision: "fp32", Optimizer: "sgd", Schedule: "linear",
	}
	if v["momentum"] == "none" {
		return s, errors.New("momentum none: want a number")
	}
	s.LR, _ = strconv.ParseFloat(v["lr"], 64)
	s.Momentum, _ = strconv.ParseFloat(v["momentum"], 64)
	return s, nil
}

func carryOut(t *testing.T, c Config) []Row {
	t.Helper()
	rows, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// facts returns what of rows does not depend on clocks and places.
func facts(t *testing.T, rows []Row) (lines []string) {
	t.Helper()
	for _, r := range rows {
		r.Last.Seconds, r.Last.ImagesPerSecond, r.Best.Seconds, r.Best.ImagesPerSecond = 0, 0, 0, 0
		sum := ""
		if r.Error == "" {
			sum = sumOf(t, filepath.Join(r.Dir, train.ModelFile))
		}
		lines = append(lines, fmt.Sprint(r.Run, r.Values, r.Rung, r.Last, r.Best, r.Error, sum))
	}
	return lines
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func TestResultsDoNotDependOnJobs(t *testing.T) {
	for _, method := range []string{MethodRandom, MethodHalving} {
		c := config(t, method)
		want := facts(t, carryOut(t, c))
		c.Dir, c.Jobs = filepath.Join(t.TempDir(), "sweep"), 4
		if got := facts(t, carryOut(t, c)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: with four jobs\n%s,\nwith one\n%s", method, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestRowsComeBestFirst(t *testing.T) {
	rows := carryOut(t, config(t, MethodRandom))
	if len(rows) != 6 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		if i > 0 && r.Last.Better(rows[i-1].Last, true) {
			t.Errorf("row %d is better than the one before", i)
		}
		if r.Last.Epoch != 4 || r.Rung != 1 || rows[i].Best.TestAccuracy < r.Last.TestAccuracy {
			t.Errorf("row %+v", r)
		}
	}
}

// The runs that reach the end are those that would have been trained to the end anyway, to the bit.
func TestHalvingTrainsTheBetterRunsLonger(t *testing.T) {
	c := config(t, MethodHalving)
	rows := carryOut(t, c)
	var rungs []int
	for _, r := range rows {
		rungs = append(rungs, r.Rung)
		if want := []int{0, 1, 2, 4}[r.Rung]; r.Last.Epoch != want {
			t.Errorf("run %d stopped after epoch %d on rung %d, want %d", r.Run, r.Last.Epoch, r.Rung, want)
		}
	}
	if want := []int{3, 2, 2, 1, 1, 1}; !reflect.DeepEqual(rungs, want) {
		t.Fatalf("rungs %v, want %v", rungs, want)
	}
	checkPromoted(t, rows, 1, 1)
	checkPromoted(t, rows, 2, 2)
	c.Method, c.Dir = MethodRandom, filepath.Join(t.TempDir(), "whole")
	whole := map[int]Row{}
	for _, r := range carryOut(t, c) {
		whole[r.Run] = r
	}
	if got, want := sumOf(t, filepath.Join(rows[0].Dir, train.ModelFile)), sumOf(t, filepath.Join(whole[rows[0].Run].Dir, train.ModelFile)); got != want {
		t.Errorf("the winner's model is %s, want that of a run of its own, %s", got, want)
	}
}

// checkPromoted fails if a run that ended on a rung was better there than one that went on.
func checkPromoted(t *testing.T, rows []Row, rung, epochs int) {
	t.Helper()
	for _, on := range rows {
		for _, ended := range rows {
			if on.Rung <= rung || ended.Rung != rung {
				continue
			}
			if at := epochOf(t, on, epochs); epochOf(t, ended, epochs).Better(at, true) {
				t.Errorf("run %d went on from rung %d, and run %d did not, which was better than %+v", on.Run, rung, ended.Run, at)
			}
		}
	}
}

func epochOf(t *testing.T, r Row, number int) train.Epoch {
	t.Helper()
	record, err := train.ReadRecord(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return record.Outcomes()[number-1]
}

func TestOnTheFirstRungTheBestAreChosen(t *testing.T) {
	row := func(run int, accuracy float64, failed string) Row {
		return Row{Run: run, Rung: 1, Last: train.Epoch{Epoch: 1, TestAccuracy: accuracy}, Error: failed}
	}
	rows := []Row{row(1, 0.2, ""), row(2, 0.9, "NaN"), row(3, 0.5, ""), row(4, 0.4, ""), row(5, 0.5, "")}
	for _, c := range []struct {
		among []int
		eta   int
		want  []int
	}{
		{[]int{0, 1, 2, 3, 4}, 2, []int{2, 4}}, {[]int{0, 1, 2, 3, 4}, 3, []int{2}}, {[]int{0, 3}, 5, []int{3}}, {[]int{1}, 2, nil}, {nil, 2, nil},
	} {
		if got := promoted(rows, c.among, c.eta); !reflect.DeepEqual(got, c.want) {
			t.Errorf("of %v, one in %d: %v, want %v", c.among, c.eta, got, c.want)
		}
	}
}

func TestASweepThatWasInterruptedGoesOn(t *testing.T) {
	for _, method := range []string{MethodGrid, MethodHalving} {
		c := config(t, method)
		c.Space = space(t, map[string]any{"lr": []any{0.001, 0.01, 0.02, 0.05}, "momentum": []any{0.9}})
		want := facts(t, carryOut(t, c))
		for _, at := range []int32{1, 3, 5} { // runs that come to the end of a rung
			c.Dir = filepath.Join(t.TempDir(), fmt.Sprint(at))
			ctx, cancel := context.WithCancel(context.Background())
			var told atomic.Int32
			c.Tell = func(Row) {
				if told.Add(1) == at {
					cancel()
				}
			}
			if _, err := Run(ctx, c); method == MethodHalving && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: error %v", method, err)
			}
			cancel()
			c.Tell = nil
			if got := facts(t, carryOut(t, c)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: interrupted after %d runs, then\n%s,\nwant\n%s", method, at, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		before := facts(t, carryOut(t, c)) // again: nothing is left to do
		model := filepath.Join(c.Dir, "run-0001", train.ModelFile)
		info, err := os.Stat(model)
		if err != nil {
			t.Fatal(err)
		}
		if again := facts(t, carryOut(t, c)); !reflect.DeepEqual(again, before) {
			t.Errorf("%v, then %v", before, again)
		}
		if now, err := os.Stat(model); err != nil || !os.SameFile(info, now) {
			t.Errorf("%s was written anew, %v", model, err)
		}
	}
}

// Two sweeps at once in one directory would each take the other's runs for failed.
func TestASecondSweepInTheDirectoryIsRefused(t *testing.T) {
	c := config(t, MethodGrid)
	c.Space = space(t, map[string]any{"lr": []any{0.1}, "momentum": []any{0.0}})
	var second error
	c.Tell = func(Row) {
		again := c
		again.Tell = nil
		_, second = Run(context.Background(), again)
	}
	carryOut(t, c)
	if second == nil || !strings.Contains(second.Error(), "another process carries out a sweep in it") {
		t.Errorf("a sweep within a sweep: error %v", second)
	}
	c.Tell = nil
	carryOut(t, c) // the lock is free again
}

func TestARunThatFailsIsARow(t *testing.T) {
	c := config(t, MethodGrid)
	c.Space = space(t, map[string]any{"lr": []any{0.01, 1e30, -1.0}, "momentum": []any{"none", 0.9}})
	c.Jobs = 2
	rows := carryOut(t, c)
	if rows[0].Error != "" || rows[0].Run != 2 {
		t.Errorf("the first row is %+v, want the one run that can be", rows[0])
	}
	var failures []string
	for _, r := range rows[1:] {
		failures = append(failures, r.Error)
	}
	text := strings.Join(failures, "\n")
	for want, n := range map[string]int{"momentum none: want a number": 3, "no longer finite": 1, "learning rate is -1": 1} {
		if strings.Count(text, want) != n {
			t.Errorf("want %q %d times among the errors:\n%s", want, n, text)
		}
	}
	if err := Save(c.Dir, c.Space, rows); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(c.Dir, CSVFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) != 7 || strings.Join(lines[0][:4], " ") != "rank run lr momentum" || strings.Join(lines[1][:4], " ") != "1 2 0.01 0.9" {
		t.Errorf("%v, %v", lines, err)
	}
}

func TestRefusals(t *testing.T) {
	other := config(t, MethodGrid)
	other.Space = space(t, map[string]any{"lr": []any{0.01}, "momentum": []any{0.9}})
	carryOut(t, other)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.tex"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c *Config){
		`method "guess": want grid, random or halving`: func(c *Config) { c.Method = "guess" },
		"0 jobs: want at least 1":                      func(c *Config) { c.Jobs = 0 },
		"0 runs: want at least 1":                      func(c *Config) { c.Runs = 0 },
		"halving from 0 epochs on":                     func(c *Config) { c.First = 0 },
		"one in 1: want":                               func(c *Config) { c.Eta = 1 },
		other.Dir + " holds another sweep":             func(c *Config) { c.Dir = other.Dir },
		full + " is not empty and holds no sweep":      func(c *Config) { c.Dir = full },
		"halving counts epochs: want no steps": func(c *Config) {
			c.Settings = func(Values) (s train.Settings, err error) { s.Steps = 3; return s, nil }
		},
		"halving decides by itself how long runs are": func(c *Config) {
			n := 3
			c.Settings = func(Values) (s train.Settings, err error) { n++; s.Epochs = n; return s, nil }
		},
	} {
		c := config(t, MethodHalving)
		change(&c)
		if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
