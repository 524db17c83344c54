package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/model"
)

// filesOfGlyphs writes small IDX files and returns their directory.
func filesOfGlyphs(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for split, set := range map[string]data.Dataset{"train": glyphs.New(60, 1, glyphs.Train), "t10k": glyphs.New(40, 1, glyphs.Test)} {
		var images, labels bytes.Buffer
		n := uint32(set.Len())
		binary.Write(&images, binary.BigEndian, []uint32{0x803, n, 28, 28})
		binary.Write(&labels, binary.BigEndian, []uint32{0x801, n})
		x := make([]float32, 28*28)
		for i := range set.Len() {
			label, err := set.Read(i, x)
			if err != nil {
				t.Fatal(err)
			}
			labels.WriteByte(byte(label % 10))
			for _, v := range x {
				images.WriteByte(byte(v * 255))
			}
		}
		write(t, filepath.Join(dir, split+"-images-idx3-ubyte"), images.Bytes())
		write(t, filepath.Join(dir, split+"-labels-idx1-ubyte"), labels.Bytes())
	}
	return dir
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// recorded makes a run on files and returns its directory.
func recorded(t *testing.T, files string, change func(s *Settings)) (dir string) {
	t.Helper()
	s := smallRun()
	s.Data, s.Limit = files, 0
	change(&s)
	net, c := prepare(t, s)
	dir = filepath.Join(t.TempDir(), "run")
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	return dir
}

func same(*Settings) {}

func TestVerifyAcrossMachines(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(2)
	dir := recorded(t, filesOfGlyphs(t), func(s *Settings) { s.Augment, s.Epochs = "default", 3 })
	for i, path := range kernel.Paths() {
		runtime.GOMAXPROCS(1 + 2*i)
		restore := kernel.Use(path)
		p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All})
		restore()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if p.Recorded != 5 || p.Files != 4 || p.Replayed != 3 || len(p.Evaluated) != len(p.Checkpoints) || p.Evaluated[len(p.Evaluated)-1] != 3 {
			t.Errorf("%+v", p)
		}
		want := fmt.Sprintf("3 of 3 epochs have the recorded weights bit for bit (%s, %s; the run: ", path, printable.Count(1+2*i, "processor"))
		if !strings.Contains(p.String(), want) {
			t.Errorf("%s\nwant %s", p, want)
		}
	}
	if p, err := Verify(t.Context(), dir, model.New, Check{Epochs: 2}); err != nil || p.Replayed != 2 || p.Evaluated != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := Verify(t.Context(), dir, model.New, Check{Epochs: 4}); err == nil || !strings.Contains(err.Error(), "3 epochs are recorded") {
		t.Errorf("epoch 4: %v", err)
	}
}

func TestVerifyFollowsMovedData(t *testing.T) {
	files := filesOfGlyphs(t)
	dir := recorded(t, files, same)
	elsewhere := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(files, elsewhere); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), dir, model.New, Check{}); err == nil || !strings.Contains(err.Error(), "line 1, start: the data: ") {
		t.Errorf("error %v", err)
	}
	if p, err := Verify(t.Context(), dir, model.New, Check{Data: elsewhere, Eval: true, Epochs: All}); err != nil || p.Replayed != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

// A run that was ended early, or taken up again, is replayed as it was, also where steps say how long it is: epochs that were
// cut short count as whole.
func TestVerifyOfARunInPieces(t *testing.T) {
	for _, steps := range []int{0, 11} {
		s := smallRun()
		s.Epochs, s.Steps = 4, steps
		dir := filepath.Join(t.TempDir(), "run")
		for piece := range 3 {
			net, c := prepare(t, s)
			d := newRunOr(t, dir, s, piece > 0)
			c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
				if l.Progress.Epoch == piece+1 && l.Progress.Step == 2 && piece < 2 {
					l.Stop("enough for now")
				}
				return nil
			}))
			if _, err := d.Run(t.Context(), net, c); err != nil {
				t.Fatal(err)
			}
		}
		r, err := ReadRecord(dir)
		if err != nil || len(r.Resumes) != 2 || len(r.Epochs) != 4 || r.Epochs[0].Steps != 2 || r.Epochs[1].Steps != 2 || r.Epochs[2].Steps != 3 {
			t.Fatalf("%+v, %v", r, err)
		}
		if p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil || p.Replayed != 4 {
			t.Errorf("%v, %v", p, err)
		}
	}
}

