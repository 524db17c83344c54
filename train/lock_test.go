package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Of two runs at once in one directory the later one is an error, and disturbs nothing: not a new
// one, nor one that goes on. Nothing but the run stays behind.
func TestOneRunAtATimeInADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	s := smallRun()
	first, other := newRun(t, dir, s), newRun(t, dir, s)
	net, c := prepare(t, s)
	try := func(what string, d *Directory) {
		net, c := prepare(t, s)
		if _, err := d.Run(t.Context(), net, c); err == nil || !strings.Contains(err.Error(), dir+": another process trains in it") {
			t.Errorf("%s: error %v", what, err)
		}
	}
	var late *Directory // opened in mid-run
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) (err error) {
		switch {
		case l.Progress.Epoch == 1 && l.Progress.Step == 1:
			try("a new one", other)
		case l.Progress.Epoch == 2 && l.Progress.Step == 1:
			if late, err = OpenDirectory(dir); err == nil {
				try("one that goes on", late)
			}
		}
		return err
	}))
	epochs, err := first.Run(t.Context(), net, c)
	if err != nil {
		t.Fatal(err)
	}
	checkRecord(t, dir, epochs, s.Epochs, c)
	want := list(t, dir)
	if slices.Contains(want, lockFile) {
		t.Errorf("left behind: %v", want)
	}
	// Whoever comes when the first run is over finds that the directory is not empty any more.
	if _, err := other.Run(t.Context(), net, c); err == nil || !strings.Contains(err.Error(), "already holds a run") {
		t.Errorf("error %v", err)
	}
	if _, err := late.Run(t.Context(), net, c); err == nil || !strings.Contains(err.Error(), "another process went on with the run meanwhile") {
		t.Errorf("error %v", err)
	}
	if got := list(t, dir); !slices.Equal(got, want) {
		t.Errorf("the directory holds %v, want %v", got, want)
	}
}

// The file that a run left which was killed keeps nobody out.
func TestALockThatNobodyHolds(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, lockFile), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s := smallRun()
	net, c := prepare(t, s)
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
}
