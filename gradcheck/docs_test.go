package gradcheck

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

var update = flag.Bool("update", false, "write docs/operations.md")

const docs = "../docs/operations.md"

//go:generate go test -run TestTheTableInTheDocs -update

func TestTheTableInTheDocs(t *testing.T) {
	want := docsTable(op.Table())
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the table says: run go generate ./gradcheck", docs)
	}
}

// docsTable is the table of operations for people.
func docsTable(table []op.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Operations

Written by `+"`go generate ./gradcheck`"+` from the table in package `+"`op`"+`; `+"`odyssey gradcheck`"+` judges all of it. There are %d operations:
those with a Call are for users, the others are what gradients and programs are made of. Shapes are those of inputs → outputs; elementwise
operations take any shapes, two inputs broadcast as in NumPy. "Gradient" says how often an operation can be differentiated: smoothly
(2: first and second derivatives are checked, and no more are needed for all others), at its kinks by the choice given, or not at all (0: gradients stop). "Float32" is the bound of
the error against float64, relative to max(1, |value|). Operations "of others" are made of other rows of the table.

`, len(table))
	for _, kind := range kinds(table) {
		fmt.Fprintf(&b, "## %s\n\n| operation | call | formula | shapes | gradient | float32 | cases |\n| --- | --- | --- | --- | --- | --- | --- |\n", kind)
		for _, e := range table {
			if e.Kind == kind {
				fmt.Fprintln(&b, docsRow(e))
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func docsRow(e op.Entry) string {
	name, call, shapes, gradient, bound := e.Name, e.Call, e.Shapes, "2", e.Bound
	if _, ok := e.Cases[0].Op.(op.Composition); ok {
		name += ", of others"
	}
	if call != "" {
		call = "`" + call + "`"
	}
	if shapes == "" {
		shapes = "elementwise"
	}
	if autograd.IsConstant(e.Cases[0].Op) {
		gradient = "0"
	}
	if op.IsFinal(e.Cases[0].Op) {
		gradient = "none: an error"
	}
	if e.Once != "" {
		gradient = "1: " + e.Once
	}
	if e.Kinks != "" {
		gradient += "; " + e.Kinks
	}
	if bound == 0 {
		bound = op.DefaultBound
	}
	cells := []string{name, call, e.Formula, shapes, gradient, fmt.Sprintf("%.0e", bound), fmt.Sprint(len(e.Cases))}
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", "\\|")
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// kinds returns those of the table, in the order of their first operations.
func kinds(table []op.Entry) (kinds []op.Kind) {
	seen := map[op.Kind]bool{}
	for _, e := range table {
		if !seen[e.Kind] {
			seen[e.Kind] = true
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// What the table says that users call is there.
func TestCallsAreFunctions(t *testing.T) {
	exported := map[string]bool{}
	paths, err := filepath.Glob("../op/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				exported[fn.Name.Name] = ast.IsExported(fn.Name.Name)
			}
		}
	}
	calls := 0
	for _, e := range op.Table() {
		if e.Call == "" {
			continue
		}
		calls++
		if name, _, ok := strings.Cut(e.Call, "("); !ok || !exported[name] {
			t.Errorf("%s: %q calls no function of package op", e.Name, e.Call)
		}
	}
	if calls < 20 {
		t.Errorf("only %d operations can be called", calls)
	}
}
