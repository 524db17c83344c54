//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/train"
)

// killed is the run that is killed: it keeps its state in nearly each step, and something of every kind.
var killed = []string{"--limit", "192", "--batch", "16", "--epochs", "3", "--save-every", "1ms",
	"--optimizer", "adamw", "--ema", "0.9", "--augment", "shift:x=0.1"}

// A run that is killed again and again, at any moment, comes to the bits of one that never was. ODYSSEY_LONG=1 takes
// more moments.
func TestKilledRunsComeToTheSameBits(t *testing.T) {
	moments := 4
	if os.Getenv("ODYSSEY_LONG") != "" {
		moments = 50
	}
	begun := time.Now()
	whole := filepath.Join(t.TempDir(), "whole")
	if out, err := build(t, append([]string{"train", "--out", whole}, killed...)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	longest := time.Since(begun) // the moments are spread over what a run takes here
	want := sumOf(t, filepath.Join(whole, train.ModelFile))

	draw := random.New(1)
	kills, runs, early := 0, 0, 0
	for ; kills < moments; runs++ {
		dir := filepath.Join(t.TempDir(), fmt.Sprint("run", runs))
		for !live(t, dir, time.Duration(draw.Float64()*float64(longest)), kills < moments) {
			kills++
			if !checkWhole(t, dir) {
				early++
			}
		}
		if got := sumOf(t, filepath.Join(dir, train.ModelFile)); got != want {
			t.Errorf("run %d: after %d kills in all its model is %s, want %s", runs, kills, got, want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 {
			t.Errorf("run %d: left behind: %v", runs, left)
		}
	}
	t.Logf("%d runs killed at %d moments, %d of them before there was a record: all models are %.12s…", runs, kills, early, want)
}

// live lets a run begin, or go on, and kills it after some time if it is to be. It reports whether the run came to its end.
func live(t *testing.T, dir string, after time.Duration, mortal bool) (done bool) {
	t.Helper()
	args := append([]string{"train", "--out", dir}, killed...)
	if _, err := os.Stat(filepath.Join(dir, train.RecordFile)); err == nil {
		args = []string{"train", "--resume", dir, "--save-every", "1ms"}
	}
	c := build(t, args...)
	out, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if mortal {
		timer := time.AfterFunc(after, func() { c.Process.Kill() })
		defer timer.Stop()
	}
	c.Wait()
	switch code := c.ProcessState.ExitCode(); code {
	case 0:
		return true
	case -1: // by a signal
		return false
	default:
		text, _ := os.ReadFile(out.Name())
		t.Fatalf("odyssey %v: status %d, %s", args, code, text)
	}
	return false
}

// checkWhole fails unless all that a killed run has left can be read. It reports whether there is a record.
func checkWhole(t *testing.T, dir string) (recorded bool) {
	t.Helper()
	for _, file := range []string{train.ModelFile, train.BestFile, train.StateFile} {
		if _, err := checkpoint.Load(filepath.Join(dir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, train.RecordFile)); err != nil {
		return false
	}
	if _, err := train.ReadRecord(dir); err != nil {
		t.Error(err)
	}
	return true
}
