package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/folder"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/train/metric"
	"github.com/mlodyssey/odyssey/train/record"
)

// Record is what RecordFile says of a run, line by line: a "start", an "epoch" for each that was
// finished, a "resume" where the run went on, and an "end", unless it was killed. Lines after the state that a
// run goes on from are cut off, as what they tell of comes again.
type Record struct {
	Lines   []record.Line
	Start   Start
	Epochs  []RecordedEpoch
	Resumes []Resume
	End     *End // nil: the run is not over
}

// Start is what a run began with.
type Start struct {
	Settings    Settings    `json:"settings"`
	Environment Environment `json:"environment"`
	Data        []DataFile  `json:"data"` // that the examples are read from; none for Glyphs
	Parameters  int         `json:"parameters"`
	Examples    [2]int      `json:"examples"` // of training and of the test set
	Classes     []string    `json:"classes"`
	Keep
}

// batches returns how many an epoch has, 0 of settings that no run can have.
func (s Start) batches() int {
	if s.Settings.Batch < 1 {
		return 0
	}
	return (s.Examples[0] + s.Settings.Batch - 1) / s.Settings.Batch
}

// epochs returns how many a run has that is not ended early.
func (s Start) epochs() int {
	if n := s.batches(); s.Settings.Steps > 0 && n > 0 {
		return (s.Settings.Steps + n - 1) / n
	}
	return s.Settings.Epochs
}

// Cut is an epoch that was ended before it had taken all its batches.
type Cut struct {
	Epoch   int `json:"epoch"`
	Steps   int `json:"steps"`
	Batches int `json:"batches"`
}

// String tells it.
func (c Cut) String() string {
	return fmt.Sprintf("epoch %d ended after %d of %d batches", c.Epoch, c.Steps, c.Batches)
}

// CutShort returns the epochs that were cut short, as by a time budget, and not by the settings.
func (r *Record) CutShort() (cut []Cut) {
	n := r.Start.batches()
	for _, e := range r.Epochs {
		if e.Steps < n && (e.Epoch.Epoch-1)*n+e.Steps != r.Start.Settings.Steps {
			cut = append(cut, Cut{e.Epoch.Epoch, e.Steps, n})
		}
	}
	return cut
}

// Keep says which epochs' classifiers a Directory keeps beside the last and the best.
type Keep struct {
	Every int `json:"keep_every,omitempty"` // each so many epochs; 0: of none
	Last  int `json:"keep_last,omitempty"`  // but only the last few of these; 0: all
}

// keeps reports whether the classifier of an epoch is kept.
func (k Keep) keeps(number int) bool { return k.Every > 0 && number%k.Every == 0 }

// drops returns the epoch whose classifier is removed when that of another one is there; 0: none.
func (k Keep) drops(number int) int {
	if !k.keeps(number) || k.Last <= 0 || k.Last > number/k.Every {
		return 0
	}
	return number - k.Every*k.Last
}

// keptEpochs returns the epochs whose classifiers are to be there, as the run kept and dropped them.
func (r *Record) keptEpochs() map[int]bool {
	kept, keep, epochs, resumes := map[int]bool{}, r.Start.Keep, 0, 0
	for _, l := range r.Lines {
		switch l.Kind {
		case lineResume:
			keep = r.Resumes[resumes].Keep
			resumes++
		case lineEpoch:
			epochs++
			if keep.keeps(epochs) {
				kept[epochs] = true
			}
			delete(kept, keep.drops(epochs))
		}
	}
	return kept
}

// movedFiles returns the data files with the paths that they have where the data lies in another directory now; "" is
// where it lay.
func (s Start) movedFiles(to string) []DataFile {
	files := slices.Clone(s.Data)
	if to == "" {
		return files
	}
	from := data.Directory(s.Settings.Data) // or the beginning of the files' names
	for i, f := range files {
		if rest, ok := strings.CutPrefix(f.Path, from); ok {
			files[i].Path = filepath.Clean(data.Directory(to)) + rest
		}
	}
	return files
}

// DataFile is a file, or a folder of files, that a run reads.
type DataFile struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of a folder: of its files' names and hashes
}

// RecordedEpoch is an epoch, with the metrics of its evaluation and the SHA-256 of the file that its
// classifier is saved as.
type RecordedEpoch struct {
	Epoch
	Metrics map[string]float64 `json:"metrics,omitempty"` // those of Config.Metrics that have a value
	Weights string             `json:"weights_sha256"`
}

// Resume is where a run went on, and with what.
type Resume struct {
	Environment Environment `json:"environment"`
	Epoch       int         `json:"epoch"`
	Step        int         `json:"step"` // that were done of it
	Keep
}

// End is how a run ended.
type End struct {
	Reason string `json:"reason"`           // EndFinished, EndInterrupted, that of Loop.Stop, or an error
	Failed bool   `json:"failed,omitempty"` // it is an error
	Epochs int    `json:"epochs"`           // that were finished and recorded
}

// Usual reasons of an end.
const (
	EndFinished    = "finished"
	EndInterrupted = "interrupted"
)

// The kinds of lines.
const (
	lineStart  = "start"
	lineEpoch  = "epoch"
	lineResume = "resume"
	lineEnd    = "end"
)

// metaRecord is the key of a state's place in the record.
const metaRecord = "record"

// log writes the record of a run.
type log struct {
	*record.Log
	epochs int // that it has
}

func newLog(path string) *log { return &log{Log: record.New(path)} }

