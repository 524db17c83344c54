package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
)

type gradcheckCommand struct {
	Names []string `arg:"" optional:"" name:"name" help:"The operations to check. Default: all."`
	JSON  bool     `name:"json" help:"Print JSON."`
}

// Help is the long help text.
func (gradcheckCommand) Help() string {
	return fmt.Sprintf(`Values are held against a plain reference in float64, first and second derivatives against central differences, float32 results against float64 ones; printed are the largest errors. Values pass up to %g, the derivatives up to %g and %g, relative to the largest; float32 up to the operation's bound. The exit status is 1 if an operation fails.

    odyssey gradcheck
    odyssey gradcheck conv2d softmax`, gradcheck.ValueBound, gradcheck.FirstBound, gradcheck.SecondBound)
}

// Run checks the operations and prints the outcome.
func (c gradcheckCommand) Run(ctx context.Context, out *output) error {
	entries, err := selectEntries(op.Table(), c.Names)
	if err != nil {
		return err
	}
	checks, err := checkAll(ctx, entries)
	if err != nil {
		return err
	}
	return printChecks(out, checks, c.JSON)
}

// selectEntries returns the entries of those names, or all.
func selectEntries(table []op.Entry, names []string) (selected []op.Entry, err error) {
	if len(names) == 0 {
		return table, nil
	}
	var known []string
	for _, e := range table {
		known = append(known, e.Name)
	}
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, fmt.Errorf("unknown operation %q: want names that odyssey gradcheck prints%s", name, alike(name, known))
		}
		selected = append(selected, table[i])
	}
	return selected, nil
}

// alike names those that begin as a name does.
func alike(name string, known []string) string {
	for n := len(name); n >= 2; n-- {
		var found []string
		for _, k := range known {
			if strings.HasPrefix(k, name[:n]) {
				found = append(found, k)
			}
		}
		if len(found) > 0 {
			return ", such as " + strings.Join(found[:min(len(found), 8)], ", ")
		}
	}
	return ""
}

// check is a report as it is printed: where there is no number, or none that
// JSON could hold, there is null.
type check struct {
	*gradcheck.Report
	Formula string   `json:"formula"`
	Value   *float64 `json:"value"`
	First   *float64 `json:"first"`
	Second  *float64 `json:"second"`
	Float32 *float64 `json:"float32"`
	Pass    bool     `json:"pass"`
}

func checkAll(ctx context.Context, entries []op.Entry) (checks []check, err error) {
	for _, e := range entries {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		checks = append(checks, newCheck(e, gradcheck.Check(e)))
	}
	return checks, nil
}

func newCheck(e op.Entry, r *gradcheck.Report) check {
	c := check{Report: r, Formula: e.Formula, Value: finite(r.Value), Float32: finite(r.Float32), Pass: r.Pass()}
	if !r.Constant {
		c.First, c.Second = finite(r.First), finite(r.Second)
	}
	if r.Once {
		c.Second = nil
	}
	return c
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func printChecks(out *output, checks []check, asJSON bool) error {
	var failed []string
	for _, c := range checks {
		if !c.Pass {
			failed = append(failed, c.Name)
		}
	}
	switch {
	case asJSON:
		if err := out.writeJSON(checks); err != nil {
			return err
		}
	default:
		printTable(out, checks)
		fmt.Fprintf(out, "%d of %d operations pass\n", len(checks)-len(failed), len(checks))
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d operations failed: %s", len(failed), len(checks), strings.Join(failed, ", "))
	}
	return nil
}

func printTable(out *output, checks []check) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "operation\tkind\tcases\tvalue\tfirst\tsecond\tfloat32\tbound\t\tformula")
	for _, c := range checks {
		verdict := "ok"
		if !c.Pass {
			verdict = "FAIL"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%.1e\t%s\t%s\n", c.Name, c.Kind, c.Cases, number(c.Value),
			derivative(c.First, c.Constant), derivative(c.Second, c.Constant || c.Once), number(c.Float32), c.Bound, verdict, c.Formula)
	}
	table.Flush()
	fmt.Fprintln(out)
	for _, c := range checks {
		for _, f := range c.Failures {
			fmt.Fprintf(out, "%s: %s\n", c.Name, f)
		}
	}
}

// derivative prints the error of a derivative, unless there is none.
func derivative(v *float64, none bool) string {
	if none {
		return "-"
	}
	return number(v)
}

func number(v *float64) string {
	if v == nil {
		return "NaN"
	}
	return fmt.Sprintf("%.1e", *v)
}
