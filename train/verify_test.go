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

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train/record"
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
		want := fmt.Sprintf("3 of 3 epochs have the recorded weights bit for bit (%s, %s; the run: ", path, counted(1+2*i, "processor"))
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

// A run that was ended early, or taken up again, is replayed as it was.
func TestVerifyOfARunInPieces(t *testing.T) {
	s := smallRun()
	s.Epochs = 4
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

// rewrite writes a record anew, chain and all, with other bodies: nil leaves a line out.
func rewrite(t *testing.T, dir string, change func(kind string, number int, body map[string]any) map[string]any) {
	t.Helper()
	path := filepath.Join(dir, RecordFile)
	lines, err := record.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	anew := record.New(path)
	for _, l := range lines {
		body := map[string]any{}
		d := json.NewDecoder(bytes.NewReader(l.Body))
		d.UseNumber()
		if err := d.Decode(&body); err != nil {
			t.Fatal(err)
		}
		if body = change(l.Kind, l.Number, body); body == nil {
			continue
		}
		if err := anew.Append(l.Kind, body); err != nil {
			t.Fatal(err)
		}
	}
}

// lines changes the lines of a record as they lie.
func lines(t *testing.T, dir string, change func(lines []string) []string) {
	t.Helper()
	path := filepath.Join(dir, RecordFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.SplitAfter(string(b), "\n")
	write(t, path, []byte(strings.Join(change(all[:len(all)-1]), "")))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, b)
}

// forgeries are lies about a run of two epochs, what finds them, and what is said then. other is a run of
// another seed.
var forgeries = map[string]struct {
	forge func(t *testing.T, dir, files, other string)
	check Check
	want  string
}{
	"a figure is edited": {func(t *testing.T, dir, _, _ string) {
		lines(t, dir, func(l []string) []string {
			l[2] = strings.Replace(l[2], `"test_accuracy":0`, `"test_accuracy":1`, 1)
			return l
		})
	}, Check{}, "run.json: line 3: its sum is "},
	"a line is taken out": {func(t *testing.T, dir, _, _ string) {
		lines(t, dir, func(l []string) []string { return append(l[:1:1], l[2:]...) })
	}, Check{}, "run.json: line 2 says that it is line 3"},
	"lines change places": {func(t *testing.T, dir, _, _ string) {
		lines(t, dir, func(l []string) []string { l[1], l[2] = l[2], l[1]; return l })
	}, Check{}, "run.json: line 2 says that it is line 3"},
	"a line of another run is put in": {func(t *testing.T, dir, _, other string) {
		lines(t, dir, func(l []string) []string {
			b, err := os.ReadFile(filepath.Join(other, RecordFile))
			if err != nil {
				t.Fatal(err)
			}
			l[1] = strings.SplitAfter(string(b), "\n")[1]
			return l
		})
	}, Check{}, "run.json: line 2 follows a line with the sum "},
	"the last line is cut off": {func(t *testing.T, dir, _, _ string) {
		lines(t, dir, func(l []string) []string { l[3] = l[3][:40]; return l })
	}, Check{}, "run.json: line 4 is cut off"},
	"an epoch is left out, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(kind string, n int, body map[string]any) map[string]any {
			if n == 3 {
				return nil
			}
			return body
		})
	}, Check{}, "run.json: line 3, end: it counts 2 epochs, but there are 1"},
	"a checkpoint is exchanged": {func(t *testing.T, dir, _, other string) {
		copyFile(t, filepath.Join(other, ModelFile), filepath.Join(dir, ModelFile))
	}, Check{}, "run.json: line 3, epoch 2: model.safetensors is not its classifier"},
	"the best checkpoint is exchanged": {func(t *testing.T, dir, _, other string) {
		copyFile(t, filepath.Join(other, BestFile), filepath.Join(dir, BestFile))
	}, Check{}, "best.safetensors is not its classifier"},
	"the state is exchanged": {func(t *testing.T, dir, _, other string) {
		copyFile(t, filepath.Join(other, StateFile), filepath.Join(dir, StateFile))
	}, Check{}, "state.safetensors: it follows line 3 of a record with the sum "},
	"a data file is changed": {func(t *testing.T, _, files, _ string) {
		path := filepath.Join(files, "t10k-images-idx3-ubyte")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		write(t, path, b)
	}, Check{}, "run.json: line 1, start: the data: "},
	"a figure is better, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			if n == 3 {
				body["test_accuracy"] = 0.99
			}
			return body
		})
		copyFile(t, filepath.Join(dir, ModelFile), filepath.Join(dir, BestFile))
		os.Remove(filepath.Join(dir, StateFile))
	}, Check{Eval: true}, "run.json: line 3, epoch 2: best.safetensors gives a test loss of "},
	"a checkpoint is exchanged, chain and all": {func(t *testing.T, dir, _, other string) {
		copyFile(t, filepath.Join(other, ModelFile), filepath.Join(dir, ModelFile))
		sum, _, err := checkpoint.SumFile(filepath.Join(dir, ModelFile))
		if err != nil {
			t.Fatal(err)
		}
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			if n == 3 {
				body["weights_sha256"] = sum
				body["test_loss"] = 1e9 // so that the best is the first
				body["test_accuracy"] = 0
			}
			return body
		})
		os.Remove(filepath.Join(dir, StateFile))
		keepBestOfFirst(t, dir)
	}, Check{Eval: true}, "epoch 2: model.safetensors gives a test loss of "},
	"a metric is better, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			if n == 3 {
				body["metrics"].(map[string]any)["f1_macro"] = 0.9
			}
			return body
		})
		os.Remove(filepath.Join(dir, StateFile))
	}, Check{Eval: true}, "safetensors gives f1_macro 0.0"},
	"an epoch is invented, chain and all": {func(t *testing.T, dir, _, other string) {
		// A run of one epoch, with the second of another behind it.
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			switch n {
			case 1:
				body["settings"].(map[string]any)["epochs"] = 1
				body["settings"].(map[string]any)["schedule"] = "constant"
			case 2, 3:
				return nil
			}
			return body
		})
		os.Remove(filepath.Join(dir, StateFile))
		s, err := ReadSettings(dir)
		if err != nil {
			t.Fatal(err)
		}
		net, c := prepare(t, s)
		log := newLog(filepath.Join(dir, RecordFile))
		start := Record{}
		lines, err := record.Read(filepath.Join(dir, RecordFile))
		if err != nil || start.read(lines[0], true) != nil {
			t.Fatal(err)
		}
		log.Append(lineStart, start.Start)
		for _, e := range fit(t, c) {
			sum, err := net.save(filepath.Join(dir, ModelFile))
			if err != nil {
				t.Fatal(err)
			}
			log.Append(lineEpoch, RecordedEpoch{e, Values(c.Metrics), sum})
			e.Epoch = 2
			log.Append(lineEpoch, RecordedEpoch{e, Values(c.Metrics), sum})
		}
		copyFile(t, filepath.Join(dir, ModelFile), filepath.Join(dir, BestFile))
	}, Check{Eval: true, Epochs: All}, "run.json: line 3, epoch 2: it is recorded, but with these settings the run ends before it"},
	"a bit of the state is changed": {func(t *testing.T, dir, _, _ string) {
		path := filepath.Join(dir, StateFile)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-100] ^= 1
		write(t, path, b)
	}, Check{}, "state.safetensors: its content has the SHA-256 "},
	"the metrics are left out, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			delete(body, "metrics")
			return body
		})
		os.Remove(filepath.Join(dir, StateFile))
	}, Check{Eval: true}, "but none is recorded"},
	"a figure of training is better, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			if n == 2 {
				body["train_loss"] = 0.001
			}
			return body
		})
		os.Remove(filepath.Join(dir, StateFile))
	}, Check{Eval: true, Epochs: All}, "run.json: line 2, epoch 1: training again gives train_loss "},
	"another seed is said, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			if n == 1 {
				body["settings"].(map[string]any)["seed"] = 77
			}
			return body
		})
		os.Remove(filepath.Join(dir, StateFile))
	}, Check{Eval: true, Epochs: 1}, "run.json: line 2, epoch 1: training again gives train_loss "},
	"a larger network is said, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			if n == 1 {
				body["parameters"] = 1000000
			}
			return body
		})
		os.Remove(filepath.Join(dir, StateFile))
	}, Check{Eval: true, Epochs: All}, "run.json: line 1, start: 1000000 parameters, 60 and 40 examples"},
	"weights are invented, and their figures are true": {func(t *testing.T, dir, files, other string) {
		for _, file := range []string{ModelFile, BestFile, RecordFile} {
			copyFile(t, filepath.Join(other, file), filepath.Join(dir, file))
		}
		os.Remove(filepath.Join(dir, StateFile))
		rewrite(t, dir, func(_ string, n int, body map[string]any) map[string]any {
			if n == 1 {
				body["settings"].(map[string]any)["seed"] = 1
			}
			return body
		})
	}, Check{Eval: true, Epochs: All}, "run.json: line 2, epoch 1: training again gives train_loss "},
}

