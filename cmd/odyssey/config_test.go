package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/mlodyssey/odyssey/train"
)

// printed returns the settings that a command line comes to, by way of --print-config and a file.
func printed(t *testing.T, args ...string) (s train.Settings, text string) {
	t.Helper()
	text = succeed(t, append([]string{"train", "--print-config"}, args...)...)
	var c cli
	if _, err := parseInto(&c, "train", "--config", written(t, text)); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	s, err := c.Train.settings()
	if err != nil {
		t.Fatal(err)
	}
	return s, text
}

func parseInto(c *cli, args ...string) (*kong.Context, error) {
	parser, err := kong.New(c, defaults)
	if err != nil {
		return nil, err
	}
	return parser.Parse(args)
}

func written(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run.toml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagsGoBeforeTheFileBeforeTheEnvironmentBeforeDefaults(t *testing.T) {
	t.Setenv("ODYSSEY_TRAIN_LR", "0.1")
	t.Setenv("ODYSSEY_TRAIN_MOMENTUM", "0.2")
	t.Setenv("ODYSSEY_TRAIN_WEIGHT_DECAY", "0.3")
	t.Setenv("ODYSSEY_TRAIN_EMA", "")
	file := written(t, "momentum = 0.5\nlr = 1\n")
	s, _ := printed(t, "--config", file, "--lr", "0.7")
	if s.LR != 0.7 || s.Momentum != 0.5 || s.WeightDecay != 0.3 || s.Batch != train.DefaultBatch || s.EMA != 0 {
		t.Errorf("learning rate %v, momentum %v, decay %v, batch %v: want those of the flag, the file, the variable and the default",
			s.LR, s.Momentum, s.WeightDecay, s.Batch)
	}
}

func TestTheLengthOfARunIsThatOfWhatGoesFirst(t *testing.T) {
	t.Setenv("ODYSSEY_TRAIN_STEPS", "7")
	if s, _ := printed(t); s.Steps != 7 || s.Epochs != 0 {
		t.Errorf("%d steps, %d epochs, want 7 steps", s.Steps, s.Epochs)
	}
	file := written(t, "epochs = 5\n")
	if s, _ := printed(t, "--config", file); s.Steps != 0 || s.Epochs != 5 {
		t.Errorf("%d steps, %d epochs, want 5 epochs", s.Steps, s.Epochs)
	}
	if s, _ := printed(t, "--config", file, "--steps", "9"); s.Steps != 9 || s.Epochs != 0 {
		t.Errorf("%d steps, %d epochs, want 9 steps", s.Steps, s.Epochs)
	}
}

// What --print-config prints is what a run of the same flags records, with numbers for what is up to the data.
func TestPrintedSettingsAreThoseOfTheRun(t *testing.T) {
	args := []string{"--limit", "64", "--epochs", "1", "--optimizer", "adam:beta2=0.9", "--lr", "1e-5", "--weight-decay", "5e-4", "--augment", "shift:x=0.1",
		"--seed", fmt.Sprint(uint64(math.MaxUint64)), "--warmup", "3", "--swa", "0.5", "--decay-weights"}
	want, text := printed(t, args...)
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "train", "--config", written(t, text), "--out", dir)
	const asked, recorded = "auto", "0.1307/0.3081"
	if want.Normalize != asked {
		t.Errorf("normalize %q, want %q", want.Normalize, asked)
	}
	want.Normalize, text = recorded, strings.Replace(text, asked, recorded, 1)
	got, err := train.ReadSettings(dir)
	if err != nil || got != want || got.LR != 1e-5 || got.Seed != math.MaxUint64 || got.Warmup != 3 || got.Augment == "" {
		t.Errorf("settings %+v, %v, want %+v", got, err, want)
	}
	if again := succeed(t, "train", "--resume", dir, "--print-config"); again != text {
		t.Errorf("the run's settings print as\n%s, want\n%s", again, text)
	}
}

