package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/printable"
)

// The files of a run's directory.
const (
	RecordFile  = "run.json"            // what happened: see Record
	ModelFile   = "model.safetensors"   // the classifier after the last finished epoch
	BestFile    = "best.safetensors"    // that of the best epoch: see Best
	StateFile   = "state.safetensors"   // where to go on: see State
	CurvesFile  = "curves.png"          // what Directory.DrawCurves draws
	ProfileFile = "cpu.pprof"           // of a profiled run, for go tool pprof
	epochFiles  = "epoch-*.safetensors" // of Directory.Keep
)

var runFiles = []string{RecordFile, ModelFile, BestFile, StateFile, CurvesFile, ProfileFile}

// Directory keeps a run: its record, its checkpoints, and what it needs to go on.
type Directory struct {
	// DrawCurves writes a picture of the epochs so far, such as curves.Draw; nil:
	// there is none.
	DrawCurves func(w io.Writer, epochs []Epoch) error

	Keep Keep // which other classifiers to keep; a run that is opened keeps those that it kept

	dir      string
	made     []string // the directories that were made for it, the outermost first
	settings Settings
	from     *State // where the run goes on; nil: it is new
	record   *log   // of the run
	kept     int    // the epoch whose checkpoint is there
	whole    bool   // there is something to go on from
	newest   string // the sum of the record's last line, of a run that was opened
}

// NewDirectory makes the directory of a run, or takes one that holds no run yet. An
// empty name stands for runs/MODEL-DATA-NUMBER, with the first number that is
// free.
func NewDirectory(dir string, s Settings) (*Directory, error) {
	s, err := s.absolute()
	if err != nil {
		return nil, err
	}
	d, err := makeFor(dir, s)
	if err != nil {
		return nil, err
	}
	d.settings, d.record = s, newLog(d.path(RecordFile))
	return d, nil
}

// absolute returns settings that find their data from any working directory.
func (s Settings) absolute() (Settings, error) {
	if s.Data == Glyphs {
		return s, nil
	}
	abs, err := filepath.Abs(s.Data)
	s.Data = abs
	return s, err
}

// Dir returns the run's directory.
func (d *Directory) Dir() string { return d.dir }

// Settings returns those of the run.
func (d *Directory) Settings() Settings { return d.settings }

func (d *Directory) path(file string) string { return filepath.Join(d.dir, file) }

func makeFor(dir string, s Settings) (*Directory, error) {
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
		if d, err := makeDir(dir); !errors.Is(err, fs.ErrExist) {
			return d, err
		}
	}
}

// makeDir makes a directory and those above it, or takes one that holds no run.
func makeDir(dir string) (*Directory, error) {
	d := &Directory{dir: dir}
	for _, missing := range missingDirs(dir) {
		err := os.Mkdir(missing, 0o777)
		if errors.Is(err, fs.ErrExist) && missing != filepath.Clean(dir) {
			continue
		}
		if err != nil {
			d.removeDirs()
			return nil, dirError(dir, err)
		}
		d.made = append(d.made, missing)
	}
	return d, d.wantEmpty()
}

// wantEmpty returns an error if the directory holds files of a run.
func (d *Directory) wantEmpty() error {
	for _, file := range d.files() {
		switch _, err := os.Lstat(d.path(file)); {
		case err == nil:
			return fmt.Errorf("run directory %s already holds a run (%s), want a new or an empty one", d.dir, file)
		case !errors.Is(err, fs.ErrNotExist):
			return dirError(d.dir, err)
		}
	}
	return nil
}

// files returns the names of the files that a run may have in its directory.
func (d *Directory) files() []string {
	files := slices.Clone(runFiles)
	paths, _ := filepath.Glob(d.path(epochFiles)) // the pattern is a sound one
	for _, path := range paths {
		files = append(files, filepath.Base(path))
	}
	return files
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
	return fmt.Errorf("run directory %s: %w, want a directory that can be made and written", dir, printable.Cause(err))
}