// A run that was ended within its last epoch has nothing left to do, and says why it ended.
func TestARunThatEndsInItsLastEpochIsOver(t *testing.T) {
	for _, steps := range []int{0, 5} {
		s := smallRun()
		s.Epochs, s.Steps = 2, steps
		if steps > 0 {
			s.Epochs = 0
		}
		dir := filepath.Join(t.TempDir(), "run")
		net, c := prepare(t, s)
		c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
			if l.Number() == 4 {
				l.Stop("enough")
			}
			return nil
		}))
		if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err != nil {
			t.Fatal(err)
		}
		if d, err := OpenDirectory(dir); err != nil || !d.IsFinished() {
			t.Errorf("%d steps: %v, the run is not over", steps, err)
		}
		if p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil || p.End.Reason != "enough" {
			t.Errorf("%v, %v", p, err)
		}
	}
}

func newRunOr(t *testing.T, dir string, s Settings, again bool) *Directory {
	t.Helper()
	if !again {
		return newRun(t, dir, s)
	}
	d, err := OpenDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A run that ended since a callback failed is an honest one, has the epoch that was finished, and goes on.
func TestVerifyOfARunWhoseCallbackFailed(t *testing.T) {
	for _, ema := range []float64{0, 0.9} {
		s := smallRun()
		s.Epochs, s.EMA = 3, ema
		verifyWhereACallbackFails(t, s)
	}
}

func verifyWhereACallbackFails(t *testing.T, s Settings) {
	t.Helper()
	failing := OnEpoch(func(e Epoch) error {
		if e.Epoch == 2 {
			return errors.New("no place for a log\r\x1b[2K, and for more")
		}
		return nil
	})
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, s)
	c.Callbacks = append(c.Callbacks, failing)
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err == nil || !strings.HasSuffix(err.Error(), "keeps the checkpoint of epoch 2") {
		t.Fatalf("error %v", err)
	}
	if from, _, err := LoadState(filepath.Join(dir, StateFile)); err != nil || from.Place.Epoch != 3 || len(from.Epochs) != 2 {
		t.Fatalf("it goes on from %+v, %v", from, err)
	}
	p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All})
	if err != nil || p.Epochs != 2 || p.Replayed != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	if want := `; the run ended early: no place for a log\r\x1b[2K, and for more`; !strings.HasSuffix(p.String(), want) {
		t.Errorf("%q, want it to end with %q", p, want)
	}
	net, c = prepare(t, s)
	if _, err := newRunOr(t, dir, s, true).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	if p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil || p.Replayed != 3 {
		t.Errorf("%+v, %v", p, err)
	}
}

// A run whose files could not all be written is told to go on.
func TestVerifyOfARunWhoseFilesFailed(t *testing.T) {
	s := smallRun()
	s.Epochs = 3
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, s)
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		if l.Number() == 4 { // in the place of the file that the second epoch writes
			return os.Mkdir(filepath.Join(dir, "epoch-0002.safetensors"), 0o777)
		}
		return nil
	}))
	d := newRun(t, dir, s)
	d.Keep.Every = 1
	if _, err := d.Run(t.Context(), net, c); err == nil {
		t.Fatal("no error")
	}
	if err := os.Remove(filepath.Join(dir, "epoch-0002.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), dir, model.New, Check{}); err == nil || !strings.HasSuffix(err.Error(), "; the run is not over: if it was killed, resume it") {
		t.Errorf("error %v", err)
	}
	net, c = prepare(t, s)
	if _, err := newRunOr(t, dir, s, true).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	if p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil || p.Replayed != 3 || !slices.Equal(p.Checkpoints, []int{1, 2, 3}) {
		t.Errorf("%+v, %v", p, err)
	}
}