// So are the flags that decide no result, each of them.
func TestPrintedFlagsAreThoseOfTheRun(t *testing.T) {
	args := []string{"--out", "x", "--keep-every", "5", "--keep-last", "2", "--save-every", "0s", "--samples", "--tensorboard", "events", "--time-budget", "90s",
		"--webhook", "https://example.org/hook", "--profile", "--live", ":8080", "--log-every", "7"}
	_, text := printed(t, args...)
	var direct, again cli
	if _, err := parseInto(&direct, append([]string{"train"}, args...)...); err != nil {
		t.Fatal(err)
	}
	if _, err := parseInto(&again, "train", "--config", written(t, text)); err != nil {
		t.Fatal(err)
	}
	direct.Train.Config, again.Train.Config = "", ""
	a, b := direct.Train, again.Train
	a.learningFlags, a.scheduleFlags, b.learningFlags, b.scheduleFlags = learningFlags{}, scheduleFlags{}, learningFlags{}, scheduleFlags{}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%+v,\nwant %+v, of\n%s", b, a, text)
	}
	parser, err := kong.New(&cli{}, defaults)
	if err != nil {
		t.Fatal(err)
	}
	for name := range trainFlags(parser.Model) {
		isSetting := slices.ContainsFunc(reflect.VisibleFields(reflect.TypeFor[train.Settings]()), func(f reflect.StructField) bool { return configKey(f) == name })
		if !isSetting && !slices.Contains(args, "--"+name) {
			t.Errorf("--%s is not tried here", name)
		}
	}
	if _, plain := printed(t); strings.Contains(plain, "save-every") || strings.Contains(plain, "samples") {
		t.Errorf("what was not asked for is printed:\n%s", plain)
	}
}

// No settings are printed that no run can have.
func TestBadSettingsAreNotPrinted(t *testing.T) {
	for args, want := range map[string]string{
		"--batch 0": "batch 0: want at least 1", "--epochs=-1": "epochs -1: want at least 1", "--lr nan": "learning rate is NaN", "--limit=-1": "limit -1: want",
		"--augment normalise": "want --normalize", "--normalize no": "normalize \"no\": want auto", "--normalize 0.5/0": "the second positive", "--schedule no": "no", "--optimizer no": "no", "--model no": "no",
		"--early-stop=-1": "early stop", "--swa 2": "want a share", "--clip-norm=-1": "clipped", "--accumulate 100": "pieces", "--every-layer": "rounds in every layer",
	} {
		refuse(t, statusError, append([]string{"train", "--print-config"}, strings.Fields(args)...), []string{want})
	}
	for _, args := range []string{"--steps 5 --batch 1000000", "--data no/such --normalize 0.5/0.5", "--augment crop:height=9,width=9", "--optimizer muon --decay-weights --weight-decay 0.1 --precision fp64 --ema 0.9"} {
		succeed(t, append([]string{"train", "--print-config"}, strings.Fields(args)...)...)
	}
}

func TestKeysMayHaveUnderscores(t *testing.T) {
	if s, _ := printed(t, "--config", written(t, "weight_decay = 5e-4\nclip-norm = 1\n")); s.WeightDecay != 5e-4 || s.ClipNorm != 1 {
		t.Errorf("settings %+v", s)
	}
}

// Each setting of a run is a flag, and each flag of the two groups is a setting.
func TestSettingsAreFlags(t *testing.T) {
	var flags, fields []string
	parser, err := kong.New(&struct {
		learningFlags
		scheduleFlags
	}{}, defaults)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range parser.Model.Flags {
		if f.Name != "help" {
			flags = append(flags, f.Name)
		}
	}
	s := reflect.TypeFor[train.Settings]()
	for i := range s.NumField() {
		fields = append(fields, configKey(s.Field(i)))
	}
	slices.Sort(flags)
	slices.Sort(fields)
	if !slices.Equal(flags, fields) {
		t.Errorf("flags %v,\nwant %v", flags, fields)
	}
}

func TestBadConfigFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		text string
		want []string
	}{
		{"epochs = 1\n\nweight-decya = 1\n", []string{"run.toml:3: weight-decya: there is no such setting, did you mean weight-decay?"}},
		{"weight_dekay = 1", []string{"run.toml:1: weight-dekay: there is no such setting, did you mean weight-decay?"}},
		{"xylophone = 1", []string{"run.toml:1: xylophone: there is no such setting, want one of accumulate, augment, batch, "}},
		{"lr = \"fast\"", []string{`run.toml:1: lr: "fast": want a number`}},
		{"epochs = 1.5", []string{"run.toml:1: epochs: 1.5: want a whole number"}},
		{"seed = -1", []string{`run.toml:1: seed: "-1": want a whole number of at least 0`}},
		{"model = 5", []string{"run.toml:1: model: 5: want a text"}},
		{"eager = 1", []string{"run.toml:1: eager: 1: want true or false"}},
		{"save-every = 5", []string{`run.toml:1: save-every: 5: want a time such as "30s"`}},
		{"save-every = \"often\"", []string{`run.toml:1: save-every: "often": want a time such as "30s"`}},
		{"precision = \"fp7\"", []string{`run.toml:1: precision: "fp7": want one of fp64, fp32`}},
		{"[model]\nname = 1", []string{"run.toml: model: ", "want a text"}},
		{"lr = 1\nlr = 2", []string{"run.toml: ", "line 2", "lr"}},
		{"weight-decay = 1\nweight_decay = 2", []string{"run.toml:2: weight-decay: is there twice"}},
		{"epochs = 1\nsteps = 5", []string{"run.toml:2: epochs and steps: want only one of them"}},
		{"resume = \"run\"", []string{"run.toml:1: resume: can only be a flag"}},
		{"lr = ", []string{"run.toml: ", "line 1"}},
	} {
		if err := os.WriteFile("run.toml", []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Run(c.text, func(t *testing.T) { refuse(t, statusUsage, []string{"train", "--config", "run.toml"}, c.want) })
	}
	refuse(t, statusUsage, []string{"train", "--config", "none.toml"}, []string{"none.toml: no such file"})
	refuse(t, statusUsage, []string{"train", "--epochs", "1", "--steps", "1"}, []string{"--epochs and --steps can't be used together"})
	if left := snapshot(t, "."); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBadEnvironment(t *testing.T) {
	for _, c := range []struct{ variable, value, want string }{
		{"ODYSSEY_TRAIN_WEIGHT_DECYA", "1", "ODYSSEY_TRAIN_WEIGHT_DECYA: there is no such setting, did you mean ODYSSEY_TRAIN_WEIGHT_DECAY?"},
		{"ODYSSEY_TRAIN_LR", "fast", `ODYSSEY_TRAIN_LR=fast: "fast": want a number`},
		{"ODYSSEY_TRAIN_CONFIG", "run.toml", "ODYSSEY_TRAIN_CONFIG: can only be a flag"},
	} {
		t.Run(c.variable, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			refuse(t, statusUsage, []string{"train", "--print-config"}, []string{c.want})
			succeed(t, "version")
		})
	}
}

func TestResumeTakesNoSettings(t *testing.T) {
	dir := trained(t)
	for _, args := range [][]string{{"--lr", "0.1"}, {"--epochs", "3"}, {"--config", written(t, "lr = 1")}, {"--eager"}} {
		want := fmt.Sprintf("--resume goes on with the run's own settings: %s can't be used with it", args[0])
		refuse(t, statusUsage, append([]string{"train", "--resume", dir}, args...), []string{want})
	}
	refuse(t, statusError, []string{"train", "--resume", dir, "--data", "elsewhere"}, []string{"the run's data is glyphs, which lies in no directory"})
	refuse(t, statusUsage, []string{"train", "--resume", dir, "--out", "x"}, []string{"--out", "--resume", "can't be used together"})
	before := snapshot(t, dir)
	t.Setenv("ODYSSEY_TRAIN_LR", "7") // of new runs
	if out := succeed(t, "train", "--resume", dir, "--save-every", "1s", "--keep-every", "1", "--keep-last", "1", "--profile"); out != dir+" is finished: there is nothing to go on with\n" {
		t.Errorf("%q", out)
	}
	if after := snapshot(t, dir); !slices.Equal(before, after) {
		t.Errorf("a finished run has changed: %v, before %v", after, before)
	}
}

func TestStepsAndKeptEpochs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out := succeed(t, "train", "--steps", "14", "--limit", "64", "--batch", "16", "--keep-every", "1", "--keep-last", "2", "--out", dir)
	if !strings.Contains(out, "\nepoch 4/4 ") {
		t.Errorf("want 4 epochs, the last cut short:\n%s", out)
	}
	if e, n := lastEpoch(t, dir); n != 4 || e.Steps != 2 {
		t.Errorf("%d epochs, the last of %d steps, want 4 and 2", n, e.Steps)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "epoch-*.safetensors"))
	if err != nil || len(kept) != 2 || !strings.HasSuffix(kept[1], "epoch-0004.safetensors") {
		t.Errorf("kept %v, want those of epochs 3 and 4", kept)
	}
	refuse(t, statusError, []string{"train", "--keep-every=-1"}, []string{"--keep-every -1", "want none below 0"})
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"lr", "", 2}, {"decya", "decay", 1}, {"epoch", "epochs", 1}, {"sitting", "kitten", 3}, {"größe", "grosse", 3}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