// keepBestOfFirst lets the best checkpoint be what the record says of epoch 1, by training it.
func keepBestOfFirst(t *testing.T, dir string) {
	t.Helper()
	s, err := ReadSettings(dir)
	if err != nil {
		t.Fatal(err)
	}
	net, c := prepare(t, s)
	c.Callbacks = []Callback{OnEpoch(func(e Epoch) error {
		if e.Epoch == 1 {
			return net.Save(filepath.Join(dir, BestFile))
		}
		return nil
	})}
	fit(t, c)
}

func TestForgeriesAreFound(t *testing.T) {
	for name, f := range forgeries {
		t.Run(name, func(t *testing.T) {
			files := filesOfGlyphs(t)
			dir := recorded(t, files, same)
			other := recorded(t, files, func(s *Settings) { s.Seed = 2 })
			if _, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil {
				t.Fatal(err)
			}
			f.forge(t, dir, files, other)
			shallow := f.check
			shallow.Epochs = 0
			if f.check.Epochs != 0 {
				if _, err := Verify(t.Context(), dir, model.New, shallow); err != nil {
					t.Fatalf("found without training again: %v", err)
				}
			}
			p, err := Verify(t.Context(), dir, model.New, f.check)
			if err == nil || !strings.Contains(err.Error(), f.want) {
				t.Errorf("%v, error %v, want one with %q", p, err, f.want)
			}
		})
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
	d.KeepEvery = 1
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
	sum, n, err := hashFolder(dir)
	linked, m, err2 := hashFolder(link)
	if err != nil || err2 != nil || sum != linked || n != 1 || m != 1 {
		t.Errorf("%s %d %v, %s %d %v", sum, n, err, linked, m, err2)
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
