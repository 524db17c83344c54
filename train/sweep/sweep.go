// Package sweep trains one network many times with settings from a space, side by side, and compares what comes of
// it. Each run is a directory with a record, as of odyssey train. What a sweep finds depends neither on how many
// runs go at once nor on whether it was interrupted.
package sweep

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/internal/filelock"
	"github.com/mlodyssey/odyssey/train"
)

// The ways to choose settings.
const (
	MethodGrid    = "grid"    // all points
	MethodRandom  = "random"  // points that are drawn
	MethodHalving = "halving" // points that are drawn, of which the better ones train longer
)

// PlanFile is what a sweep's directory holds beside the runs and the results: what is to be run.
const PlanFile = "sweep.json"

// Config is a sweep.
//
// Successive halving (Jamieson and Talwalkar, 2016) trains all runs for First epochs, then the best of them, one
// in Eta, for Eta times as many in all, and so on, up to the epochs of their settings. A rung only stops a run:
// its schedule is that of the whole run, and on the next rung it goes on from its state. So the runs that reach
// the end are to the bit those of a sweep that trains every run to its end.
type Config struct {
	Space  Space
	Method string
	Runs   int    // of random and halving
	Seed   uint64 // of the points that are drawn
	First  int    // epochs of the first rung
	Eta    int

	Dir      string                                 // of the sweep: empty, new, or that of the same sweep, which then goes on
	Jobs     int                                    // how many runs go at once
	Settings func(v Values) (train.Settings, error) // of a run
	NewNet   train.NewNet
	Draw     func(w io.Writer, epochs []train.Epoch) error // see train.Directory.DrawCurves
	Tell     func(Row)                                     // called for each run that has come to the end of a rung, one at a time; may be nil
}

// Row is what came of a run.
type Row struct {
	Run    int         `json:"run"` // from 1
	Dir    string      `json:"directory"`
	Values Values      `json:"values"`
	Rung   int         `json:"rung"` // that it has come to the end of, from 1; 0: it failed on the first
	Last   train.Epoch `json:"last"`
	Best   train.Epoch `json:"best"` // see train.Epoch.Better
	Error  string      `json:"error,omitempty"`
}

// run is a run of a plan.
type run struct {
	Run      int             `json:"run"`
	Values   Values          `json:"values"`
	Settings *train.Settings `json:"settings,omitempty"`
	Error    string          `json:"error,omitempty"` // why there are no settings
}

// plan is what PlanFile says.
type plan struct {
	Method string `json:"method"`
	Seed   uint64 `json:"seed"`
	Rungs  []int  `json:"rungs"` // epochs; 0: to the end
	Eta    int    `json:"eta,omitempty"`
	Space  Space  `json:"space"`
	Runs   []run  `json:"runs"`
}

// Run carries out a sweep, or what is left of it, and returns its rows, the best first. A run that fails is a row
// with an error. If the context ends the sweep, there are the rows so far.
func Run(ctx context.Context, c Config) ([]Row, error) {
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	unlock, err := c.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := c.keepPlan(p); err != nil {
		return nil, err
	}
	rows := make([]Row, len(p.Runs))
	left := make([]int, len(p.Runs))
	for i, r := range p.Runs {
		left[i] = i
		rows[i] = Row{Run: r.Run, Dir: c.dirOf(r.Run), Values: r.Values, Error: r.Error}
	}
	for rung, until := range p.Rungs {
		if rung > 0 {
			left = promoted(rows, left, p.Eta)
		}
		if err := c.advance(ctx, p, left, rung+1, until, rows); err != nil {
			return ranked(rows), err
		}
	}
	return ranked(rows), nil
}

func (c Config) dirOf(number int) string {
	return filepath.Join(c.Dir, fmt.Sprintf("run-%04d", number))
}

