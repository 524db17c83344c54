package train

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train/record"
)

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
	}, Check{Eval: true}, "run.json: line 1, start: lenet5 of 1000000 parameters and 10 classes, but "},
	"checkpoints are taken away, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(kind string, n int, body map[string]any) map[string]any {
			if n == 3 {
				body["test_accuracy"] = 0.99
			}
			if kind == lineEnd { // as if it were interrupted
				return nil
			}
			return body
		})
		for _, file := range []string{ModelFile, BestFile, StateFile} {
			os.Remove(filepath.Join(dir, file))
		}
	}, Check{}, "run.json: line 3, epoch 2: its classifier: "},
	"checkpoints are taken away as if they came again, chain and all": {func(t *testing.T, dir, _, _ string) {
		rewrite(t, dir, func(kind string, n int, body map[string]any) map[string]any {
			if n == 3 {
				body["test_accuracy"] = 0.99
			}
			if kind == lineEnd {
				return nil
			}
			return body
		})
		for _, file := range []string{ModelFile, BestFile, StateFile} {
			os.Remove(filepath.Join(dir, file))
		}
		log, err := record.Open(filepath.Join(dir, RecordFile), positionOf(t, dir))
		if err != nil || log.Append(lineResume, Resume{Epoch: 3}) != nil {
			t.Fatal(err)
		}
	}, Check{Eval: true}, "no classifier is there to be evaluated; the run is not over"},
	"another network is said, chain and all": {func(t *testing.T, dir, _, _ string) {
		ofStart(t, dir, func(start map[string]any) { start["settings"].(map[string]any)["model"] = "resnet20" })
	}, Check{Eval: true}, "run.json: line 1, start: resnet20 of 61706 parameters and 10 classes, but best.safetensors is lenet5 of "},
	"other means and deviations are said, chain and all": {func(t *testing.T, dir, _, _ string) {
		ofStart(t, dir, func(start map[string]any) { start["settings"].(map[string]any)["normalize"] = "0.5/0.5" })
	}, Check{Eval: true}, "run.json: line 1, start: examples are normalised by 0.5/0.5, but those of best.safetensors by 0.1307/0.3081"},
	"more examples are said, chain and all": {func(t *testing.T, dir, _, _ string) {
		ofStart(t, dir, func(start map[string]any) { start["examples"] = []int{1000000, 40} })
	}, Check{Eval: true}, "run.json: line 1, start: it counts 1000000 and 40 examples, but "},
	"data is left out, chain and all": {func(t *testing.T, dir, _, _ string) {
		ofStart(t, dir, func(start map[string]any) { start["data"] = start["data"].([]any)[1:] })
	}, Check{Eval: true}, "is read, but its SHA-256 is not recorded"},
	"fewer epochs were wanted, chain and all": {func(t *testing.T, dir, _, _ string) {
		ofStart(t, dir, func(start map[string]any) { start["settings"].(map[string]any)["epochs"] = 3 })
	}, Check{}, "run.json: line 4, end: the run is finished after 2 epochs, but its settings want 3"},
	"fewer steps were wanted, chain and all": {func(t *testing.T, dir, _, _ string) {
		ofStart(t, dir, func(start map[string]any) { start["settings"].(map[string]any)["steps"] = 9 })
	}, Check{}, "run.json: line 4, end: the run is finished after "},
	"a checkpoint of no epoch lies there": {func(t *testing.T, dir, _, _ string) {
		copyFile(t, filepath.Join(dir, ModelFile), filepath.Join(dir, "epoch-0007.safetensors"))
	}, Check{}, "epoch-0007.safetensors: of an epoch that the record does not have"},
	"the state has other figures": {func(t *testing.T, dir, _, _ string) {
		path := filepath.Join(dir, StateFile)
		s, more, err := LoadState(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Epochs[0].TrainLoss /= 2
		if err := SaveState(path, s, more); err != nil {
			t.Fatal(err)
		}
	}, Check{}, "state.safetensors: its epochs are not those of the record"},
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

// ofStart changes what a record begins with, chain and all.
func ofStart(t *testing.T, dir string, change func(start map[string]any)) {
	t.Helper()
	rewrite(t, dir, func(kind string, _ int, body map[string]any) map[string]any {
		if kind == lineStart {
			change(body)
		}
		return body
	})
	os.Remove(filepath.Join(dir, StateFile))
}

// positionOf returns the place after the last line of a record.
func positionOf(t *testing.T, dir string) record.Position {
	t.Helper()
	lines, err := record.Read(filepath.Join(dir, RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	return record.Position{Lines: len(lines), Sum: lines[len(lines)-1].Sum}
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
