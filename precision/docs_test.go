package precision

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/op"
)

var update = flag.Bool("update", false, "write the tables of docs/precision.md")

const docs = "../docs/precision.md"

//go:generate go test -run TestTheTablesInTheDocs -update

// The tables in the docs follow a comment with their name, and end with an empty line or the file.
func TestTheTablesInTheDocs(t *testing.T) {
	b, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	want := withTable(withTable(got, "policies", policiesTable()), "operations", operationsTable())
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("the tables of %s are not what the code says: run go generate ./precision", docs)
	}
}

func withTable(text, name, table string) string {
	mark := "<!-- " + name + " -->\n"
	before, rest, ok := strings.Cut(text, mark)
	if !ok {
		return text + "\n" + mark + table
	}
	_, after, _ := strings.Cut("\n"+rest, "\n\n")
	if after != "" {
		after = "\n" + after
	}
	return before + mark + table + after
}

func policiesTable() string {
	var b strings.Builder
	b.WriteString("| precision | weights and activations | gradients | scales | results | first and last layer |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, p := range Policies() {
		if !p.Rounds() {
			fmt.Fprintf(&b, "| %s | - | - | - | - | %v |\n", p, p.Type())
			continue
		}
		scales, results, ends := "none", "float32", "as the others"
		switch {
		case p.Forward.Blocks() != nil:
			scales = fmt.Sprintf("each %d values", p.Forward.Blocks().Size)
		case p.History > 0:
			scales = fmt.Sprintf("each tensor, from %d steps", p.History)
		case p.Scaled:
			scales = "the loss"
		}
		if p.Results {
			results = "rounded"
		}
		if p.KeepEnds {
			ends = "float32"
		}
		fmt.Fprintf(&b, "| %s | %v | %v | %s | %s | %s |\n", p, p.Forward, p.Gradient, scales, results, ends)
	}
	return b.String()
}

func operationsTable() string {
	var b strings.Builder
	b.WriteString("| operation | reads rounded, by number of input | gives rounded, if the precision rounds results |\n| --- | --- | --- |\n")
	for _, e := range op.Table() {
		if r, ok := table[e.Name]; ok {
			when := ""
			if r.packed {
				when = " (in inference with `--activations`)"
			}
			fmt.Fprintf(&b, "| %s, %s | %s%s | %s |\n", e.Name, e.Shapes, numbers(r.operands), when, numbers(r.results))
		}
	}
	var kinds []string
	for _, e := range op.Table() {
		reason, listed := unrounded[e.Name]
		if listed {
			fmt.Fprintf(&b, "| %s: %s | float32 | float32 |\n", e.Name, reason)
		} else if !isProduct(e) && !slices.Contains(kinds, string(e.Kind)) {
			kinds = append(kinds, string(e.Kind))
		}
	}
	slices.Sort(kinds)
	fmt.Fprintf(&b, "| all of %s | float32 | float32 |\n", strings.Join(kinds, ", "))
	return b.String()
}

func numbers(n []int) string {
	if len(n) == 0 {
		return "float32"
	}
	return strings.Trim(fmt.Sprint(n), "[]")
}