// A run goes on with its data where that lies now, to the same bits, and to no other settings of it.
func TestARunGoesOnWithDataThatMoved(t *testing.T) {
	files := filesOfGlyphs(t)
	whole := recorded(t, files, same)
	s := smallRun()
	s.Data, s.Limit = files, 0
	net, c := prepare(t, s)
	dir := filepath.Join(t.TempDir(), "run")
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		if l.Progress.Epoch == 2 {
			return errKilled
		}
		return nil
	}))
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(files, elsewhere); err != nil {
		t.Fatal(err)
	}
	for moved, want := range map[string]string{
		"":                       "if it was moved, say where it is now",
		elsewhere + ":share=0.5": "want a directory alone",
		t.TempDir():              "no such file",
	} {
		if _, err := OpenMoved(dir, moved); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", moved, err, want)
		}
	}
	d, err := OpenMoved(dir, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	net, c = prepare(t, d.Settings())
	if _, err := d.Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	if p, err := Verify(t.Context(), dir, model.New, Check{Data: elsewhere, Eval: true, Epochs: All}); err != nil || p.Replayed != 2 {
		t.Errorf("%v, %v", p, err)
	}
	a, errA := os.ReadFile(filepath.Join(dir, ModelFile))
	b, errB := os.ReadFile(filepath.Join(whole, ModelFile))
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("other bits than those of a run that was never interrupted; %v, %v", errA, errB)
	}
}

func TestGlyphsDoNotMove(t *testing.T) {
	s := smallRun()
	net, c := prepare(t, s)
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenMoved(dir, t.TempDir()); err == nil || !strings.Contains(err.Error(), "the run's data is glyphs, which lies in no directory") {
		t.Errorf("error %v", err)
	}
	if _, err := Verify(t.Context(), dir, model.New, Check{Data: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "the run's data is glyphs") {
		t.Errorf("error %v", err)
	}
}

// A run does not go on with other data than it began with.
func TestARunOnOtherDataDoesNotGoOn(t *testing.T) {
	files := filesOfGlyphs(t)
	dir := recorded(t, files, same)
	path := filepath.Join(files, "t10k-labels-idx1-ubyte")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	write(t, path, b)
	if _, err := OpenDirectory(dir); err == nil || !strings.Contains(err.Error(), "t10k-labels-idx1-ubyte is not as it was") {
		t.Errorf("error %v", err)
	}
}

var errKilled = errors.New("killed")

// A run that was killed between the files of an epoch and its state, then went on, and then was interrupted, is an honest one.
func TestVerifyOfARunThatWasKilledAndInterrupted(t *testing.T) {
	s := smallRun()
	s.Epochs = 4
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, s)
	d := newRun(t, dir, s)
	d.Keep.Every = 1
	var early []byte
	c.Callbacks = append(c.Callbacks, OnEpoch(func(e Epoch) (err error) {
		if e.Epoch == 2 { // the state is still that of epoch 1
			early, err = os.ReadFile(filepath.Join(dir, StateFile))
		}
		if e.Epoch == 3 {
			return errKilled
		}
		return err
	}))
	if _, err := d.Run(t.Context(), net, c); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, StateFile), early)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := OpenDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	net, c = prepare(t, s)
	c.Callbacks = append(c.Callbacks, OnStep(func(*Loop) error {
		cancel()
		return nil
	}))
	if _, err := d.Run(ctx, net, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All})
	if err != nil || p.Epochs != 1 || p.Replayed != 1 || !slices.Equal(p.Checkpoints, []int{1}) {
		t.Errorf("%+v, %v", p, err)
	}
}

