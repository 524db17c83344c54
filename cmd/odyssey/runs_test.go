package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/train/compare"
)

// What runs/* gives may be a sweep or a picture; what is not there is a mistake.
func TestSeveralPathsMayHoldNoRuns(t *testing.T) {
	a, b := trained(t), trained(t, "--seed", "2")
	sweep, picture := t.TempDir(), filepath.Join(t.TempDir(), "compare.png")
	if err := os.WriteFile(picture, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	told := "left out: " + sweep + " has no run.json, so it is no run\nleft out: " + picture + " has no run.json, so it is no run\n"
	if out := succeed(t, "compare", sweep, a, picture, b); !strings.HasPrefix(out, told) || !strings.Contains(out, b+" differs from "+a) {
		t.Errorf("compare: %s", out)
	}
	file := filepath.Join(t.TempDir(), "all.html")
	if out := succeed(t, "report", sweep, a, picture, b, "--out", file); out != told+file+" is the report of 2 runs\n" {
		t.Errorf("report: %s", out)
	}
	if out := succeed(t, "report", sweep, a); !strings.HasSuffix(out, filepath.Join(a, reportFile)+" is the report of 1 run\n") {
		t.Errorf("report of what is left: %s", out)
	}
	var got struct {
		compare.Comparison
		LeftOut []string `json:"left_out"`
	}
	if err := json.Unmarshal([]byte(succeed(t, "compare", a, sweep, b, "--json")), &got); err != nil || len(got.Runs) != 2 || !slices.Equal(got.LeftOut, []string{sweep}) {
		t.Errorf("%+v, %v", got, err)
	}
	refuse(t, statusError, []string{"report", a, "none"}, []string{"none/run.json: no such file, want the directory of a run"})
	refuse(t, statusError, []string{"report", sweep, picture}, []string{sweep, "want the directory of a run"})
	refuse(t, statusError, []string{"compare", a, sweep}, []string{"want at least two runs"})
}

func TestShortNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "here")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, c := range [][2][]string{
		{{"runs/a", "runs/b/"}, {"a", "b"}}, {{"p1/run", "./p2/run", "c"}, {"p1/run", "p2/run", "c"}}, {{"."}, {"here"}},
	} {
		if got := shortNames(c[0]); !slices.Equal(got, c[1]) {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

// A record may have been made to deceive whoever compares it.
func TestCompareEscapesWhatATerminalWouldObey(t *testing.T) {
	var table strings.Builder
	bad := "\x1b[1A\rfinished"
	c := &compare.Comparison{
		Runs:        []compare.Run{{Dir: "a", Ended: bad}, {Dir: "b" + bad}},
		Settings:    []compare.Difference{{Name: "model", Values: []string{"lenet5", bad}}},
		Environment: []compare.Difference{{Name: "go", Values: []string{"go1.26", bad}}},
		Weights:     []compare.Weights{{Dir: "b" + bad}},
	}
	if err := printComparison(&output{Writer: &table}, c); err != nil {
		t.Fatal(err)
	}
	if got := table.String(); strings.ContainsAny(got, "\x1b\r") || strings.Count(got, `\x1b[1A\rfinished`) != 5 {
		t.Errorf("%q", got)
	}
}
