package numeric

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// Every exported format is in its list, once.
func TestTheListsAreComplete(t *testing.T) {
	listed := map[string]int{"Float": len(Floats()), "Blocks": len(BlockFormats())}
	in := declared(t)
	for kind, n := range listed {
		if n != in[kind] {
			t.Errorf("%d formats of type %s are listed, the package has %d", n, kind, in[kind])
		}
	}
	names := map[string]bool{}
	for _, f := range Floats() {
		names[f.Name] = true
	}
	for _, b := range BlockFormats() {
		names[b.Name] = true
	}
	if want := listed["Float"] + listed["Blocks"]; len(names) != want {
		t.Errorf("%d names for %d formats", len(names), want)
	}
}

func TestTheListsGoFromWideToNarrow(t *testing.T) {
	for i, f := range Floats()[1:] {
		if before := Floats()[i]; f.Bits() > before.Bits() || f.Bits() == before.Bits() && f.Mantissa > before.Mantissa {
			t.Errorf("%s stands after %s", f.Name, before.Name)
		}
	}
	for i, b := range BlockFormats()[1:] {
		if before := BlockFormats()[i]; b.Element.Bits() > before.Element.Bits() {
			t.Errorf("%s stands after %s", b.Name, before.Name)
		}
	}
}

// declared counts the exported variables of the package that are made as
// &Float{...} and &Blocks{...}.
func declared(t *testing.T) map[string]int {
	t.Helper()
	count := map[string]int{}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && spec.Names[0].IsExported() {
				count[literal(spec.Values[0])]++
			}
			return true
		})
	}
	return count
}

// literal returns T of an expression &T{...}, or nothing.
func literal(e ast.Expr) string {
	address, ok := e.(*ast.UnaryExpr)
	if !ok {
		return ""
	}
	composite, ok := address.X.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	name, _ := composite.Type.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}