// Where a run goes on within its first epoch, the classifier of that epoch, which it was killed after writing, comes again.
func TestNothingIsKeptOfAFirstEpochThatComesAgain(t *testing.T) {
	s := smallRun()
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, s)
	c.CheckpointSteps = 1
	d := newRun(t, dir, s)
	var early []byte
	c.Callbacks = append(c.Callbacks, OnEpoch(func(e Epoch) (err error) {
		if e.Epoch == 1 { // the state is that within the epoch
			early, err = os.ReadFile(filepath.Join(dir, StateFile))
		}
		return err
	}))
	if _, err := d.Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, StateFile), early)
	d, err := OpenDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	net, c = prepare(t, s)
	c.Callbacks = append(c.Callbacks, OnStep(func(*Loop) error { return errKilled }))
	if _, err := d.Run(t.Context(), net, c); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	for _, file := range []string{ModelFile, BestFile} {
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			t.Errorf("%s is still there", file)
		}
	}
	if _, err := Verify(t.Context(), dir, model.New, Check{Eval: true}); err != nil {
		t.Error(err)
	}
}

// A run that was over when it was killed does not go on.
func TestAnEarlyStopHoldsAfterAKill(t *testing.T) {
	s := smallRun()
	s.Epochs, s.EarlyStop, s.LR = 5, 1, 0
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, s)
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	lines(t, dir, func(l []string) []string { return l[:len(l)-1] })
	d, err := OpenDirectory(dir)
	if err != nil || d.IsFinished() {
		t.Fatal(err, d.IsFinished())
	}
	net, c = prepare(t, s)
	if epochs, err := d.Run(t.Context(), net, c); err != nil || len(epochs) != 2 {
		t.Errorf("%d epochs, %v, want 2", len(epochs), err)
	}
	if p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil || p.Replayed != 2 || !d.IsFinished() {
		t.Errorf("%v, %v", p, err)
	}
}

func TestFoldersBehindLinksAreHashed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), []byte("a"))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o777); err != nil {
		t.Fatal(err)
	}
	sum, n, err := hashFolder(dir)
	linked, m, err2 := hashFolder(link)
	if err != nil || err2 != nil || sum != linked || n != 1 || m != 1 {
		t.Errorf("%s %d %v, %s %d %v", sum, n, err, linked, m, err2)
	}
}

