package odyssey

import (
	"os"
	"strings"
	"testing"
)

// The program that the README shows is the one that the examples run.
func TestTheReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("examples/lenet5/main.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := goFences(string(readme))
	if len(shown) != 1 {
		t.Fatalf("README.md has %d fences of Go, want the one of examples/lenet5/main.go", len(shown))
	}
	if got, want := shown[0], string(example); got != want {
		t.Errorf("README.md shows\n%s\nwant examples/lenet5/main.go:\n%s", got, want)
	}
}

// goFences returns what stands between lines "```go" and "```".
func goFences(markdown string) (fences []string) {
	for _, after := range strings.Split("\n"+markdown, "\n```go\n")[1:] {
		code, _, _ := strings.Cut(after, "\n```")
		fences = append(fences, code+"\n")
	}
	return fences
}
