package train

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/model"
)

func smallRun() Settings {
	return Settings{
		Model: "lenet5", Data: Glyphs, Limit: 48, Seed: 1, Epochs: 2, Batch: 16,
		Optimizer: "sgd", LR: 0.01, Momentum: 0.9, Schedule: "linear",
	}
}

func prepare(t *testing.T, s Settings) (*Classifier, Config) {
	t.Helper()
	net, c, err := s.Prepare(model.New)
	if err != nil {
		t.Fatal(err)
	}
	return net, c
}

func newRun(t *testing.T, dir string, s Settings) *Directory {
	t.Helper()
	r, err := NewDirectory(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// list returns the names of all that is in a directory.
func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestRunKeepsItsRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "run")
	s := smallRun()
	net, c := prepare(t, s)
	r := newRun(t, dir, s)
	drawn := 0
	r.DrawCurves = func(w io.Writer, epochs []Epoch) error {
		drawn = len(epochs)
		_, err := w.Write([]byte("a picture"))
		return err
	}
	epochs, err := r.Run(context.Background(), net, c)
	if err != nil || len(epochs) != 2 || drawn != 2 {
		t.Fatalf("%d epochs, %v", len(epochs), err)
	}
	if got, want := list(t, dir), []string{BestFile, CurvesFile, ModelFile, RecordFile, StateFile}; !slices.Equal(got, want) {
		t.Errorf("the directory holds %v, want %v", got, want)
	}
	s.Normalize = "0.1307/0.3081" // which was up to the data
	if got, err := ReadSettings(dir); err != nil || got != s {
		t.Errorf("settings %+v, %v, want %+v", got, err, s)
	}
	if got := readMetrics(t, dir); !slices.Equal(got, epochs) {
		t.Errorf("metrics %+v, want %+v", got, epochs)
	}

	loaded, err := Load(dir, model.New)
	if err != nil {
		t.Fatal(err)
	}
	result, err := loaded.Evaluate(context.Background(), c.Test)
	want := Result{epochs[1].TestAccuracy, epochs[1].TestLoss, 48}
	if err != nil || result != want {
		t.Errorf("the saved model gives %+v, %v; the run ended with %+v", result, err, want)
	}
}

func readMetrics(t *testing.T, dir string) []Epoch {
	t.Helper()
	r, err := ReadRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r.Outcomes()
}

func TestEqualSettingsGiveEqualBytes(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range []string{"first", "again", "eager"} {
		s := smallRun()
		s.Eager = name == "eager"
		net, c := prepare(t, s)
		dir := filepath.Join(t.TempDir(), name)
		if _, err := newRun(t, dir, s).Run(context.Background(), net, c); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, ModelFile))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	for _, name := range []string{"again", "eager"} {
		if !bytes.Equal(files["first"], files[name]) {
			t.Errorf("%s: the bytes of the model differ from the first run's", name)
		}
	}
}

func TestRunsAreNumbered(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, want := range []string{"lenet5-glyphs-1", "lenet5-glyphs-2"} {
		if r := newRun(t, "", smallRun()); r.Dir() != filepath.Join("runs", want) {
			t.Errorf("directory %s, want runs/%s", r.Dir(), want)
		}
	}
	s := smallRun()
	s.Data = filepath.Join("somewhere", "emnist") + string(filepath.Separator)
	r := newRun(t, "", s)
	if r.Dir() != filepath.Join("runs", "lenet5-emnist-1") {
		t.Errorf("directory %s, want runs/lenet5-emnist-1", r.Dir())
	}
	if got := r.Settings(); !filepath.IsAbs(got.Data) {
		t.Errorf("data %q, want an absolute path", got.Data)
	}
}

