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
		"next: odyssey train --lr 0.0", "picture: rates.png"} {
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
