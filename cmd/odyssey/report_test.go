package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/train"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReport(t *testing.T) {
	dir, other := trained(t, "--seed", "3"), trained(t)
	file := filepath.Join(dir, "report.html")
	if out, want := succeed(t, "report", dir), file+" is the report of 1 run\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	page := readFile(t, file)
	for _, want := range []string{"lenet5 on glyphs", "all 64 test examples", "Worst mistakes", "conv1.weight"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the report", want)
		}
	}
	both := filepath.Join(t.TempDir(), "both.html")
	if out := succeed(t, "report", dir, other, "--out", both); !strings.Contains(out, "of 2 runs") {
		t.Errorf("%q, want both runs", out)
	}
	if page := readFile(t, both); strings.Count(page, `class="swatch"`) != 2 {
		t.Error("the report of two runs does not list two")
	}
}

// The report is the same however the run's directory is written, with a checkpoint or without.
func TestTheReportOfARunIsTheSameByAnyPath(t *testing.T) {
	dir := trained(t)
	t.Chdir(filepath.Dir(dir))
	reports := func() (pages []string) {
		for _, path := range []string{"run", "./run", dir, "../" + filepath.Base(filepath.Dir(dir)) + "/run"} {
			succeed(t, "report", path, "--out", "page.html")
			pages = append(pages, readFile(t, "page.html"))
		}
		return pages
	}
	for _, spoil := range []func(){func() {}, func() { os.Remove(filepath.Join(dir, train.ModelFile)); os.Remove(filepath.Join(dir, train.BestFile)) }} {
		spoil()
		pages := reports()
		for i, page := range pages {
			if page != pages[0] {
				t.Errorf("report %d is another", i)
			}
		}
		if !strings.Contains(pages[0], "run: the record") && !strings.Contains(pages[0], "run/run.json: line ") || strings.Contains(pages[0], dir) {
			t.Errorf("the report does not verify the run by its name, or has its directory")
		}
	}
}

func TestReportNamesRunsApart(t *testing.T) {
	one, two := trained(t), trained(t)
	file := filepath.Join(t.TempDir(), "both.html")
	succeed(t, "report", one, two, "--out", file)
	for _, want := range []string{"</span>" + one + "</th>", "</span>" + two + "</th>"} {
		if !strings.Contains(readFile(t, file), want) {
			t.Errorf("no %q in the report", want)
		}
	}
}

// The data may have moved since.
func TestReportFindsDataThatMoved(t *testing.T) {
	digits := newIDX(t)
	dir := trained(t, "--data", digits.dir, "--limit", "40")
	before := filepath.Join(t.TempDir(), "before.html")
	succeed(t, "report", dir, "--out", before)
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(digits.dir, moved); err != nil {
		t.Fatal(err)
	}
	after := filepath.Join(t.TempDir(), "after.html")
	if out := succeed(t, "report", dir, "--data", moved, "--out", after); strings.Contains(out, "not in the report") {
		t.Errorf("%s", out)
	}
	if readFile(t, before) != readFile(t, after) {
		t.Error("the report with moved data is another")
	}
}

// A report is written of what is there, and the program says what is not.
func TestReportOfARunThatLost(t *testing.T) {
	digits := newIDX(t)
	dir := trained(t, "--data", digits.dir, "--limit", "40")
	os.RemoveAll(digits.dir)
	if out := succeed(t, "report", dir); !strings.Contains(out, "not in the report: confusion and mistakes: test data: ") {
		t.Errorf("%q, want what is missing", out)
	}
	file := filepath.Join(dir, train.ModelFile)
	os.WriteFile(file, []byte("no model"), 0o666)
	os.WriteFile(filepath.Join(dir, train.BestFile), []byte("no model"), 0o666)
	if out := succeed(t, "report", dir); !strings.Contains(out, "does not hold: The SHA-256") {
		t.Errorf("%q, want what does not hold", out)
	}
	refuse(t, statusError, []string{"report", t.TempDir()}, []string{"want the directory of a run"})
	refuse(t, statusError, []string{"report", dir, "--out", filepath.Join(dir, "no", "such", "file")}, []string{"no such file or directory"})
	refuse(t, statusUsage, []string{"report"}, []string{"<run>"})
}

// following reads the live page when the program says where it is.
type following struct {
	io.Writer
	t      *testing.T
	events chan string
}

var liveURL = regexp.MustCompile(`live: (http://\S+/)`)

func (f *following) Write(b []byte) (int, error) {
	if m := liveURL.FindSubmatch(b); m != nil {
		response, err := http.Get(string(m[1]) + "events")
		if err != nil {
			f.t.Error(err)
			close(f.events)
			return len(b), nil
		}
		go func() {
			defer close(f.events)
			for s := bufio.NewReader(response.Body); ; {
				line, err := s.ReadString('\n')
				if name, ok := strings.CutPrefix(line, "event: "); ok {
					f.events <- strings.TrimSpace(name)
				}
				if err != nil {
					return
				}
			}
		}()
	}
	return len(b), nil
}

// A client that is there from the start gets all of the run, and its end before the program ends.
func TestTrainLive(t *testing.T) {
	before := goodbye
	t.Cleanup(func() { goodbye = before })
	goodbye = time.Hour
	f := &following{io.Discard, t, make(chan string, 1000)}
	dir := filepath.Join(t.TempDir(), "run")
	var stderr strings.Builder
	if status := run(context.Background(), []string{"train", "--limit", "64", "--epochs", "2", "--out", dir, "--live", "127.0.0.1:0"}, f, &stderr); status != 0 {
		t.Fatalf("status %d, %s", status, stderr.String())
	}
	last := ""
	for name := range f.events {
		last = name
	}
	if last != "end" {
		t.Errorf("the last event is %q, want the end", last)
	}
}

// An address that cannot be had is told of before anything is made.
func TestLiveAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Chdir(t.TempDir())
	at := l.Addr().String()
	refuse(t, statusError, []string{"train", "--limit", "64", "--live", at}, []string{"--live " + at, "want an address that is free"})
	refuse(t, statusError, []string{"train", "--limit", "64", "--live", "nonsense"}, []string{"--live nonsense", "such as :8080"})
	if _, err := os.Stat("runs"); err == nil {
		t.Error("a directory was made for a run that could not begin")
	}
}
