package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
)

// The files of a run's directory.
const (
	ModelFile   = "model.safetensors" // the classifier after the last finished epoch
	MetricsFile = "metrics.jsonl"     // an Epoch a line
	ConfigFile  = "config.json"       // the Settings, and the Environment
	CurvesFile  = "curves.png"        // what Run.DrawCurves draws
	ProfileFile = "cpu.pprof"         // of a profiled run, for go tool pprof
)

var runFiles = []string{ModelFile, MetricsFile, ConfigFile, CurvesFile, ProfileFile}

// Run is a training run that is kept in a directory.
type Run struct {
	// DrawCurves writes a picture of the epochs so far, such as curves.Draw; nil:
	// there is none.
	DrawCurves func(w io.Writer, epochs []Epoch) error

	dir    string
	made   []string // the directories that NewRun made, the outermost first
	epochs []Epoch
	kept   int  // the epoch whose checkpoint is there
	whole  bool // all files are there
}

// config is the content of ConfigFile.
type config struct {
	Settings    Settings    `json:"settings"`
	Environment Environment `json:"environment"`
}

// NewRun makes the directory of a run, or takes one that holds no run yet. An
// empty name stands for runs/MODEL-DATA-NUMBER, with the first number that is
// free.
func NewRun(dir string, s Settings) (*Run, error) {
	if s.Data != Glyphs {
		// The run is to find its data from any working directory.
		abs, err := filepath.Abs(s.Data)
		if err != nil {
			return nil, err
		}
		s.Data = abs
	}
	r, err := makeRun(dir, s)
	if err != nil {
		return nil, err
	}
	if err := writeJSON(r.path(ConfigFile), config{s, CurrentEnvironment()}); err != nil {
		r.discard()
		return nil, err
	}
	return r, nil
}

// Dir returns the run's directory.
func (r *Run) Dir() string { return r.dir }

func (r *Run) path(file string) string { return filepath.Join(r.dir, file) }

func makeRun(dir string, s Settings) (*Run, error) {
	if dir != "" {
		return makeDir(dir)
	}
	name := fmt.Sprintf("%s-%s", s.Model, strings.Trim(filepath.Base(data.Directory(s.Data)), string(filepath.Separator)))
	for number := 1; ; number++ {
		dir := filepath.Join("runs", fmt.Sprintf("%s-%d", name, number))
		if _, err := os.Lstat(dir); err == nil {
			continue
		}
		// Another run may take the number in this very moment.
		if r, err := makeDir(dir); !errors.Is(err, fs.ErrExist) {
			return r, err
		}
	}
}

// makeDir makes a directory and those above it, or takes one that holds no run.
func makeDir(dir string) (*Run, error) {
	r := &Run{dir: dir}
	for _, d := range missingDirs(dir) {
		err := os.Mkdir(d, 0o777)
		if errors.Is(err, fs.ErrExist) && d != filepath.Clean(dir) {
			continue
		}
		if err != nil {
			r.removeDirs()
			return nil, dirError(dir, err)
		}
		r.made = append(r.made, d)
	}
	for _, file := range runFiles {
		switch _, err := os.Lstat(r.path(file)); {
		case err == nil:
			return nil, fmt.Errorf("run directory %s already holds a run (%s), want a new or an empty one", dir, file)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, dirError(dir, err)
		}
	}
	return r, nil
}

func missingDirs(dir string) (missing []string) {
	for dir := filepath.Clean(dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			return missing
		}
		missing = append([]string{dir}, missing...)
	}
}

func dirError(dir string, err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return fmt.Errorf("run directory %s: %w, want a directory that can be made and written", dir, err)
}

// discard removes what the run has written and made, and nothing else.
func (r *Run) discard() {
	for _, file := range runFiles {
		os.Remove(r.path(file))
	}
	r.removeDirs()
}

func (r *Run) removeDirs() {
	for _, dir := range slices.Backward(r.made) {
		os.Remove(dir) // fails, as it should, where another run lives in it by now
	}
}

// Fit trains as the function Fit does and records each epoch; the classifier
// and the configuration are those that Settings.Prepare returned. Where a run
// ends early the error is a *Stopped. One that ends before its first epoch is
// recorded leaves nothing behind.
func (r *Run) Fit(ctx context.Context, net *Classifier, c Config) (epochs []Epoch, err error) {
	defer func() {
		if !r.whole {
			r.discard()
		}
	}()
	onEpoch := c.OnEpoch
	c.OnEpoch = func(e Epoch) error {
		if err := r.record(net, e); err != nil || onEpoch == nil {
			return err
		}
		return onEpoch(e)
	}
	epochs, err = Fit(ctx, c)
	if err != nil {
		stopped := &Stopped{Dir: r.dir, Err: err}
		if r.whole {
			stopped.Epoch = r.kept
		}
		return epochs, stopped
	}
	return epochs, nil
}

// record writes the run's files after an epoch. The largest comes first: if the
// disk is full, all of them stay those of the epoch before.
func (r *Run) record(net *Classifier, e Epoch) error {
	r.epochs = append(r.epochs, e)
	if err := net.Save(r.path(ModelFile)); err != nil {
		return err
	}
	r.kept = e.Epoch
	err := checkpoint.WriteFileAtomic(r.path(MetricsFile), func(w io.Writer) error { return writeLines(w, r.epochs) })
	if err != nil {
		return err
	}
	if r.DrawCurves != nil {
		err = checkpoint.WriteFileAtomic(r.path(CurvesFile), func(w io.Writer) error { return r.DrawCurves(w, r.epochs) })
		if err != nil {
			return err
		}
	}
	r.whole = true
	return nil
}

func writeLines(w io.Writer, epochs []Epoch) error {
	lines := json.NewEncoder(w)
	for _, e := range epochs {
		if err := lines.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(path string, v any) error {
	return checkpoint.WriteFileAtomic(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

// Stopped is the error of a run that ended early.
type Stopped struct {
	Dir   string
	Epoch int   // whose checkpoint is kept in Dir; 0: none is
	Err   error // why it ended
}

// Error returns why the run ended and what is kept of it.
func (s *Stopped) Error() string {
	why := s.Err.Error()
	if errors.Is(s.Err, context.Canceled) {
		why = "interrupted"
	}
	if s.Epoch == 0 {
		return why + "; no epoch was finished, so nothing is kept"
	}
	return fmt.Sprintf("%s; %s keeps the checkpoint of epoch %d", why, s.Dir, s.Epoch)
}

// Unwrap returns why the run ended.
func (s *Stopped) Unwrap() error { return s.Err }

// ReadSettings returns the settings of the run in a directory.
func ReadSettings(dir string) (Settings, error) {
	path := filepath.Join(dir, ConfigFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fmt.Errorf("%s: no such file, want the directory of a run", path)
	}
	if err != nil {
		return Settings{}, err
	}
	var c config
	if err := json.Unmarshal(b, &c); err != nil {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	if c.Settings.Data == "" {
		return Settings{}, fmt.Errorf("%s: no settings.data, want the settings of a run", path)
	}
	return c.Settings, nil
}