func TestRunLeavesAnotherRunAlone(t *testing.T) {
	for _, file := range runFiles {
		dir := t.TempDir()
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte("precious"), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := NewDirectory(dir, smallRun())
		if err == nil || !strings.Contains(err.Error(), dir+" already holds a run ("+file+")") {
			t.Errorf("error %v", err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "precious" || len(list(t, dir)) != 1 {
			t.Errorf("%s now holds %q, %v", file, b, err)
		}
	}
}

func TestRunDirectoryThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{file, filepath.Join(file, "run"), filepath.Join(dir, "new", "nul\x00", "run")} {
		_, err := NewDirectory(out, smallRun())
		if err == nil || !strings.HasPrefix(err.Error(), "run directory "+out+": ") || !strings.Contains(err.Error(), "want a directory that can be made") {
			t.Errorf("error %v", err)
		}
	}
	if got := list(t, dir); !slices.Equal(got, []string{"file"}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestRunWithoutAnEpochLeavesNothing(t *testing.T) {
	top := t.TempDir()
	existing := filepath.Join(top, "existing")
	if err := os.MkdirAll(existing, 0o777); err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(existing, "notes.txt")
	if err := os.WriteFile(notes, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, dir := range []string{filepath.Join(top, "a", "b", "run"), existing, filepath.Join(existing, "run")} {
		net, c := prepare(t, smallRun())
		_, err := newRun(t, dir, smallRun()).Run(cancelled, net, c)
		var stopped *Stopped
		if !errors.As(err, &stopped) || stopped.Epoch != 0 || !errors.Is(err, context.Canceled) ||
			err.Error() != "interrupted; no epoch was finished, so nothing is kept" {
			t.Errorf("error %v", err)
		}
	}
	if got := list(t, top); !slices.Equal(got, []string{"existing"}) {
		t.Errorf("left behind: %v", got)
	}
	if got := list(t, existing); !slices.Equal(got, []string{"notes.txt"}) {
		t.Errorf("%s holds %v, want the notes alone", existing, got)
	}
}

func TestRunThatPanicsLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, smallRun())
	c.Callbacks = append(c.Callbacks, OnStep(func(*Loop) error {
		panic("a mistake")
	}))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		newRun(t, dir, smallRun()).Run(context.Background(), net, c)
	}()
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("left behind: %v", list(t, dir))
	}
}

func TestInterruptedRunKeepsItsLastEpoch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	s := smallRun()
	s.Epochs = 5
	net, c := prepare(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
		p := l.Progress
		if p.Epoch == 3 {
			steps++
			cancel()
		}
		return nil
	}))
	epochs, err := newRun(t, dir, s).Run(ctx, net, c)
	if err == nil || err.Error() != "interrupted; "+dir+" keeps the checkpoint of epoch 2" || steps != 1 {
		t.Errorf("error %v after %d steps of epoch 3", err, steps)
	}
	checkRecord(t, dir, epochs, 2, c)
}

// checkRecord fails unless a directory holds a whole run of n epochs.
func checkRecord(t *testing.T, dir string, epochs []Epoch, n int, c Config) {
	t.Helper()
	if len(epochs) != n || !reflect.DeepEqual(readMetrics(t, dir), epochs) {
		t.Errorf("metrics %v, epochs %v, want %d", readMetrics(t, dir), epochs, n)
	}
	loaded, err := Load(dir, model.New)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := loaded.Evaluate(context.Background(), c.Test); err != nil || r.Loss != epochs[n-1].TestLoss {
		t.Errorf("the model's loss is %v, %v; want that of epoch %d, %v", r.Loss, err, n, epochs[n-1].TestLoss)
	}
}