// A link within a folder is what it leads to, and one that leads around in a circle is an error.
func TestLinksWithinFoldersAreHashed(t *testing.T) {
	plain, linked, behind := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(plain, "cats"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(plain, "cats"), behind} {
		write(t, filepath.Join(dir, "1.png"), []byte("a cat"))
	}
	if err := os.Symlink(behind, filepath.Join(linked, "cats")); err != nil {
		t.Skip(err)
	}
	want, _, err := hashFolder(plain)
	got, n, err2 := hashFolder(linked)
	if err != nil || err2 != nil || got != want || n != 5 {
		t.Errorf("%s, %d, %v, %v, want %s", got, n, err, err2, want)
	}
	if err := os.Symlink(linked, filepath.Join(behind, "around")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := hashFolder(linked); err == nil || !strings.Contains(err.Error(), "a link to a folder that it lies in") {
		t.Errorf("a circle: error %v", err)
	}
}

// Files follow a directory, and the beginning of their names.
func TestFilesThatMoved(t *testing.T) {
	for _, c := range [][4]string{
		{"/old", "/old/a/b", "/new/", "/new/a/b"}, {"/old:share=0.5", "/old", "/new", "/new"}, {"/old/emnist-letters", "/old/emnist-letters-x.gz", "new/emnist-letters", "new/emnist-letters-x.gz"},
		{"/old", "/other/a", "/new", "/other/a"}, {"/old", "/old/a", "", "/old/a"},
	} {
		s := Start{Settings: Settings{Data: filepath.FromSlash(c[0])}, Data: []DataFile{{Path: filepath.FromSlash(c[1])}}}
		if got := s.movedFiles(filepath.FromSlash(c[2]))[0].Path; got != filepath.FromSlash(c[3]) {
			t.Errorf("%q: %s, want %s", c, got, c[3])
		}
	}
}

// A directory given for data that moved keeps the settings of the set.
func TestMovedDataKeepsItsSettings(t *testing.T) {
	v := verifier{record: &Record{Start: Start{Settings: Settings{Data: "/old/set:share=0.5"}}}}
	for given, want := range map[string]string{"": "/old/set:share=0.5", "/new": "/new:share=0.5", "/new:share=0.1": "/new:share=0.1"} {
		v.Data = given
		if got := v.settings().Data; got != want {
			t.Errorf("%q: %s, want %s", given, got, want)
		}
	}
}

// Each classifier that the record says was kept is missed.
func TestVerifyMissesAKeptClassifier(t *testing.T) {
	s := smallRun()
	s.Epochs = 5
	for _, k := range []struct {
		Keep
		kept []int
	}{{Keep{Every: 1}, []int{1, 2, 3, 4, 5}}, {Keep{Every: 2}, []int{2, 4}}, {Keep{Every: 1, Last: 2}, []int{4, 5}}} {
		dir := filepath.Join(t.TempDir(), "run")
		net, c := prepare(t, s)
		d := newRun(t, dir, s)
		d.Keep = k.Keep
		if _, err := d.Run(t.Context(), net, c); err != nil {
			t.Fatal(err)
		}
		for _, number := range k.kept {
			path := filepath.Join(dir, epochFile(number))
			if _, err := Verify(t.Context(), dir, model.New, Check{}); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path, path+".gone"); err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(t.Context(), dir, model.New, Check{}); err == nil || !strings.Contains(err.Error(), epochFile(number)+": no such file") {
				t.Errorf("%+v without epoch %d: error %v", k.Keep, number, err)
			}
			if err := os.Rename(path+".gone", path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A record says nothing that is not known, and so not checked.
func TestRecordsHaveNoOtherFields(t *testing.T) {
	dir := t.TempDir()
	for kind, body := range map[string]string{
		lineStart:  `{"settings":{"data":"glyphs","foo":1}}`,
		lineEpoch:  `{"epoch":1,"foo":1}`,
		lineResume: `{"foo":1}`,
		lineEnd:    `{"foo":1}`,
	} {
		l := newLog(filepath.Join(dir, RecordFile))
		if kind != lineStart {
			if err := l.Append(lineStart, Start{Settings: smallRun()}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Append(kind, json.RawMessage(body)); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRecord(dir); err == nil || !strings.Contains(err.Error(), `unknown field "foo", which this version of odyssey has not`) {
			t.Errorf("%s: error %v", kind, err)
		}
	}
}

// Where the state of a run is lost, going on would begin anew and cut off its record.
func TestARunWithoutItsStateDoesNotGoOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, smallRun())
	begun := false
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		if l.Number() == 1 {
			s, _, err := LoadState(filepath.Join(dir, StateFile))
			begun = err == nil && s.Place == Place{Epoch: 1}
		}
		return nil
	}))
	if _, err := newRun(t, dir, smallRun()).Run(t.Context(), net, c); err != nil || !begun {
		t.Fatalf("%v; there is a state from the beginning on: %v", err, begun)
	}
	if err := os.Remove(filepath.Join(dir, StateFile)); err != nil {
		t.Fatal(err)
	}
	record, err := os.ReadFile(filepath.Join(dir, RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDirectory(dir); err == nil || !strings.Contains(err.Error(), "state.safetensors: no such file, so there is nothing to go on from after 2 epochs") {
		t.Errorf("error %v", err)
	}
	if now, err := os.ReadFile(filepath.Join(dir, RecordFile)); err != nil || string(now) != string(record) {
		t.Errorf("the record was changed: %v", err)
	}
}

func TestEpochsThatWereCutShort(t *testing.T) {
	r := Record{Start: Start{Settings: Settings{Batch: 16, Steps: 8}, Examples: [2]int{48, 0}}}
	for i, steps := range []int{3, 1, 2} { // the last ends where the settings do
		r.Epochs = append(r.Epochs, RecordedEpoch{Epoch: Epoch{Epoch: i + 1, Steps: steps}})
	}
	if got := r.CutShort(); len(got) != 1 || got[0] != (Cut{2, 1, 3}) || got[0].String() != "epoch 2 ended after 1 of 3 batches" {
		t.Errorf("%v", got)
	}
}
