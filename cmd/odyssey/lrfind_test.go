package main

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/train/lrfind"
)

func TestLRFind(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"lr-find", "--limit", "256", "--batch", "16", "--steps", "60", "--from", "1e-4", "--to", "1"}
	out := succeed(t, append(args, "--out", "rates.png")...)
	for _, want := range []string{"lenet5 on glyphs with sgd, batches of 16: learning rates from 0.0001 to 1 in 60 steps", "\n    60 ", "steepest fall at 0.0",
		"next: odyssey train --limit=256 --batch=16 --lr 0.0", "picture: rates.png"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	f, err := os.Open("rates.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if picture, err := png.Decode(f); err != nil || picture.Bounds().Dx() < 500 {
		t.Errorf("picture %v", err)
	}
	var got lrfind.Result
	if err := json.Unmarshal([]byte(succeed(t, append(args, "--json")...)), &got); err != nil || len(got.Points) != 60 || got.Steepest == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if left := snapshot(t, "."); len(left) != 3 {
		t.Errorf("left behind: %v, want the two pictures alone", left)
	}
}

// Rates too small for the network to learn are told from noise.
func TestLRFindOfRatesThatAreTooSmall(t *testing.T) {
	t.Chdir(t.TempDir())
	out := succeed(t, "lr-find", "--limit", "256", "--batch", "16", "--steps", "60", "--from", "1e-9", "--to", "1e-5")
	if !strings.Contains(out, "the smoothed loss fell by less than 2 %: no rate can be told from it; try rates up to higher ones, with --to") || strings.Contains(out, "next:") {
		t.Error(out)
	}
}

// The command that comes next trains with the flags that the rate was found with.
func TestLRFindSaysHowToTrain(t *testing.T) {
	t.Chdir(t.TempDir())
	settled := []string{"--optimizer", "adamw", "--limit", "256", "--batch=16", "--weight-decay", "5e-4", "--momentum=0", "--decay-weights", "--augment", "rotate:degrees=10", "--seed", "3"}
	out := succeed(t, append([]string{"lr-find", "--steps", "60", "--from", "1e-4", "--to", "1", "--out", "p.png"}, settled...)...)
	_, next, _ := strings.Cut(out, "\nnext: odyssey ")
	next, _, _ = strings.Cut(next, "\n")
	rest, rate, _ := strings.Cut(next, " --lr ")
	if want := "train --optimizer=adamw --limit=256 --batch=16 --weight-decay=0.0005 --momentum=0 --decay-weights=true --augment=rotate:degrees=10 --seed=3"; rest != want || rate == "" {
		t.Errorf("next: %s, want %s", next, want)
	}
	got := succeed(t, append(strings.Fields(next), "--print-config")...)
	if want := succeed(t, append([]string{"train", "--print-config", "--lr", rate}, settled...)...); got != want {
		t.Errorf("the next command has the settings\n%s, want\n%s", got, want)
	}
}

func TestAsTyped(t *testing.T) {
	for value, want := range map[string]string{"runs/a-1:size=8x8": "--data=runs/a-1:size=8x8", "my data": "--data='my data'", "it's": `--data='it'\''s'`, "": "--data=''", "$(x)": "--data='$(x)'"} {
		if got := asTyped("data", value); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// The file may have what only train knows; a key that it does not know is wrong here too.
func TestLRFindTakesTheSettingsOfTrain(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "lr.png")
	t.Setenv("ODYSSEY_TRAIN_BATCH", "8")
	t.Setenv("ODYSSEY_TRAIN_STEPS", "2")
	file := written(t, "optimizer = \"adamw\"\nepochs = 3\nlr = 7\nlimit = 64\nout = \"elsewhere\"\n")
	out := succeed(t, "lr-find", "--config", file, "--steps", "12", "--out", picture)
	if !strings.Contains(out, "with adamw, batches of 8: learning rates from 1e-06 to 10 in 12 steps") {
		t.Errorf("%s", out)
	}
	refuse(t, statusUsage, []string{"lr-find", "--config", written(t, "optimiser = \"sgd\"")}, []string{"optimiser: there is no such setting, did you mean optimizer?"})
	refuse(t, statusError, []string{"lr-find", "--from", "2", "--to", "1"}, []string{"learning rates from 2 to 1: want them to rise"})
	refuse(t, statusError, []string{"lr-find", "--limit", "64", "--steps", "5", "--out", "no/such/lr.png"}, []string{"no/such/lr.png", "no such file"})
}
