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
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
)

// The files of a run's directory.
const (
	ModelFile   = "model.safetensors" // the classifier after the last finished epoch
	MetricsFile = "metrics.jsonl"     // an Epoch a line
	ConfigFile  = "config.json"       // the Settings, and the Environment
	CurvesFile  = "curves.png"        // see DrawCurves
)

var runFiles = []string{ModelFile, MetricsFile, ConfigFile, CurvesFile}

// Run is a training run that is kept in a directory.
type Run struct {
	dir    string
	made   []string // the directories that NewRun made, the outermost first
	epochs []Epoch  // recorded
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
	r, err := makeRun(dir, s)
	if err != nil {
		return nil, err
	}
	if s.Data != Glyphs {
		// The run is to find its data from any working directory.
		if s.Data, err = filepath.Abs(s.Data); err != nil {
			return nil, errors.Join(err, r.discard())
		}
	}
	if err := writeJSON(r.path(ConfigFile), config{s, CurrentEnvironment()}); err != nil {
		return nil, errors.Join(err, r.discard())
	}
	return r, nil
}

// Dir returns the run's directory.
func (r *Run) Dir() string { return r.dir }

func (r *Run) path(file string) string { return filepath.Join(r.dir, file) }

func makeRun(dir string, s Settings) (*Run, error) {
	if dir != "" {
		r := &Run{dir: dir}
		return r, r.make()
	}
	for number := 1; ; number++ {
		r := &Run{dir: filepath.Join("runs", fmt.Sprintf("%s-%s-%d", s.Model, dataName(s.Data), number))}
		if _, err := os.Lstat(r.dir); err == nil {
			continue
		}
		return r, r.make()
	}
}

// dataName returns the last part of a directory's path, for a file name.
func dataName(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		name = filepath.Base(abs)
	}
	return strings.Trim(name, string(filepath.Separator))
}

// make makes the directory and those above it, unless they are there.
func (r *Run) make() error {
	var missing []string
	for dir := filepath.Clean(r.dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append([]string{dir}, missing...)
	}
	for _, dir := range missing {
		if err := os.Mkdir(dir, 0o777); err != nil {
			return errors.Join(fmt.Errorf("run directory %s: %w, want one that can be made", r.dir, err), r.discard())
		}
		r.made = append(r.made, dir)
	}
	for _, file := range runFiles {
		switch _, err := os.Lstat(r.path(file)); {
		case err == nil:
			return fmt.Errorf("run directory %s already holds a run (%s), want a new or an empty one", r.dir, file)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("run directory %s: %w, want one that can be made", r.dir, err)
		}
	}
	return nil
}

// discard removes what the run has written and made, and nothing else.
func (r *Run) discard() error {
	for _, file := range runFiles {
		if err := os.Remove(r.path(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for i := len(r.made) - 1; i >= 0; i-- {
		os.Remove(r.made[i]) // stays where another run has come to live in it
	}
	return nil
}

// Fit trains as the function Fit does and records each epoch. The configuration
// and the classifier are those of Settings.Prepare. Where the run ends early
// the error is a *Stopped, and a run without a finished epoch leaves nothing
// behind.
func (r *Run) Fit(ctx context.Context, c Config, net *Classifier) (epochs []Epoch, err error) {
	defer func() {
		if len(r.epochs) == 0 {
			err = errors.Join(err, r.discard())
		}
	}()
	onEpoch := c.OnEpoch
	c.OnEpoch = func(e Epoch) error {
		if err := r.record(net, e); err != nil || onEpoch == nil {
			return err
		}
		return onEpoch(e)
	}
	if epochs, err = Fit(ctx, c); err != nil {
		err = &Stopped{Dir: r.dir, Epoch: len(r.epochs), Err: err}
	}
	return epochs, err
}

// record writes the run's files after an epoch.
func (r *Run) record(net *Classifier, e Epoch) error {
	epochs := append(r.epochs, e)
	if err := net.Save(r.path(ModelFile)); err != nil {
		return err
	}
	if len(r.epochs) > 0 {
		// From here on the checkpoint kept is this epoch's, come what may.
		r.epochs = epochs
	}
	err := checkpoint.WriteFileAtomic(r.path(MetricsFile), func(w io.Writer) error { return writeLines(w, epochs) })
	if err != nil {
		return err
	}
	err = checkpoint.WriteFileAtomic(r.path(CurvesFile), func(w io.Writer) error { return DrawCurves(w, epochs) })
	if err != nil {
		return err
	}
	r.epochs = epochs
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
