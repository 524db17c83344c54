package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/train"
)

func TestVerifyTellsWhatWasProved(t *testing.T) {
	dir := trained(t)
	for _, c := range []struct{ replay, want, no string }{
		{"", "the record (4 lines), 0 data files and ", "again"},
		{"eval", "evaluated again", "trained again"},
		{"epoch=1", "trained again, 1 of 2 epochs has the recorded weights bit for bit", ""},
		{"all", "trained again, 2 of 2 epochs have the recorded weights bit for bit", ""},
	} {
		out := succeed(t, "verify", dir, "--replay", c.replay)
		if !strings.Contains(out, c.want) || c.no != "" && strings.Contains(out, c.no) {
			t.Errorf("--replay %s: %s", c.replay, out)
		}
	}
	for _, replay := range []string{"epoch=0", "epoch=x", "everything"} {
		refuse(t, statusError, []string{"verify", dir, "--replay", replay}, []string{replay, "want "})
	}
	if err := os.WriteFile(filepath.Join(dir, train.BestFile), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	refuse(t, statusError, []string{"verify", dir}, []string{"run.json: line ", "best.safetensors is not its classifier"})
	refuse(t, statusError, []string{"verify", t.TempDir()}, []string{"run.json: no such file, want the directory of a run"})
}

func TestEvalTellsOfEachClass(t *testing.T) {
	out := succeed(t, "eval", trained(t), "--classes")
	for _, want := range []string{"f1 macro ", "top5 accuracy ", "most often taken for\n", "macro figures are means over all 47 classes"} { // of 64 examples
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if lines := strings.Count(out, "\n"); lines != 1+5+1+1+47 {
		t.Errorf("%d lines:\n%s", lines, out)
	}
}