// enter begins the work in the directory, which is no other run's meanwhile. It must be as it was when it was made or
// opened, which is a while ago.
func (d *Directory) enter() (unlock func(), err error) {
	unlock, err = d.lock()
	if err != nil {
		return nil, err
	}
	asItWas := d.wantEmpty
	if d.whole {
		asItWas = d.wantUnchanged
	}
	if err := asItWas(); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// leave ends the work in the directory. Of a run that has nothing to go on from it removes all
// that was written and made.
func (d *Directory) leave(unlock func()) {
	if d.whole {
		unlock()
		return
	}
	for _, file := range d.files() {
		os.Remove(d.path(file))
	}
	unlock()
	d.removeDirs()
}

// removeDirs removes the directories that were made for the run, unless they hold something.
func (d *Directory) removeDirs() {
	for _, dir := range slices.Backward(d.made) {
		os.Remove(dir) // fails, as it should, where another run lives in it by now
	}
}

// Run trains as the function Run does and keeps the run; the classifier and the
// configuration are those that Settings.Prepare returned. A run that was opened goes on
// where it was. Where a run ends early the error is a *Stopped. One that ends before there is
// anything to go on from leaves nothing behind. Two runs at once in one directory are an error of
// the later one.
func (d *Directory) Run(ctx context.Context, net *Classifier, c Config) (epochs []Epoch, err error) {
	unlock, err := d.enter()
	if err != nil {
		return nil, err
	}
	defer d.leave(unlock)
	if d.from != nil {
		c.From = d.from
	}
	k := &keeper{Directory: d, net: net}
	c.Callbacks = slices.Concat([]Callback{k}, c.Callbacks, []Callback{saver{k: k}})
	epochs, err = Run(ctx, c)
	if err != nil {
		stopped := &Stopped{Dir: d.dir, Err: err}
		if d.whole {
			stopped.Epoch, stopped.Resume = d.kept, true
		}
		return epochs, stopped
	}
	return epochs, nil
}

// keeper writes the files of a directory after an epoch. It comes before other callbacks, which may read them, and
// whose errors lose nothing so; but for the state, which its saver writes.
type keeper struct {
	Quiet
	*Directory
	net     *Classifier
	stateOf int       // the epoch that is in the files but not in the state yet; 0: none
	drawn   int       // of how many epochs there is a picture
	drew    time.Time // when it was drawn
}

// Start begins the record, or tells it that the run goes on. It clears away what a run that was killed here left half written.
func (k *keeper) Start(l *Loop) error {
	if err := checkpoint.RemoveTemporary(k.dir); err != nil {
		return err
	}
	if len(l.Epochs) > 0 {
		k.kept = len(l.Epochs)
	}
	if k.record.Position().Lines == 0 {
		if err := k.record.started(k.settings, k.Keep, l); err != nil {
			return err
		}
		return k.saveState(l)
	}
	k.whole = true
	if err := k.record.resumed(k.Keep, l); err != nil {
		return err
	}
	if err := k.forget(); err != nil || k.from != nil {
		return err
	}
	return k.saveState(l)
}

// forget removes the classifiers of epochs that were kept after the state that the run goes on from: they
// come again.
func (k *keeper) forget() error {
	r, err := ReadRecord(k.dir)
	if err != nil {
		return err
	}
	files, gone := keptFiles(k.dir, r)
	if len(r.Epochs) == 0 {
		gone = append(gone, ModelFile, BestFile)
	}
	for file, number := range files {
		if sum, _, err := checkpoint.SumFile(k.path(file)); err == nil && sum != r.Epochs[number-1].Weights {
			gone = append(gone, file)
		}
	}
	for _, file := range gone {
		if err := os.Remove(k.path(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Evaluation writes the classifier and the record after an epoch. The largest file comes first: if the
// disk is full, all of them stay those of the epoch before.
func (k *keeper) Evaluation(l *Loop) error {
	e := l.Epochs[len(l.Epochs)-1]
	sum, err := k.net.save(k.path(ModelFile))
	if err != nil {
		return err
	}
	k.kept = e.Epoch
	if BestOf(l.Epochs, l.Config.Test != nil).Epoch == e.Epoch {
		if _, err := k.net.save(k.path(BestFile)); err != nil {
			return err
		}
	}
	if err := k.keepEpoch(e.Epoch); err != nil {
		return err
	}
	if err := k.record.finished(e, l.Config.Metrics, sum); err != nil {
		return err
	}
	k.stateOf = e.Epoch
	return nil
}

// drawEvery is how often the curves are drawn, and once at the end: an epoch of a small network takes
// less time than ten pictures.
const drawEvery = 5 * time.Second

func (k *keeper) draw(l *Loop) error {
	if k.DrawCurves == nil || k.drawn == len(l.Epochs) {
		return nil
	}
	err := checkpoint.WriteFileAtomic(k.path(CurvesFile), func(w io.Writer) error { return k.DrawCurves(w, l.Epochs) })
	k.drew, k.drawn = time.Now(), len(l.Epochs)
	return err
}

// keepEpoch keeps the classifier of an epoch, if it is one of those to keep.
func (k *keeper) keepEpoch(number int) error {
	if !k.Keep.keeps(number) {
		return nil
	}
	if _, err := k.net.save(k.path(epochFile(number))); err != nil {
		return err
	}
	return nil
}

// dropEpoch removes the classifier of the epoch that is no longer one of the last to keep, once there is a state
// that no run goes back to it from.
func (k *keeper) dropEpoch(number int) error {
	old := k.Keep.drops(number)
	if old == 0 {
		return nil
	}
	if err := os.Remove(k.path(epochFile(old))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// epochFile is the name of the file of an epoch's classifier.
func epochFile(number int) string {
	return strings.Replace(epochFiles, "*", fmt.Sprintf("%04d", number), 1)
}

// saver writes the state. It comes after other callbacks, whose logs may be ahead of the state when a run is killed between
// the two: what comes again is cut off them then, while what they lacked would never come.
type saver struct {
	Quiet
	k *keeper
}

// Checkpoint writes the state.
func (s saver) Checkpoint(l *Loop) error { return s.k.checkpoint(l) }

func (k *keeper) checkpoint(l *Loop) error {
	finished := k.stateOf
	k.stateOf = 0
	if err := k.saveState(l); err != nil {
		return err
	}
	k.whole = true
	if err := k.dropEpoch(finished); err != nil {
		return err
	}
	if time.Since(k.drew) < drawEvery {
		return nil
	}
	return k.draw(l)
}

// saveState writes the state, with the place in the record that goes with it. There is one from the beginning on, so that one
// that is missing is known to be lost.
func (k *keeper) saveState(l *Loop) error {
	return SaveState(k.path(StateFile), l.State(), map[string]string{metaRecord: jsonOf(k.record.Position())})
}

// End ends the record. If another callback failed after the evaluation, the epoch is kept all the same.
func (k *keeper) End(l *Loop, err error) error {
	var keeping error
	if k.stateOf > 0 {
		keeping = l.atNext(func() error { return k.checkpoint(l) })
	}
	if !k.whole {
		return keeping
	}
	drawing := k.draw(l) // first, as nothing follows the end
	return cmp.Or(keeping, k.record.ended(l, err), drawing)
}

// BestOf returns the best of some epochs, the first of equals; an empty Epoch if there are none.
func BestOf(epochs []Epoch, tested bool) (best Epoch) {
	for _, e := range epochs {
		if best.Epoch == 0 || e.Better(best, tested) {
			best = e
		}
	}
	return best
}

// Better reports whether an epoch is better than another: of higher test accuracy, then of less loss;
// without a test set, of less training loss.
func (e Epoch) Better(than Epoch, tested bool) bool {
	switch {
	case !tested:
		return e.TrainLoss < than.TrainLoss
	case e.TestAccuracy != than.TestAccuracy:
		return e.TestAccuracy > than.TestAccuracy
	}
	return e.TestLoss < than.TestLoss
}

// Stopped is the error of a run that ended early.
type Stopped struct {
	Dir    string
	Epoch  int   // whose checkpoint is kept in Dir; 0: none is
	Resume bool  // the run can go on: see OpenDirectory
	Err    error // why it ended
}

// Error returns why the run ended and what is kept of it.
func (s *Stopped) Error() string {
	why := s.Err.Error()
	if errors.Is(s.Err, context.Canceled) {
		why = "interrupted"
	}
	switch {
	case !s.Resume:
		return why + "; no epoch was finished, so nothing is kept"
	case s.Epoch == 0:
		return fmt.Sprintf("%s; %s keeps what there is to go on from", why, s.Dir)
	}
	return fmt.Sprintf("%s; %s keeps the checkpoint of epoch %d", why, s.Dir, s.Epoch)
}

// Unwrap returns why the run ended.
func (s *Stopped) Unwrap() error { return s.Err }
