package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type step struct {
	Loss float64 `json:"loss"`
	Note string  `json:"note"`
}

// written returns the path of a record of three lines, and where it was after the second.
func written(t *testing.T) (path string, after2 Position) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run.json")
	l := New(path)
	for i, s := range []step{{0.1, "a"}, {1e-300, `,"sum":"`}, {2, "<é>\n"}} {
		if err := l.Append("step", s); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			after2 = l.Position()
		}
	}
	return path, after2
}

func TestReadGivesWhatWasAppended(t *testing.T) {
	path, _ := written(t)
	lines, err := Read(path)
	if err != nil || len(lines) != 3 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	var got step
	if err := json.Unmarshal(lines[1].Body, &got); err != nil || got != (step{1e-300, `,"sum":"`}) || lines[1].Kind != "step" {
		t.Errorf("line 2: %+v, %v", got, err)
	}
	if lines[2].Previous != lines[1].Sum || lines[0].Time.IsZero() {
		t.Errorf("line 3 %+v does not follow %+v", lines[2], lines[1])
	}
}

func TestOpenCutsOffWhatCameLater(t *testing.T) {
	path, at := written(t)
	l, err := Open(path, at)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append("resume", step{}); err != nil {
		t.Fatal(err)
	}
	lines, err := Read(path)
	if err != nil || len(lines) != 3 || lines[2].Kind != "resume" {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if _, err := Open(path, Position{2, strings.Repeat("0", 64)}); err == nil || !strings.Contains(err.Error(), "no line 2 with the sum 000000000000…") {
		t.Errorf("another sum: %v", err)
	}
}

// Every byte of a record is held by the chain.
func TestEveryChangedByteIsFound(t *testing.T) {
	path, _ := written(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range content {
		changed := bytes.Clone(content)
		changed[i] ^= 1
		if _, err := parse(changed); err == nil {
			t.Errorf("byte %d, %q, changed to %q: no error", i, content[i], changed[i])
		}
	}
}

func TestReadNamesTheLine(t *testing.T) {
	path, _ := written(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(content), "\n")[:3]
	for name, c := range map[string]struct{ content, want string }{
		"empty":    {"", "no lines, want a record"},
		"edited":   {lines[0] + strings.Replace(lines[1], "1e-300", "2e-300", 1) + lines[2], "line 2: its sum is"},
		"taken":    {lines[0] + lines[2], "line 2 says that it is line 3"},
		"moved":    {lines[1] + lines[0] + lines[2], "line 1 says that it is line 2"},
		"doubled":  {lines[0] + lines[0] + lines[2], "line 2 says that it is line 1"},
		"cut":      {lines[0] + lines[1][:20], "line 2 is cut off"},
		"no JSON":  {lines[0] + "hello\n", "line 2: not a line of a record"},
		"no chain": {lines[0] + rewritten(t, lines[1]) + lines[2], "line 3 follows a line with the sum"},
	} {
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// rewritten returns a line with another body and the sum that goes with it.
func rewritten(t *testing.T, line string) string {
	t.Helper()
	l, err := decode([]byte(strings.TrimSuffix(line, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	l.Body = json.RawMessage(`{"loss":0}`)
	b, _, err := encode(l)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"line":1,"previous":"","time":"2026-01-01T00:00:00Z","kind":"a","body":{},"sum":""}` + "\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		lines, err := parse(content)
		if err != nil {
			return
		}
		if got := bytes.Count(content, []byte("\n")); got != len(lines) {
			t.Errorf("%d lines of a record of %d", len(lines), got)
		}
	})
}

// A line has no fields but those that are known, though its sum be right.
func TestALineHasNoOtherFields(t *testing.T) {
	content := `{"line":1,"previous":"","time":"2026-01-02T03:04:05Z","kind":"a","body":1,"foo":2`
	content += fmt.Sprintf(`,"sum":"%x"}`+"\n", sha256.Sum256([]byte(content)))
	if _, err := parse([]byte(content)); err == nil || !strings.Contains(err.Error(), `line 1: not a line of a record: json: unknown field "foo"`) {
		t.Errorf("error %v", err)
	}
}
