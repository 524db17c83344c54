package compare

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
)

// made trains a run.
func made(t *testing.T, change func(s *train.Settings)) (dir string) {
	t.Helper()
	s := train.Settings{
		Model: "lenet5", Data: train.Glyphs, Limit: 48, Seed: 1, Epochs: 2, Batch: 16, Precision: "fp32",
		Optimizer: "sgd", LR: 0.01, Momentum: 0.9, Schedule: "constant",
	}
	change(&s)
	net, c, err := s.Prepare(model.New)
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "run")
	d, err := train.NewDirectory(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Run(context.Background(), net, c); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRunsSideBySide(t *testing.T) {
	a := made(t, func(*train.Settings) {})
	same := made(t, func(s *train.Settings) { s.Epochs = 3 })
	other := made(t, func(s *train.Settings) { s.Seed, s.Optimizer, s.Momentum = 2, "adam", 0 })
	// The first epoch has three steps; the schedule changes something from the fourth on.
	later := made(t, func(s *train.Settings) { s.Schedule = "multi-step:milestones=3" })
	c, err := Read([]string{a, same, other, later})
	if err != nil {
		t.Fatal(err)
	}
	want := []Difference{
		{"seed", []string{"1", "1", "2", "1"}}, {"epochs", []string{"2", "3", "2", "2"}}, {"optimizer", []string{"sgd", "sgd", "adam", "sgd"}},
		{"momentum", []string{"0.9", "0.9", "0", "0.9"}}, {"schedule", []string{"constant", "constant", "constant", "multi-step:milestones=3"}},
	}
	if !reflect.DeepEqual(c.Settings, want) {
		t.Errorf("settings %v, want %v", c.Settings, want)
	}
	if len(c.Environment) != 0 {
		t.Errorf("environment %v, want no difference", c.Environment)
	}
	if want := []Weights{{same, 2, 0}, {other, 2, 1}, {later, 2, 2}}; !reflect.DeepEqual(c.Weights, want) {
		t.Errorf("weights %v, want %v", c.Weights, want)
	}
	r, err := train.ReadRecord(same)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Runs[1]
	if got.Ended != train.EndFinished || len(got.Epochs) != 3 || got.Last != r.Epochs[2].Epoch || got.Best.Epoch != r.Best() ||
		got.Seconds != r.Epochs[0].Seconds+r.Epochs[1].Seconds+r.Epochs[2].Seconds || !(got.ImagesPerSecond > 0) {
		t.Errorf("run %+v", got)
	}
}

// A run says why it ended, or that it has not.
func TestEnds(t *testing.T) {
	for want, end := range map[string]*train.End{"": nil, train.EndFinished: {Reason: train.EndFinished}, "enough": {Reason: "enough"}} {
		r := &train.Record{Epochs: []train.RecordedEpoch{{Epoch: train.Epoch{Epoch: 1}}}, End: end}
		if got := summary("run", r).Ended; got != want {
			t.Errorf("ended %q, want %q", got, want)
		}
	}
}

func TestEnvironmentsAndData(t *testing.T) {
	record := func(kernels, sum string) *train.Record {
		return &train.Record{Start: train.Start{Environment: train.Environment{Kernels: kernels, GOMAXPROCS: 2}, Data: []train.DataFile{{SHA256: sum}}}}
	}
	records := []*train.Record{record("avx2", "0123456789abcdef"), record("portable", "f123456789abcdef")}
	got := differences(records, func(r *train.Record) any { return r.Start.Environment })
	if want := []Difference{{"kernels", []string{"avx2", "portable"}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	got = differences(records, func(r *train.Record) any { return dataOf(r) })
	if want := []Difference{{"data files", []string{"0123456789ab…", "f123456789ab…"}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestRefusals(t *testing.T) {
	for want, dirs := range map[string][]string{
		"want at least two runs":         {"one"},
		"no-such/run.json: no such file": {"no-such", "run"},
	} {
		if _, err := Read(dirs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
