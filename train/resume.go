package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/train/record"
)

// OpenDirectory opens a run that was interrupted. Prepare its Settings, and Run goes on where
// the run was when its state was last kept, to the bits of one that was never interrupted: only the record
// tells that it was.
func OpenDirectory(dir string) (*Directory, error) { return OpenMoved(dir, "") }

// OpenMoved is OpenDirectory for a run whose data lies in another directory now, with the same content.
func OpenMoved(dir, moved string) (*Directory, error) {
	d := &Directory{dir: dir, whole: true}
	r, err := ReadRecord(dir)
	if err != nil {
		return nil, err
	}
	if err := r.Start.Settings.canMove(moved); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if d.settings, err = r.Start.Settings.MovedTo(moved).absolute(); err != nil {
		return nil, err
	}
	d.Keep = r.keep()
	d.newest = r.Lines[len(r.Lines)-1].Sum
	if err := checkFiles(r.Start.movedFiles(moved)); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := d.openState(r); err != nil {
		return nil, err
	}
	return d, nil
}

// openState reads where the run goes on, and opens the record at the place that goes with it. A run that was killed before
// any state was kept has no epoch, and goes on from its beginning.
func (d *Directory) openState(r *Record) error {
	at := record.Position{Lines: 1, Sum: r.Lines[0].Sum}
	state, more, err := LoadState(d.path(StateFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil && len(r.Epochs) > 0 {
		return fmt.Errorf("%s: no such file, so there is nothing to go on from after %s: bring it back, or train anew in another directory with the same settings, which --print-config prints",
			d.path(StateFile), printable.Count(len(r.Epochs), "epoch"))
	}
	if err == nil {
		if err := json.Unmarshal([]byte(more[metaRecord]), &at); err != nil {
			return fmt.Errorf("%s: metadata %q is %.40q, want a place in the record", d.path(StateFile), metaRecord, more[metaRecord])
		}
		d.from = state
	}
	l, err := record.Open(d.path(RecordFile), at)
	d.record = &log{Log: l}
	return err
}

// wantUnchanged returns an error if another process has gone on with an opened run.
func (d *Directory) wantUnchanged() error {
	lines, err := record.Read(d.path(RecordFile))
	if err == nil && lines[len(lines)-1].Sum != d.newest {
		err = fmt.Errorf("run directory %s: another process went on with the run meanwhile", d.dir)
	}
	return err
}

var errGlyphsMove = errors.New("the run's data is " + Glyphs + ", which lies in no directory")

// canMove returns an error unless the data may be that of another directory.
func (s Settings) canMove(to string) error {
	switch {
	case to == "":
		return nil
	case s.Data == Glyphs:
		return errGlyphsMove
	case data.Directory(to) != to:
		return fmt.Errorf("the data is in %s: want a directory alone, as the settings of the set are the run's", to)
	}
	return nil
}

// IsFinished reports whether an opened run has nothing left to do.
func (d *Directory) IsFinished() bool {
	r, err := ReadRecord(d.dir)
	if err != nil {
		return false
	}
	early := EarlyStopping{Patience: d.settings.EarlyStop}
	return r.End != nil && (r.End.Reason == EndFinished || d.settings.EarlyStop > 0 && early.over(r.Outcomes(), r.Start.Examples[1] > 0) != "") ||
		r.isOver() && len(r.Epochs) == r.Start.epochs()
}

// checkFiles returns an error unless files are as they were.
func checkFiles(want []DataFile) error {
	for _, w := range want {
		sum, same, err := w.readAgain()
		if err != nil {
			return fmt.Errorf("the data of the run: %w; if it was moved, say where it is now (--data DIR)", err)
		}
		if !same {
			return fmt.Errorf("the data of the run: %s is not as it was: SHA-256 %.12s…, want %.12s…", w.Path, sum, w.SHA256)
		}
	}
	return nil
}
