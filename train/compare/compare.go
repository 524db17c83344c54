// Package compare lays the records of runs side by side.
package compare

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/train"
)

// Comparison is what records of runs tell when they are laid side by side.
type Comparison struct {
	Runs        []Run        `json:"runs"`
	Settings    []Difference `json:"settings"`    // those that differ
	Environment []Difference `json:"environment"` // what the runs were made with, where that differs, data included
	Weights     []Weights    `json:"weights"`     // of each run but the first
}

// Run is what came of one.
type Run struct {
	Dir             string        `json:"directory"`
	Ended           string        `json:"ended"` // why; "" if it has not ended
	Last            train.Epoch   `json:"last"`
	Best            train.Epoch   `json:"best"` // see train.Epoch.Better
	Seconds         float64       `json:"seconds"`
	ImagesPerSecond float64       `json:"images_per_second"`
	Epochs          []train.Epoch `json:"epochs"`
	Cut             []train.Cut   `json:"cut_short,omitempty"` // epochs that were ended early, as by a time budget
}

// Difference is something that is not the same in all runs.
type Difference struct {
	Name   string   `json:"name"`
	Values []string `json:"values"` // one for each run
}

// Weights tells how the weights of a run after each epoch, by their hashes, are related to those of the first run.
type Weights struct {
	Dir     string `json:"directory"`
	Common  int    `json:"common"`  // epochs that both runs have
	Differs int    `json:"differs"` // the first epoch whose weights differ; 0: those of all common epochs are the same
}

// Read compares the runs in directories, at least two.
func Read(dirs []string) (*Comparison, error) {
	if len(dirs) < 2 {
		return nil, errors.New("nothing to compare with: want at least two runs")
	}
	var records []*train.Record
	for _, dir := range dirs {
		r, err := train.ReadRecord(dir)
		if err != nil {
			return nil, err
		}
		if len(r.Epochs) == 0 {
			return nil, fmt.Errorf("%s: no epoch is finished, want a run with at least one", dir)
		}
		records = append(records, r)
	}
	c := &Comparison{}
	for i, r := range records {
		c.Runs = append(c.Runs, summary(dirs[i], r))
		if i > 0 {
			c.Weights = append(c.Weights, weights(dirs[i], records[0].Epochs, r.Epochs))
		}
	}
	c.Settings = differences(records, func(r *train.Record) any { return r.Start.Settings })
	c.Environment = append(
		differences(records, func(r *train.Record) any { return r.Start.Environment }),
		differences(records, func(r *train.Record) any { return dataOf(r) })...)
	return c, nil
}

func summary(dir string, r *train.Record) Run {
	run := Run{Dir: dir, Epochs: r.Outcomes(), Cut: r.CutShort()}
	if r.End != nil {
		run.Ended = r.End.Reason
	}
	images := 0.0
	for _, e := range run.Epochs {
		run.Seconds += e.Seconds
		images += e.Seconds * e.ImagesPerSecond
	}
	if run.Seconds > 0 {
		run.ImagesPerSecond = images / run.Seconds
	}
	run.Last, run.Best = run.Epochs[len(run.Epochs)-1], run.Epochs[r.Best()-1]
	return run
}

func weights(dir string, first, other []train.RecordedEpoch) Weights {
	w := Weights{Dir: dir, Common: min(len(first), len(other))}
	for i := range w.Common {
		if first[i].Weights != other[i].Weights {
			w.Differs = i + 1
			break
		}
	}
	return w
}

// read is the data that a run has read.
type read struct {
	Data string `json:"data files"`
}

func dataOf(r *train.Record) read {
	var sums []string
	for _, f := range r.Start.Data {
		sums = append(sums, fmt.Sprintf("%.12s…", f.SHA256))
	}
	return read{strings.Join(sums, " ")}
}

// differences returns the fields of a struct of each run, under their names in JSON, that are not the same in all.
func differences(records []*train.Record, of func(*train.Record) any) (found []Difference) {
	t := reflect.TypeOf(of(records[0]))
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		d := Difference{Name: name}
		for _, r := range records {
			d.Values = append(d.Values, fmt.Sprint(reflect.ValueOf(of(r)).Field(i)))
		}
		if slices.ContainsFunc(d.Values, func(v string) bool { return v != d.Values[0] }) {
			found = append(found, d)
		}
	}
	return found
}
