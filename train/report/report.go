// Package report makes one page of a run: its curves, what it confuses, its worst mistakes, its first filters,
// how it was made and what is proved of it. The page is a file that needs nothing
// beside it, or is served while the run goes: see Live.
package report

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/train"
)

// Report is what a page shows of a run. What could not be found out is nil, and Missing says why.
type Report struct {
	Run    Run
	Others []Run // whose curves are shown beside those of Run

	Checkpoint *Checkpoint
	Confusion  *Confusion // on the test set
	Mistakes   []Mistake  // the worst first
	Filters    *Filters   // of the first convolution

	Checks       []Check // what was found when the report was made
	Verification string  // what train can prove of the run, in a line or two
	Missing      []string

	Examples int // of the test set
	Judged   int // of these, in Confusion

	loss float64 // the mean over what was judged
}

// Run is a run as its record has it.
type Run struct {
	Name   string // its directory's
	Dir    string // from the root of the file system on
	Record *train.Record
	Epochs []train.Epoch
}

// Checkpoint is the file whose classifier is shown.
type Checkpoint struct {
	File  string
	Epoch int
	Last  int // the last epoch, which may be another
}

// Check is something that was compared with the record.
type Check struct {
	What string
	Fits bool
}

// ReadRun reads the record of the run in a directory.
func ReadRun(dir string) (Run, error) {
	record, err := train.ReadRecord(dir)
	if err != nil {
		return Run{}, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Run{}, err
	}
	return Run{Name: filepath.Base(abs), Dir: abs, Record: record, Epochs: record.Outcomes()}, nil
}

// Named returns a text with the run's name in place of its directory, so that the report of a run is the same
// wherever it lies.
func (r Run) Named(text string) string {
	separator := string(filepath.Separator)
	return strings.NewReplacer(r.Dir+separator, r.Name+separator, r.Dir+":", r.Name+":").Replace(text)
}

// Gather makes the report of the run in a directory, whose data may have moved: see train.Settings.MovedTo. Without
// the record there is none; without checkpoint or data it says what is missing.
func Gather(ctx context.Context, dir, moved string, newNet train.NewNet) (*Report, error) {
	run, err := ReadRun(dir)
	if err != nil {
		return nil, err
	}
	r := &Report{Run: run, Examples: run.Record.Start.Examples[1]}
	r.passed(true, "The lines of %s hold together.", train.RecordFile)
	net := r.openCheckpoint(newNet)
	if net == nil {
		return r, ctx.Err()
	}
	if r.Filters = filtersOf(net.Net); r.Filters == nil {
		r.miss("filters: %s begins with no convolution of grey or coloured images", net.Name)
	}
	r.openTest(ctx, net, run.Record.Start.Settings.MovedTo(moved))
	return r, ctx.Err()
}

func (r *Report) miss(format string, args ...any) {
	r.Missing = append(r.Missing, r.Run.Named(fmt.Sprintf(format, args...)))
}

func (r *Report) passed(fits bool, format string, args ...any) {
	r.Checks = append(r.Checks, Check{fmt.Sprintf(format, args...), fits})
}

// openCheckpoint reads the classifier of the best epoch, nil where it cannot.
func (r *Report) openCheckpoint(newNet train.NewNet) *train.Classifier {
	last, best := len(r.Run.Epochs), r.Run.Record.Best()
	if last == 0 {
		r.miss("checkpoint: no epoch was finished")
		return nil
	}
	shown := &Checkpoint{train.ModelFile, last, last}
	if best != last {
		shown.File, shown.Epoch = train.BestFile, best
	}
	path := filepath.Join(r.Run.Dir, shown.File)
	sum, _, err := checkpoint.SumFile(path)
	if err != nil {
		r.miss("checkpoint: %s: %v", path, printable.Cause(err))
		return nil
	}
	r.passed(sum == r.Run.Record.Epochs[shown.Epoch-1].Weights, "The SHA-256 of %s is what the record says of epoch %d.", shown.File, shown.Epoch)
	net, err := train.Load(path, newNet)
	if err != nil {
		r.miss("checkpoint: %v", err)
		return nil
	}
	r.Checkpoint = shown
	return net
}

// openTest judges the test set.
func (r *Report) openTest(ctx context.Context, net *train.Classifier, s train.Settings) {
	if r.Examples == 0 {
		r.miss("confusion and mistakes: the run has no test set")
		return
	}
	set, err := train.OpenData(s.Data, "test", s.Seed, s.Limit)
	if err == nil {
		err = r.judge(ctx, net, set)
	}
	if err != nil {
		r.miss("confusion and mistakes: test data: %v", err)
		return
	}
	e := r.Run.Epochs[r.Checkpoint.Epoch-1]
	r.passed(r.Confusion.matrix.Value() == e.TestAccuracy && r.loss == e.TestLoss,
		"Evaluated again, %s gives the recorded test loss and accuracy of epoch %d, to the last bit.", r.Checkpoint.File, e.Epoch)
}

// judge fills in what the classifier makes of a set.
func (r *Report) judge(ctx context.Context, net *train.Classifier, set data.Dataset) error {
	all, err := net.Judge(ctx, set)
	if err != nil {
		return err
	}
	mistakes, err := worst(all, set)
	if err != nil {
		return err
	}
	r.Judged, r.Confusion, r.Mistakes = len(all), confusionOf(net.Classes, all), mistakes
	r.loss = meanLoss(all)
	return nil
}
