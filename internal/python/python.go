// Package python asks libraries of Python what they compute: for tests that compare.
package python

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// Library is a library that tests compare with.
type Library struct {
	name     string
	module   string
	variable string // of the environment: where it is set, a test that finds no such library fails
	install  string // how to get it
}

// The libraries.
var (
	PyTorch     = Library{"PyTorch", "torch", "ODYSSEY_PYTORCH", "see bench/install.sh"}
	Pillow      = Library{"Pillow", "PIL", "ODYSSEY_PYTORCH", "sh bench/install.sh PIL"} // comes with torchvision
	ScikitLearn = Library{"scikit-learn", "sklearn", "ODYSSEY_SKLEARN", "sh bench/install.sh sklearn"}
	TensorBoard = Library{"TensorBoard", "tensorboard", "ODYSSEY_TENSORBOARD", "pip install tensorboard"}
)

// Ask runs a script in a Python that has the library, with the question as JSON for its
// input, and reads its output, JSON too, into answer. Without such a Python the test is
// skipped: unless the library's variable is set, as where the comparison is what the test is
// run for.
func (l Library) Ask(t testing.TB, script string, question, answer any) {
	t.Helper()
	asked, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(l.python(t), script)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(asked), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

// python finds the library without importing it, which takes seconds.
func (l Library) python(t testing.TB) string {
	t.Helper()
	const find = `import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)`
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", find, l.module).Run() == nil {
			return name
		}
	}
	missing := t.Skipf
	if os.Getenv(l.variable) != "" {
		missing = t.Fatalf
	}
	missing("no python3 here has %s: %s", l.name, l.install)
	return ""
}
