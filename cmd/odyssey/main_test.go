package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/train"
)

// The test's binary is also the program, for tests that want a process.
func TestMain(m *testing.M) {
	if os.Getenv("ODYSSEY_TEST_PROGRAM") != "" {
		main()
	}
	for _, variable := range os.Environ() { // of whoever runs the tests: they set their own
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "ODYSSEY_TRAIN_") {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// command runs the program within this process.
func command(args ...string) (stdout, stderr string, status int) {
	return commandContext(context.Background(), args...)
}

func commandContext(ctx context.Context, args ...string) (stdout, stderr string, status int) {
	var out, err bytes.Buffer
	status = run(ctx, args, &out, &err)
	return out.String(), err.String(), status
}

// succeed runs the program and returns its output.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := command(args...)
	if status != 0 || stderr != "" {
		t.Fatalf("odyssey %s: status %d, %s", strings.Join(args, " "), status, stderr)
	}
	return stdout
}

// refuse runs the program and fails unless it ends with that status and one
// line of error that contains all of want.
func refuse(t *testing.T, status int, args, want []string) {
	t.Helper()
	_, stderr, got := command(args...)
	checkError(t, stderr, want)
	if got != status {
		t.Errorf("odyssey %s: status %d, want %d", strings.Join(args, " "), got, status)
	}
}

func checkError(t *testing.T, stderr string, want []string) {
	t.Helper()
	if !strings.HasPrefix(stderr, "odyssey: ") || strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") ||
		strings.Contains(stderr, "goroutine") || len(stderr) > 500 {
		t.Errorf("want one line of error, got %q", stderr)
	}
	for _, w := range want {
		if !strings.Contains(stderr, w) {
			t.Errorf("error %q, want one with %q", stderr, w)
		}
	}
}

// trained makes a small run and returns its directory.
func trained(t *testing.T, args ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	succeed(t, slices.Concat([]string{"train", "--epochs", "2", "--limit", "64", "--batch", "16", "--out", dir}, args)...)
	return dir
}

func lastEpoch(t *testing.T, dir string) (e train.Epoch, lines int) {
	t.Helper()
	r, err := train.ReadRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	epochs := r.Outcomes()
	return epochs[len(epochs)-1], len(epochs)
}

func TestTrainSaysWhereThingsAre(t *testing.T) {
	t.Chdir(t.TempDir())
	out := succeed(t, "train", "--epochs", "2", "--limit", "64", "--seed", "5", "--optimizer", "adamw")
	dir := filepath.Join("runs", "lenet5-glyphs-1")
	for _, want := range []string{
		"64851 parameters", "64 + 64 examples", "47 classes", "adamw with learning rate 0.001",
		"\nepoch 1/2 ", "\nepoch 2/2 ", "images/s", "odyssey eval " + dir + "\n", "odyssey predict " + dir + " ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	s, err := train.ReadSettings(dir)
	want := train.Settings{
		Precision: "fp32", Normalize: "0.1307/0.3081",
		Model: "lenet5", Data: train.Glyphs, Limit: 64, Seed: 5, Epochs: 2, Batch: train.DefaultBatch, Optimizer: "adamw", LR: 0.001,
		Schedule: "linear",
	}
	if err != nil || s != want {
		t.Errorf("settings %+v, %v, want %+v", s, err, want)
	}
}

func TestTrainTakesItsFlags(t *testing.T) {
	dir := trained(t, "--lr", "0.02", "--momentum", "0.5", "--nesterov", "--weight-decay", "0.001", "--schedule", "constant", "--eager", "--model", "lenet5")
	got, err := train.ReadSettings(dir)
	want := train.Settings{
		Precision: "fp32", Normalize: "0.1307/0.3081",
		Model: "lenet5", Data: train.Glyphs, Limit: 64, Seed: 1, Epochs: 2, Batch: 16,
		Optimizer: "sgd", LR: 0.02, Momentum: 0.5, Nesterov: true, WeightDecay: 0.001, Schedule: "constant", Eager: true,
	}
	if err != nil || got != want {
		t.Errorf("settings %+v, %v, want %+v", got, err, want)
	}
	if got, err := train.ReadSettings(trained(t)); err != nil || got.LR != 0.01 || got.Momentum != 0.9 {
		t.Errorf("settings %+v, %v, want sgd's defaults", got, err)
	}
}

func TestTrainTakesTheFlagsOfOptimizers(t *testing.T) {
	dir := trained(t, "--optimizer", "adam:beta2=0.9,amsgrad", "--weight-decay", "0.1", "--decay-weights", "--clip-norm", "1", "--clip-value", "0.5", "--label-smoothing", "0.1",
		"--schedule", "cosine:to=0.1", "--warmup", "3", "--ema", "0.9")
	got, err := train.ReadSettings(dir)
	want := train.Settings{
		Precision: "fp32", Normalize: "0.1307/0.3081",
		Model: "lenet5", Data: train.Glyphs, Limit: 64, Seed: 1, Epochs: 2, Batch: 16,
		Optimizer: "adam:beta2=0.9,amsgrad", LR: 0.001, WeightDecay: 0.1, DecayWeights: true, ClipNorm: 1, ClipValue: 0.5, LabelSmoothing: 0.1,
		Schedule: "cosine:to=0.1", Warmup: 3, EMA: 0.9,
	}
	if err != nil || got != want {
		t.Errorf("settings %+v, %v, want %+v", got, err, want)
	}
	got, err = train.ReadSettings(trained(t, "--optimizer", "schedule-free"))
	if err != nil || got.Schedule != "constant" || got.LR != 0.0025 {
		t.Errorf("settings %+v, %v, want schedule-free's defaults", got, err)
	}
	if got, err := train.ReadSettings(trained(t, "--swa", "0.5", "--optimizer", "muon")); err != nil || got.SWA != 0.5 {
		t.Errorf("settings %+v, %v", got, err)
	}
}

func TestTheHelpOfTrainListsOptimizersAndSchedules(t *testing.T) {
	help := succeed(t, "train", "--help")
	for _, row := range append(optim.Optimizers(), optim.Schedules()...) {
		if !strings.Contains(help, "\n    "+row.Name+" ") && !strings.Contains(help, "\n    "+row.Name+"\n") {
			t.Errorf("no line for %s in:\n%s", row.Name, help)
		}
		for _, name := range row.Settings {
			if !strings.Contains(help, name) {
				t.Errorf("no %s of %s in:\n%s", name, row.Name, help)
			}
		}
	}
}

func TestEvalRepeatsTheLastEpoch(t *testing.T) {
	dir := trained(t, "--seed", "3", "--ema", "0.8")
	want, _ := lastEpoch(t, dir)
	var got train.Result
	if err := json.Unmarshal([]byte(succeed(t, "eval", dir, "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if got != (train.Result{Accuracy: want.TestAccuracy, Loss: want.TestLoss, Count: 64}) {
		t.Errorf("eval gives %+v, the last epoch was %+v", got, want)
	}
	if out := succeed(t, "eval", dir); !strings.Contains(out, fmt.Sprintf("loss %.4f, 64 examples", want.TestLoss)) {
		t.Errorf("eval says %q, the last epoch was %+v", out, want)
	}
}

// The figures of classes are those of the table, in JSON too.
func TestEvalClassesInJSON(t *testing.T) {
	dir := trained(t)
	var got struct{ Classes []classFigures }
	if err := json.Unmarshal([]byte(succeed(t, "eval", dir, "--classes", "--json")), &got); err != nil || len(got.Classes) != 47 {
		t.Fatalf("%d classes, %v", len(got.Classes), err)
	}
	table := succeed(t, "eval", dir, "--classes")
	examples := int64(0)
	for _, c := range got.Classes {
		examples += c.Examples
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^%s +%.1f %% +%.1f %% +%.1f %% +%d `, regexp.QuoteMeta(c.Class), 100*c.Precision, 100*c.Recall, 100*c.F1, c.Examples))
		if !row.MatchString(table) {
			t.Errorf("no row %v in\n%s", row, table)
		}
	}
	if examples != 64 {
		t.Errorf("%d examples, want 64", examples)
	}
	if out := succeed(t, "eval", dir, "--json"); strings.Contains(out, "classes") {
		t.Errorf("classes that nobody asked for: %s", out)
	}
}

func TestEvalChoosesData(t *testing.T) {
	digits := newIDX(t)
	dir := trained(t, "--data", digits.dir, "--limit", "40")
	file := filepath.Join(dir, train.ModelFile)
	for _, c := range []struct {
		args  []string
		count int
	}{
		{[]string{dir}, 20}, // the run's own
		{[]string{dir, "--split", "train"}, 40},
		{[]string{dir, "--limit", "7"}, 7},
		{[]string{dir, "--limit", "0", "--split", "train"}, 60},
		{[]string{dir, "--data", digits.dir, "--split", "train"}, 60},
		{[]string{file, "--data", digits.dir}, 20},
	} {
		var got train.Result
		out := succeed(t, slices.Concat([]string{"eval", "--json"}, c.args)...)
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Count != c.count {
			t.Errorf("eval %v: %d examples, %v, want %d", c.args, got.Count, err, c.count)
		}
	}
	refuse(t, statusError, []string{"eval", file}, []string{"glyphs", "47 classes, want 10"})
	const without = "macro figures are means over all 10 classes: recall and f1 count as 0 of those that no example is of, "
	if out := succeed(t, "eval", dir, "--limit", "1"); !strings.Contains(out, without+"9\n") {
		t.Errorf("no %s9 in\n%s", without, out)
	}
	if out := succeed(t, "eval", dir); strings.Contains(out, "macro figures") {
		t.Error(out)
	}
	refuse(t, statusError, []string{"eval", dir, "--split", "validation"}, []string{`"validation"`, "want train or test"})
}

func TestPredict(t *testing.T) {
	dir := trained(t)
	image := filepath.Join(t.TempDir(), "sheet.png")
	succeed(t, "data", "show", "--rows", "1", "--cols", "1", "--out", image)
	var got []prediction
	if err := json.Unmarshal([]byte(succeed(t, "predict", dir, image, image, "--top", "3", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Image != image || len(got[0].Classes) != 3 || got[0].Classes[0].Probability < got[0].Classes[2].Probability {
		t.Errorf("predictions %+v, want the three likeliest of two images", got)
	}
	text := succeed(t, "predict", dir, image)
	first := fmt.Sprintf("%s  %.2f %%", got[0].Classes[0].Class, 100*got[0].Classes[0].Probability)
	if strings.Count(text, "%") != 5 || !strings.Contains(text, first) {
		t.Errorf("want 5 classes with %q among them, got\n%s", first, text)
	}
	if all := succeed(t, "predict", dir, image, "--top", "1000"); strings.Count(all, "%") != 47 {
		t.Errorf("want 47 classes, got\n%s", all)
	}
}

func TestDataShow(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "20000 train examples of 47 classes of glyphs"},
		{[]string{"--split", "test"}, "4000 test examples"},
		{[]string{"--data", newIDX(t).dir}, "60 train examples of 10 classes"},
	} {
		file := filepath.Join(t.TempDir(), "sheet.png")
		out := succeed(t, slices.Concat([]string{"data", "show", "--rows", "2", "--cols", "3", "--out", file}, c.args)...)
		if !strings.Contains(out, c.want) {
			t.Errorf("%v: %q, want %q", c.args, out, c.want)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if picture, err := png.Decode(f); err != nil || picture.Bounds().Dx() < 3*56 || picture.Bounds().Dy() < 2*56 {
			t.Errorf("%v: no sheet of 2 rows and 3 columns: %v", c.args, err)
		}
	}
}

func TestGradcheck(t *testing.T) {
	text := succeed(t, "gradcheck", "add", "argmax")
	for _, want := range []string{"a + b", "arithmetic", "reduction", "-", "ok", "2 of 2 operations pass"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	var checks []map[string]any
	if err := json.Unmarshal([]byte(succeed(t, "gradcheck", "add", "argmax", "--json")), &checks); err != nil {
		t.Fatal(err)
	}
	if len(checks) != 2 || checks[0]["name"] != "add" || checks[0]["pass"] != true || checks[1]["first"] != nil {
		t.Errorf("checks %v", checks)
	}
	if first, ok := checks[0]["first"].(float64); !ok || first <= 0 || first > gradcheck.FirstBound {
		t.Errorf("add's first derivative is off by %v", checks[0]["first"])
	}
}

func TestGradcheckCoversTheTable(t *testing.T) {
	entries, err := selectEntries(op.Table(), nil)
	if err != nil || len(entries) != len(op.Table()) {
		t.Errorf("%d entries, %v, want all", len(entries), err)
	}
	refuse(t, statusError, []string{"gradcheck", "add", "adds"}, []string{`unknown operation "adds"`, "such as add"})
}

func TestGradcheckFailure(t *testing.T) {
	entries, err := selectEntries(op.Table(), []string{"add", "exp"})
	if err != nil {
		t.Fatal(err)
	}
	entries[1].Bound = 1e-30 // no float32 result is that good
	checks, err := checkAll(context.Background(), entries)
	if err != nil {
		t.Fatal(err)
	}
	nan := &gradcheck.Report{Name: "nan", First: math.NaN(), Second: math.Inf(1), Failures: []string{"it is NaN"}}
	checks = append(checks, newCheck(op.Entry{}, nan))
	for _, asJSON := range []bool{false, true} {
		var b bytes.Buffer
		err := printChecks(&output{Writer: &b}, checks, asJSON)
		if err == nil || err.Error() != "2 of 3 operations failed: exp, nan" {
			t.Errorf("error %v", err)
		}
		want := []string{"FAIL", "NaN", "exp: case 0", "1 of 3 operations pass"}
		if asJSON {
			want = []string{`"pass": false`, `"first": null`, "float32 is off by"}
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("no %q in\n%s", w, b.String())
			}
		}
	}
}

func TestVersion(t *testing.T) {
	out := succeed(t, "version")
	e := train.CurrentEnvironment()
	for _, want := range []string{e.Go, e.Platform, e.Kernels, "commit"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestHelp(t *testing.T) {
	overview := succeed(t)
	for _, name := range []string{"train", "lr-find", "sweep", "compare", "eval", "verify", "report", "predict", "formats", "gradcheck", "data show", "version"} {
		if !strings.Contains(overview, "\n  "+name+" ") {
			t.Errorf("%s is not among the commands:\n%s", name, overview)
		}
		help := succeed(t, append(strings.Fields(name), "--help")...)
		if !strings.Contains(help, "\n    odyssey "+name) {
			t.Errorf("no example in the help of %s:\n%s", name, help)
		}
	}
}

func TestStatusOfTheBar(t *testing.T) {
	got := status(train.Progress{Epoch: 2, Step: 3, Steps: 9, Images: 96, Loss: 1.25, Accuracy: 0.5}, 8, 15123.4)
	if want := "epoch 2/8  loss 1.2500  accuracy 50.00 %  15123 images/s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// cancelling cancels a context when it is written a text.
type cancelling struct {
	io.Writer
	at     string
	cancel context.CancelFunc
}

func (c cancelling) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.at)) {
		c.cancel()
	}
	return c.Writer.Write(b)
}

func TestInterrupted(t *testing.T) {
	for at, want := range map[string]string{
		"run directory": "odyssey: interrupted; no epoch was finished, so nothing is kept\n",
		"epoch 1/3":     "odyssey: interrupted; run keeps the checkpoint of epoch 1\n",
	} {
		t.Chdir(t.TempDir())
		ctx, cancel := context.WithCancel(context.Background())
		var stderr bytes.Buffer
		got := run(ctx, []string{"train", "--limit", "64", "--epochs", "3", "--out", "run"}, cancelling{io.Discard, at, cancel}, &stderr)
		if got != statusInterrupted || stderr.String() != want {
			t.Errorf("status %d, %q, want %q", got, stderr.String(), want)
		}
		if _, err := os.Stat("run"); (err == nil) != strings.Contains(want, "keeps") {
			t.Errorf("%q, but the directory: %v", want, err)
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, stderr, got := commandContext(cancelled, "gradcheck"); got != statusInterrupted || stderr != "odyssey: interrupted\n" {
		t.Errorf("gradcheck: status %d, %q", got, stderr)
	}
}

// A full disk does not pass for success.
func TestOutputThatFails(t *testing.T) {
	var stderr bytes.Buffer
	if got := run(context.Background(), []string{"version"}, failing{}, &stderr); got != statusError {
		t.Errorf("status %d", got)
	}
	checkError(t, stderr.String(), []string{"standard output: no room"})
}

// A run comes to its end without its output, and its record does not tell of that: only the program does.
func TestOutputThatFailsLater(t *testing.T) {
	for _, at := range []string{"", "epoch 2/"} {
		t.Chdir(t.TempDir())
		var stderr bytes.Buffer
		if got := run(context.Background(), []string{"train", "--limit", "64", "--epochs", "3", "--out", "run"}, &failingAt{at}, &stderr); got != statusError {
			t.Errorf("status %d", got)
		}
		checkError(t, stderr.String(), []string{"standard output: no room; the rest was done without it"})
		if r, err := train.ReadRecord("run"); err != nil || len(r.Epochs) != 3 || r.End == nil || r.End.Reason != train.EndFinished {
			t.Errorf("%+v, %v", r, err)
		}
	}
}

// failingAt fails when it is written a text.
type failingAt struct{ text string }

func (f *failingAt) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(f.text)) {
		return 0, fmt.Errorf("no room")
	}
	return len(b), nil
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("no room") }

// snapshot returns the names below a directory.
func snapshot(t *testing.T, dir string) []string {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(names))
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}
