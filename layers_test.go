package odyssey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mlodyssey/odyssey"

// layers are the packages from the ground up: each imports only from above its
// own row. docs/architecture.md says what each is for.
var layers = []string{
	"numeric",
	"random",
	"internal/kernel",
	"internal/parallel",
	"internal/printable",
	"internal/filelock",
	"internal/folder",
	"internal/fixedseed",
	"tensor",
	"checkpoint",
	"autograd",
	"op",
	"gradcheck",
	"program",
	"precision",
	"nn",
	"optim",
	"data/glyphs",
	"augment",
	"data",
	"data/known",
	"data/stats",
	"train/record",
	"train/metric",
	"train/tensorboard",
	"train",
	"train/callback",
	"train/lrfind",
	"train/sweep",
	"train/compare",
	"train/curves",
	"train/report",
	"model",
	"internal/measure",
	"internal/python",
	"cmd/odyssey",
	"examples",
}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// listAll lists the packages of this module.
func listAll(t *testing.T) (packages []listed) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 10 {
		t.Fatalf("only %d packages", len(packages))
	}
	return packages
}

func TestPackagesImportOnlyDownwards(t *testing.T) {
	for _, v := range violations(listAll(t)) {
		t.Error(v)
	}
}

// Tests that draw their inputs draw the same in each run.
func TestWhoeverDrawsHasTheFixedSeed(t *testing.T) {
	const rapid, seed = "pgregory.net/rapid", module + "/internal/fixedseed"
	draw := 0
	for _, p := range listAll(t) {
		imports := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		if p.ImportPath == seed || !slices.Contains(imports, rapid) {
			continue
		}
		draw++
		if !slices.Contains(imports, seed) {
			t.Errorf("%s imports %s without %s", p.ImportPath, rapid, seed)
		}
	}
	if draw < 5 {
		t.Errorf("%d packages draw, want at least 5", draw)
	}
}

// docs/architecture.md has a row for each layer, in their order.
func TestArchitectureListsTheLayers(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "A package imports only from rows above its own")
	table, _, _ = strings.Cut(table, "\n## ")
	var rows []string
	for line := range strings.Lines(table) {
		if row, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(row, "`")
			rows = append(rows, name)
		}
	}
	if !slices.Equal(rows, layers) {
		t.Errorf("rows %q, want %q", rows, layers)
	}
}

// violations returns what breaks the layers.
func violations(packages []listed) []string {
	var found []string
	for _, p := range packages {
		if p.ImportPath == module {
			continue
		}
		at := layerOf(p.ImportPath)
		if at < 0 {
			found = append(found, fmt.Sprintf("%s is in no layer", p.ImportPath))
			continue
		}
		for _, i := range p.Imports {
			if !strings.HasPrefix(i, module+"/") {
				continue
			}
			if on := layerOf(i); on >= at {
				found = append(found, fmt.Sprintf("%s, of layer %d, imports %s, of layer %d", p.ImportPath, at, i, on))
			}
		}
	}
	return found
}

// layerOf returns the row of a package: that of its path or, for the examples,
// of its folder.
func layerOf(path string) int {
	path = strings.TrimPrefix(path, module+"/")
	for i, l := range layers {
		if path == l || l == "examples" && strings.HasPrefix(path, "examples/") {
			return i
		}
	}
	return -1
}

func TestAnUpwardImportIsFound(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"op", "tensor", 0},
		{"tensor", "op", 1},
		{"internal/kernel", "internal/parallel", 1},
		{"train", "cmd/odyssey", 1},
		{"op", "op", 1},
		{"unheard/of", "tensor", 1},
	} {
		got := violations([]listed{{ImportPath: module + "/" + c.from, Imports: []string{"fmt", module + "/" + c.to}}})
		if len(got) != c.want {
			t.Errorf("%s importing %s: %q", c.from, c.to, got)
		}
	}
}