// plan returns what is to be run.
func (c Config) plan() (p plan, err error) {
	p = plan{Method: c.Method, Seed: c.Seed, Space: c.Space, Rungs: []int{0}}
	points, err := c.points()
	if err != nil {
		return p, err
	}
	for i, v := range points {
		r := run{Run: i + 1, Values: v}
		if s, err := c.Settings(v); err != nil {
			r.Error = err.Error()
		} else {
			r.Settings = &s
		}
		p.Runs = append(p.Runs, r)
	}
	switch c.Method {
	case MethodGrid:
		p.Seed = 0 // nothing is drawn
	case MethodHalving:
		p.Eta = c.Eta
		p.Rungs, err = c.rungs(p.Runs)
	}
	return p, err
}

func (c Config) points() (points []Values, err error) {
	if c.Jobs < 1 {
		return nil, fmt.Errorf("%d jobs: want at least 1", c.Jobs)
	}
	switch c.Method {
	case MethodGrid:
		return c.Space.Grid()
	case MethodRandom, MethodHalving:
		if c.Runs < 1 || c.Runs > mostRuns {
			return nil, fmt.Errorf("%d runs: want at least 1, and at most %d", c.Runs, mostRuns)
		}
		for i := range c.Runs {
			points = append(points, c.Space.Draw(c.Seed, i))
		}
		return points, nil
	}
	return nil, fmt.Errorf("method %q: want %s, %s or %s", c.Method, MethodGrid, MethodRandom, MethodHalving)
}

// rungs returns after how many epochs runs are compared; 0 stands for their end.
func (c Config) rungs(runs []run) (rungs []int, err error) {
	if c.First < 1 || c.Eta < 2 {
		return nil, fmt.Errorf("halving from %d epochs on, one in %d: want at least 1, and one in 2", c.First, c.Eta)
	}
	epochs := 0
	for _, r := range runs {
		switch {
		case r.Settings == nil:
		case r.Settings.Steps > 0:
			return nil, errors.New("halving counts epochs: want no steps")
		case epochs != 0 && r.Settings.Epochs != epochs:
			return nil, errors.New("halving decides by itself how long runs are: want the same epochs for all")
		default:
			epochs = r.Settings.Epochs
		}
	}
	for until := c.First; until < epochs && until > 0; until *= c.Eta {
		rungs = append(rungs, until)
	}
	return append(rungs, 0), nil
}

// lockFile is held by the process that carries out the sweep.
const lockFile = "sweep.lock"

// lock makes the directory, and keeps other processes from carrying out a sweep in it until the function that it
// returns is called.
func (c Config) lock() (unlock func(), err error) {
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return nil, err
	}
	if unlock, err = filelock.TryLock(filepath.Join(c.Dir, lockFile)); err != nil {
		return nil, fmt.Errorf("%s: another process carries out a sweep in it", c.Dir)
	}
	return unlock, nil
}