func (r *log) started(s Settings, k Keep, l *Loop) error {
	files, err := hashFiles(l.Config.Files)
	if err != nil {
		return err
	}
	start := describe(l.Config)
	start.Settings, start.Environment, start.Data, start.Keep = s, CurrentEnvironment(), files, k
	start.Settings.Normalize = data.FormatNormalise(l.Config.Mean, l.Config.Std)
	return r.Append(lineStart, start)
}

// describe returns what a configuration has to learn from, and what learns it.
func describe(c Config) Start {
	s := Start{Parameters: nn.CountParameters(c.Model), Examples: [2]int{c.Train.Len()}, Classes: c.Train.Classes()}
	if c.Test != nil {
		s.Examples[1] = c.Test.Len()
	}
	return s
}

func (r *log) resumed(k Keep, l *Loop) error {
	r.epochs = len(l.Epochs)
	return r.Append(lineResume, Resume{CurrentEnvironment(), l.Progress.Epoch, l.Progress.Step, k})
}

func (r *log) finished(e Epoch, metrics []metric.Metric, weights string) error {
	if err := r.Append(lineEpoch, RecordedEpoch{e, Values(metrics), weights}); err != nil {
		return err
	}
	r.epochs++
	return nil
}

func (r *log) ended(l *Loop, err error) error {
	failed := err != nil && !errors.Is(err, context.Canceled)
	return r.Append(lineEnd, End{l.EndReason(err), failed, r.epochs})
}

// ReadRecord reads the record of the run in a directory. Where its lines do not hold together, or
// do not tell of a run, the error names the first.
func ReadRecord(dir string) (*Record, error) {
	path := filepath.Join(dir, RecordFile)
	lines, err := record.Read(path)
	if err != nil {
		return nil, err
	}
	r := &Record{Lines: lines}
	for i, l := range lines {
		if err := r.read(l, i == 0); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, l.Number, err)
		}
	}
	return r, nil
}

func (r *Record) read(l record.Line, first bool) error {
	if first != (l.Kind == lineStart) {
		return fmt.Errorf("kind %q, want a record with one %q, as its first line", l.Kind, lineStart)
	}
	if l.Kind != lineEnd {
		r.End = nil
	}
	switch l.Kind {
	case lineStart:
		if err := record.Decode(l.Body, &r.Start); err != nil {
			return err
		}
		if r.Start.Settings.Data == "" {
			return errors.New("no settings.data, want the settings of a run")
		}
		if r.Start.Settings.Normalize == "" { // all runs had MNIST's once
			r.Start.Settings.Normalize = data.FormatNormalise(Mean, Std)
		}
		return nil
	case lineEpoch:
		var e RecordedEpoch
		if err := record.Decode(l.Body, &e); err != nil {
			return err
		}
		if e.Epoch.Epoch != len(r.Epochs)+1 {
			return fmt.Errorf("epoch %d, want epoch %d", e.Epoch.Epoch, len(r.Epochs)+1)
		}
		r.Epochs = append(r.Epochs, e)
		return nil
	case lineResume:
		r.Resumes = append(r.Resumes, Resume{})
		return record.Decode(l.Body, &r.Resumes[len(r.Resumes)-1])
	case lineEnd:
		r.End = &End{}
		return record.Decode(l.Body, r.End)
	}
	return fmt.Errorf("kind %q, want %s, %s, %s or %s", l.Kind, lineStart, lineEpoch, lineResume, lineEnd)
}

// isOver reports whether the run came to an end by itself.
func (r *Record) isOver() bool {
	return r.End != nil && !r.End.Failed && r.End.Reason != EndInterrupted
}

// Outcomes returns the epochs without their weights.
func (r *Record) Outcomes() (epochs []Epoch) {
	for _, e := range r.Epochs {
		epochs = append(epochs, e.Epoch)
	}
	return epochs
}

// Best returns the number of the epoch whose classifier BestFile has, 0 where there is none.
func (r *Record) Best() int {
	return BestOf(r.Outcomes(), r.Start.Examples[1] > 0).Epoch
}

// keep returns what the run kept of epochs in the end.
func (r *Record) keep() Keep {
	if n := len(r.Resumes); n > 0 {
		return r.Resumes[n-1].Keep
	}
	return r.Start.Keep
}

// ReadSettings returns the settings of the run in a directory.
func ReadSettings(dir string) (Settings, error) {
	r, err := ReadRecord(dir)
	if err != nil {
		return Settings{}, err
	}
	return r.Start.Settings, nil
}

// filesOf returns what sources were read from, each file once.
func filesOf(sources ...data.Source) (files []string) {
	for _, s := range sources {
		for _, f := range s.Files {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files
}

// hashFiles reads files, and folders with all that is in them.
func hashFiles(paths []string) ([]DataFile, error) {
	files := []DataFile{}
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		f := DataFile{Path: abs}
		if f.SHA256, f.Bytes, err = hash(path); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// readAgain returns the SHA-256 that a data file has now, and whether it is that of the content recorded.
func (f DataFile) readAgain() (sum string, same bool, err error) {
	sum, n, err := hash(f.Path)
	return sum, sum == f.SHA256 && n == f.Bytes, err
}

// hash returns the SHA-256 of a file or a folder, and how many bytes it has.
func hash(path string) (sum string, n int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	if info.IsDir() {
		return hashFolder(path)
	}
	return checkpoint.SumFile(path)
}

// hashFolder hashes the lines "name sum" of a folder's files, in the order of the names. It follows links.
func hashFolder(dir string) (sum string, n int64, err error) {
	h := sha256.New()
	err = folder.Each(dir, nil, func(path string) error {
		one, size, err := checkpoint.SumFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		n += size
		fmt.Fprintf(h, "%q %s\n", filepath.ToSlash(name), one)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), n, err
}
