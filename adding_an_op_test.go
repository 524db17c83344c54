package odyssey

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What docs/adding-an-op.md shows is a package outside of this module whose test
// passes, and fails when the gradient is broken, as the page says.
func TestAddingAnOperation(t *testing.T) {
	dir := moduleOutside(t)
	files := filesOf(t, "docs/adding-an-op.md")
	for name, code := range files {
		write(t, filepath.Join(dir, name), code)
	}
	if out, err := goTest(dir); err != nil {
		t.Fatalf("what the page shows fails: %v\n%s", err, out)
	}
	broken := strings.Replace(files["isru.go"], "op.Mul(s, op.Sqrt(s))", "op.Sqrt(s)", 1)
	write(t, filepath.Join(dir, "isru.go"), broken)
	if out, err := goTest(dir); err == nil || !strings.Contains(out, "isru: case 0 {Alpha:1}: first derivative is off") {
		t.Errorf("a broken gradient gives %v\n%s", err, out)
	}
}

// moduleOutside returns the directory of a new module that uses this one.
func moduleOutside(t *testing.T) string {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.sum"), string(sums))
	write(t, filepath.Join(dir, "go.mod"), fmt.Sprintf("module example.com/isru\n\ngo 1.26.0\n\nrequire %s v0.0.0\n\nreplace %[1]s => %q\n", module, here))
	return dir
}

var heading = regexp.MustCompile("(?m)^## .*`(.+\\.go)`$")

// filesOf returns the fences of Go in a page, by the files that the headings
// above them name.
func filesOf(t *testing.T, page string) map[string]string {
	markdown, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, section := range strings.SplitAfter(string(markdown), "\n## ") {
		if name := heading.FindStringSubmatch("## " + strings.SplitN(section, "\n", 2)[0]); name != nil {
			files[name[1]] = strings.Join(goFences(section), "")
		}
	}
	if len(files) != 3 || len(goFences(string(markdown))) != len(files) {
		t.Fatalf("%s has %d fences of Go under headings that name %d files, want 3", page, len(goFences(string(markdown))), len(files))
	}
	return files
}

func write(t *testing.T, path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goTest runs the tests of a module without a network.
func goTest(dir string) (string, error) {
	cmd := exec.Command("go", "test", "-mod=mod", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