// keepPlan writes the plan, or compares it with the one that is there.
func (c Config) keepPlan(p plan) error {
	want, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(c.Dir, PlanFile)
	got, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(got, want):
		return nil
	case err == nil:
		return fmt.Errorf("%s holds another sweep, want a new directory, or the space and the flags of that one", c.Dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := checkpoint.RemoveTemporary(c.Dir); err != nil {
		return err
	}
	there, err := os.ReadDir(c.Dir)
	there = slices.DeleteFunc(there, func(e fs.DirEntry) bool { return e.Name() == lockFile })
	if err != nil || len(there) > 0 {
		return cmp.Or(err, fmt.Errorf("%s is not empty and holds no sweep, want a new directory", c.Dir))
	}
	return checkpoint.WriteFileAtomic(path, func(w io.Writer) error {
		_, err := w.Write(want)
		return err
	})
}

// promoted returns the best of some runs, one in eta, but at least one of those that did not fail.
func promoted(rows []Row, among []int, eta int) (best []int) {
	var good []Row
	for _, i := range among {
		if rows[i].Error == "" {
			good = append(good, rows[i])
		}
	}
	good = ranked(good)
	for _, r := range good[:min(len(good), max(1, len(among)/eta))] {
		best = append(best, r.Run-1)
	}
	slices.Sort(best)
	return best
}

// ranked returns rows with the best first: those that have come furthest, and of these the better ones.
func ranked(rows []Row) []Row {
	return slices.SortedFunc(slices.Values(rows), func(a, b Row) int {
		failed := func(r Row) int { return min(1, len(r.Error)) }
		better := 0
		switch {
		case a.Last.Better(b.Last, true):
			better = -1
		case b.Last.Better(a.Last, true):
			better = 1
		}
		return cmp.Or(failed(a)-failed(b), b.Rung-a.Rung, better, a.Run-b.Run)
	})
}

// advance takes runs to the end of a rung, some at once.
func (c Config) advance(ctx context.Context, p plan, which []int, rung, until int, rows []Row) error {
	var jobs sync.WaitGroup
	var telling sync.Mutex
	next := make(chan int)
	for range min(c.Jobs, len(which)) {
		jobs.Go(func() {
			for i := range next {
				row := c.train(ctx, p.Runs[i], rows[i], rung, until)
				if ctx.Err() != nil {
					continue
				}
				telling.Lock()
				rows[i] = row
				if c.Tell != nil {
					c.Tell(row)
				}
				telling.Unlock()
			}
		})
	}
	for _, i := range which {
		next <- i
	}
	close(next)
	jobs.Wait()
	return ctx.Err()
}

// train takes a run to the end of a rung, from where it is.
func (c Config) train(ctx context.Context, r run, row Row, rung, until int) Row {
	if r.Settings == nil || ctx.Err() != nil {
		return row
	}
	epochs, err := c.epochs(ctx, r, until)
	if err != nil {
		row.Error = err.Error()
		var stopped *train.Stopped
		if errors.As(err, &stopped) { // which says what is kept of it, too
			row.Error = stopped.Err.Error()
		}
		return row
	}
	row.Rung, row.Last, row.Best = rung, epochs[len(epochs)-1], train.BestOf(epochs, true)
	return row
}

// epochs returns the outcome of a run's epochs until the end of a rung, and trains those that are missing.
func (c Config) epochs(ctx context.Context, r run, until int) ([]train.Epoch, error) {
	d, done, err := c.open(r, until)
	if done != nil || err != nil {
		return done, err
	}
	settings := *r.Settings
	if d != nil {
		settings = d.Settings()
	}
	net, config, err := settings.PrepareContext(ctx, c.NewNet)
	if err != nil {
		return nil, err
	}
	if d == nil {
		if d, err = train.NewDirectory(c.dirOf(r.Run), *r.Settings); err != nil {
			return nil, err
		}
	}
	d.DrawCurves, config.CheckpointEvery = c.Draw, time.Minute
	if until > 0 {
		config.Callbacks = append(config.Callbacks, stopAfter{until: until})
	}
	return d.Run(ctx, net, config)
}

// open returns the directory of a run that was begun, nil if it was not; or the epochs, where those of the rung are there.
func (c Config) open(r run, until int) (*train.Directory, []train.Epoch, error) {
	dir := c.dirOf(r.Run)
	if _, err := os.Stat(filepath.Join(dir, train.RecordFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	record, err := train.ReadRecord(dir)
	if err != nil {
		return nil, nil, err
	}
	d, err := train.OpenDirectory(dir)
	if err != nil {
		return nil, nil, err
	}
	switch outcomes := record.Outcomes(); {
	case until > 0 && len(outcomes) >= until:
		return nil, outcomes[:until], nil
	case d.IsFinished():
		return nil, outcomes, nil
	}
	return d, nil, nil
}

// stopAfter ends a run after some epochs.
type stopAfter struct {
	train.Quiet
	until int
}

// Evaluation ends the run.
func (s stopAfter) Evaluation(l *train.Loop) error {
	if len(l.Epochs) >= s.until {
		l.Stop(fmt.Sprintf("a rung of a sweep, of %d epochs", s.until))
	}
	return nil
}
