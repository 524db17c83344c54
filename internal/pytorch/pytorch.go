// Package pytorch asks PyTorch what it computes: for tests that compare.
package pytorch

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// Ask runs a script in a Python that has PyTorch, with the question as JSON for
// its input, and reads its output, JSON too, into answer. Without such a Python
// the test is skipped: unless ODYSSEY_PYTORCH is set, as where the comparison is
// what the test is run for.
func Ask(t testing.TB, script string, question, answer any) {
	t.Helper()
	asked, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(python(t), script)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(asked), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

// python finds PyTorch without importing it, which takes seconds.
func python(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", `import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)`).Run() == nil {
			return name
		}
	}
	missing := t.Skip
	if os.Getenv("ODYSSEY_PYTORCH") != "" {
		missing = t.Fatal
	}
	missing("no python3 here has PyTorch: see bench/install.sh")
	return ""
}
