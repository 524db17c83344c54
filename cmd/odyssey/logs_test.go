package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mlodyssey/odyssey/train"
)

func TestTrainLogs(t *testing.T) {
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		posts.Add(1)
	}))
	defer server.Close()
	logs := t.TempDir()
	table, steps, board := filepath.Join(logs, "epochs.csv"), filepath.Join(logs, "steps.jsonl"), filepath.Join(logs, "board")
	dir := trained(t, "--log", table, "--log", steps, "--log-every", "2", "--tensorboard", board, "--samples", "--webhook", server.URL, "--accumulate", "2")
	for path, lines := range map[string]int{table: 3, steps: 6} {
		b, err := os.ReadFile(path)
		if got := strings.Count(string(b), "\n"); err != nil || got != lines {
			t.Errorf("%s has %d lines, want %d; %v", path, got, lines, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, samplesFile)); err != nil {
		t.Error(err)
	}
	events, _ := filepath.Glob(filepath.Join(board, "events.out.tfevents.*"))
	if len(events) != 1 {
		t.Fatalf("event files %v", events)
	}
	b, err := os.ReadFile(events[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"epoch/test_accuracy", "epoch/f1_macro", "weights/conv1.weight", "gradients/fc3.bias"} {
		if !strings.Contains(string(b), tag) {
			t.Errorf("no %s among the events", tag)
		}
	}
	if posts.Load() != 4 {
		t.Errorf("%d messages, want 4", posts.Load())
	}
	if s, err := train.ReadSettings(dir); err != nil || s.Accumulate != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTrainStopsEarly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	// Nothing is learnt, so nothing gets better.
	out := succeed(t, "train", "--limit", "64", "--epochs", "5", "--lr", "0", "--early-stop", "2", "--out", dir)
	if _, n := lastEpoch(t, dir); n != 3 {
		t.Errorf("%d epochs, want 3:\n%s", n, out)
	}
	if want := "\nended early: no better for 2 epochs than after epoch 1\n"; !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
	if out := succeed(t, "train", "--limit", "64", "--epochs", "1", "--out", filepath.Join(t.TempDir(), "run")); strings.Contains(out, "ended early") {
		t.Errorf("a run that is finished ends early:\n%s", out)
	}
	if again := succeed(t, "train", "--resume", dir); !strings.Contains(again, "finished") {
		t.Errorf("going on: %s", again)
	}
	if proof := succeed(t, "verify", dir, "--replay", "all"); !strings.Contains(proof, "3 of 3 epochs") || !strings.Contains(proof, "no better for 2 epochs than after epoch 1") {
		t.Error(proof)
	}
}

// An epoch that a time budget ends is said to be a part, and what is left of it to be left out.
func TestTimeBudgetWithinAnEpoch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out := succeed(t, "train", "--limit", "64", "--batch", "16", "--epochs", "3", "--time-budget", "1ns", "--out", dir)
	for _, want := range []string{"\nepoch 1/3  1 of 4 batches  loss ", "\nended early: the time budget of 1ns is spent after 1 of 4 batches of epoch 1\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if r, err := train.ReadRecord(dir); err != nil || r.End.Reason != "the time budget of 1ns is spent after 1 of 4 batches of epoch 1" {
		t.Errorf("%+v, %v", r, err)
	}
	again := succeed(t, "train", "--resume", dir)
	for _, want := range []string{"\ngoing on with epoch 2/3; epoch 1 ended after 1 of 4 batches, and its rest is left out\n", "\nepoch 2/3  loss ", "\nepoch 3/3  loss "} {
		if !strings.Contains(again, want) {
			t.Errorf("no %q in\n%s", want, again)
		}
	}
	if proof := succeed(t, "verify", dir, "--replay", "all"); !strings.Contains(proof, "3 of 3 epochs") || !strings.Contains(proof, "; epoch 1 ended after 1 of 4 batches") {
		t.Error(proof)
	}
	if told := succeed(t, "compare", dir, dir); !strings.Contains(told, "\ncut short: "+dir+": epoch 1 ended after 1 of 4 batches\n") {
		t.Error(told)
	}
	last := filepath.Join(t.TempDir(), "last")
	succeed(t, "train", "--limit", "64", "--batch", "16", "--epochs", "1", "--time-budget", "1ns", "--out", last)
	if out := succeed(t, "train", "--resume", last); !strings.HasPrefix(out, last+" is finished") || !strings.Contains(out, "after 1 of 4 batches of epoch 1") {
		t.Error(out)
	}
}

func TestBadLogs(t *testing.T) {
	for want, args := range map[string][]string{
		"steps.txt: want a name that ends in .csv or .jsonl": {"--log", "steps.txt"},
		"--log-every 0: want at least 1":                     {"--log-every", "0"},
		"--webhook nowhere: want an address":                 {"--webhook", "nowhere"},
		"--time-budget -1s: want none below 0":               {"--time-budget=-1s"},
		"--save-every -1s: want none below 0":                {"--save-every=-1s"},
		"--keep-last -1: want none below 0":                  {"--keep-last=-1"},
		"65 pieces":                                          {"--accumulate", "65"},
		"an early stop after -1 epochs":                      {"--early-stop=-1"},
		"--decay-weights: want --weight-decay X too":         {"--decay-weights"},
		"that is the file of --log a.jsonl":                  {"--log", "a.jsonl", "--log", "./a.jsonl"},
	} {
		refuse(t, statusError, append([]string{"train", "--epochs", "1", "--limit", "64", "--out", filepath.Join(t.TempDir(), "run")}, args...), []string{want})
	}
	// Before the run is announced.
	if out, _, _ := command("train", "--epochs", "1", "--limit", "64", "--out", filepath.Join(t.TempDir(), "run"), "--save-every=-1s"); out != "" {
		t.Errorf("%q, want no word of a run", out)
	}
}