// A directory in the place of a file makes its writing fail.
func TestRecordThatFails(t *testing.T) {
	for _, c := range []struct {
		file  string
		after int // epochs
		kept  string
	}{
		{ModelFile, 0, "no epoch was finished, so nothing is kept"},
		{RecordFile, 0, "no epoch was finished, so nothing is kept"},
		{ModelFile, 1, "keeps the checkpoint of epoch 1"},
		{RecordFile, 1, "keeps the checkpoint of epoch 2"},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		net, config := prepare(t, smallRun())
		block := func() {
			path := filepath.Join(dir, c.file)
			os.Remove(path)
			if err := os.Mkdir(path, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		config.Callbacks = append(config.Callbacks, OnStep(func(l *Loop) error {
			p := l.Progress
			if p.Epoch == c.after+1 && p.Step == 1 {
				block()
			}
			return nil
		}))
		_, err := newRun(t, dir, smallRun()).Run(context.Background(), net, config)
		if err == nil || !strings.HasPrefix(err.Error(), "write "+filepath.Join(dir, c.file)) || !strings.HasSuffix(err.Error(), c.kept) {
			t.Errorf("%s after %d epochs: error %v", c.file, c.after, err)
		}
		if _, err := os.Stat(dir); (err == nil) != (c.after > 0) {
			t.Errorf("%s after %d epochs: the directory: %v", c.file, c.after, err)
		}
	}
}

func TestLossThatIsNotFiniteEndsTheRun(t *testing.T) {
	s := smallRun()
	s.LR = 1e30
	for batch, want := range map[int]string{
		16: "the loss is no longer finite in step",
		48: "the test loss after epoch 1 is not finite", // the only step was fine
	} {
		dir := filepath.Join(t.TempDir(), "run")
		s.Batch = batch
		net, c := prepare(t, s)
		_, err := newRun(t, dir, s).Run(context.Background(), net, c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("batch %d: error %v, want one with %q", batch, err, want)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	for _, c := range []struct {
		change func(s *Settings)
		want   string
	}{
		{func(s *Settings) { s.Model = "resnet" }, `unknown model "resnet": want one of lenet5`},
		{func(s *Settings) { s.Data = "no/such/dir" }, "no/such/dir"},
		{func(s *Settings) { s.Limit = -1 }, "limit -1: want at least 1"},
		{func(s *Settings) { s.Epochs = 0 }, "epochs 0: want at least 1"},
		{func(s *Settings) { s.Batch = 49 }, "batch 49 is larger than an epoch's 48 examples"},
		{func(s *Settings) { s.Optimizer = "tiger" }, `unknown optimizer "tiger": want one of sgd, adam, adamw`},
		{func(s *Settings) { s.LR = -1 }, "learning rate is -1"},
		{func(s *Settings) { s.Momentum = 1 }, "momentum is 1"},
		{func(s *Settings) { s.Optimizer = "adamw" }, `optimizer adamw: no setting "momentum": want one of`},
		{func(s *Settings) { s.Optimizer, s.Momentum, s.LR = "adam", 0, -2 }, "learning rate is -2"},
	} {
		s := smallRun()
		c.change(&s)
		if _, _, err := s.Prepare(model.New); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := OpenData(Glyphs, "validation", 1, 0); err == nil || !strings.Contains(err.Error(), `"validation": want train or test`) {
		t.Errorf("split: error %v", err)
	}
}

func TestOptimizersDiffer(t *testing.T) {
	losses := map[float64]string{}
	for name, change := range map[string]func(s *Settings){
		"sgd":      func(s *Settings) {},
		"nesterov": func(s *Settings) { s.Nesterov = true },
		"decay":    func(s *Settings) { s.WeightDecay = 0.1 },
		"seed":     func(s *Settings) { s.Seed = 2 },
		"adam":     func(s *Settings) { s.Optimizer, s.Momentum, s.WeightDecay = "adam", 0, 0.1 },
		"adamw":    func(s *Settings) { s.Optimizer, s.Momentum, s.WeightDecay = "adamw", 0, 0.1 },
	} {
		s := smallRun()
		change(&s)
		_, c := prepare(t, s)
		epochs, err := Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		loss := epochs[1].TestLoss
		if other, ok := losses[loss]; ok {
			t.Errorf("%s and %s give the same loss", name, other)
		}
		losses[loss] = name
	}
}

func TestReadSettingsRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadSettings(dir); err == nil || !strings.Contains(err.Error(), "run.json: no such file, want the directory of a run") {
		t.Errorf("no file: error %v", err)
	}
	for _, c := range []struct {
		kind string
		body any
		want string
	}{
		{lineEpoch, Epoch{Epoch: 1}, `run.json: line 1: kind "epoch", want a record with one "start", as its first line`},
		{lineStart, struct{}{}, "run.json: line 1: no settings.data"},
		{lineStart, map[string]any{"settings": map[string]any{"epochs": "two"}}, "run.json: line 1: json: cannot unmarshal string"},
	} {
		if err := newLog(filepath.Join(dir, RecordFile)).Append(c.kind, c.body); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSettings(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestTheBestEpoch(t *testing.T) {
	for _, c := range []struct {
		epochs []Epoch
		tested int
		want   int
	}{
		{[]Epoch{{TestAccuracy: 0.5}, {TestAccuracy: 0.7}, {TestAccuracy: 0.6}}, 10, 2},
		{[]Epoch{{TestAccuracy: 0.5, TestLoss: 2}, {TestAccuracy: 0.5, TestLoss: 1}, {TestAccuracy: 0.5, TestLoss: 1}}, 10, 2}, // the first of equals
		{[]Epoch{{TrainLoss: 3}, {TrainLoss: 1}, {TrainLoss: 2}}, 0, 2},
		{nil, 10, 0},
	} {
		r := Record{Start: Start{Examples: [2]int{10, c.tested}}}
		for i, e := range c.epochs {
			e.Epoch = i + 1
			r.Epochs = append(r.Epochs, RecordedEpoch{Epoch: e})
		}
		if got := r.Best(); got != c.want {
			t.Errorf("%+v: best is %d, want %d", c.epochs, got, c.want)
		}
	}
}

// The best checkpoint is that of the best epoch, also where the run was taken up again after it.
func TestTheBestAndSomeEpochsAreKept(t *testing.T) {
	s := smallRun()
	s.Epochs = 5
	dir := filepath.Join(t.TempDir(), "run")
	for piece := range 2 {
		net, c := prepare(t, s)
		d := newRunOr(t, dir, s, piece > 0)
		if piece == 0 {
			d.Keep = Keep{Every: 1, Last: 3}
		}
		if d.Keep != (Keep{Every: 1, Last: 3}) {
			t.Errorf("%+v is kept", d.Keep)
		}
		if piece > 0 {
			d.Keep.Last = 2
		}
		c.Callbacks = append(c.Callbacks, OnEpoch(func(e Epoch) error {
			if e.Epoch == 3 {
				return errors.New("a power cut")
			}
			return nil
		}))
		if piece > 0 {
			c.Callbacks = nil
		}
		d.Run(t.Context(), net, c)
	}
	if d := newRunOr(t, dir, s, true); d.Keep != (Keep{Every: 1, Last: 2}) {
		t.Errorf("%+v is kept in the end", d.Keep)
	}
	r, err := ReadRecord(dir)
	if err != nil || len(r.Epochs) != 5 || r.End == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for file, epoch := range map[string]int{BestFile: r.Best(), ModelFile: 5, "epoch-0004.safetensors": 4, "epoch-0005.safetensors": 5} {
		sum, _, err := checkpoint.SumFile(filepath.Join(dir, file))
		if err != nil || sum != r.Epochs[epoch-1].Weights {
			t.Errorf("%s is not of epoch %d: %v", file, epoch, err)
		}
	}
	if got := list(t, dir); slices.Contains(got, "epoch-0003.safetensors") {
		t.Errorf("the directory holds %v", got)
	}
	if p, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil || p.Replayed != 5 {
		t.Errorf("%v, %v", p, err)
	}
}

// states has the place of the state in a directory each time a checkpoint is to be kept.
type states struct {
	Quiet
	dir    string
	places []Place
}

func (s *states) Checkpoint(*Loop) error {
	state, _, err := LoadState(filepath.Join(s.dir, StateFile))
	if err == nil {
		s.places = append(s.places, state.Place)
	}
	return err
}

// Logs are written before the state, so that a run that is killed goes on from no later than they reach.
func TestTheStateComesAfterOtherCallbacks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	s := smallRun()
	d := newRun(t, dir, s)
	net, c := prepare(t, s)
	seen := &states{dir: dir}
	c.Callbacks = append(c.Callbacks, seen)
	if _, err := d.Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	for i, at := range seen.places {
		if at.Epoch != i+1 || at.Step != 0 {
			t.Errorf("checkpoint %d finds the state of epoch %d, step %d, want the beginning of epoch %d", i+1, at.Epoch, at.Step, i+1)
		}
	}
	if len(seen.places) != s.Epochs {
		t.Errorf("%d checkpoints, want %d", len(seen.places), s.Epochs)
	}
}
