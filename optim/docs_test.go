package optim

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/optimisers.md")

const docs = "../docs/optimisers.md"

//go:generate go test -run TestTheTablesInTheDocs -update

func TestTheTablesInTheDocs(t *testing.T) {
	want := docsTables()
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
		t.Errorf("%s is not what the tables say: run go generate ./optim", docs)
	}
}

func docsTables() string {
	var b strings.Builder
	b.WriteString(`# Optimisers and schedules

Written by ` + "`go generate ./optim`" + ` from the tables in package ` + "`optim`" + `, which say what the structs of settings mean. A step is made of
operations, so it is recorded with the rest. In the formulas g is the gradient, w the parameter, t the step, counted from 1. Weight decay is
a penalty, g + decay·w, unless it is written out. Fifty steps of each are compared with PyTorch 1.13, or with a plain reference where PyTorch has none.

| optimiser | formula | settings | learning rate | from |
| --- | --- | --- | --- | --- |
`)
	for _, r := range Optimizers() {
		fmt.Fprintln(&b, cells(r.Name, r.Formula, code(r.Settings), fmt.Sprint(r.LR), r.Paper))
	}
	b.WriteString(`
` + "`odyssey train --optimizer NAME:setting=value,…`" + ` sets them; the learning rate there is the default. ` + "`optim.Split`" + ` and ` + "`optim.Join`" + ` make groups of parameters
with settings of their own; ` + "`optim.ClipNorm`" + ` and ` + "`optim.ClipValue`" + ` clip gradients; ` + "`optim.Average`" + ` averages weights, exponentially (EMA) or
equally (SWA). All but three go through the elements of all parameters in one loop: LARS and LAMB need norms first, and Muon multiplies matrices.

## Schedules

The learning rate is multiplied by this in step t, counted from 0, of T. A span, such as ` + "`every`" + `, is a share of the run below 1, and a
number of steps from 1 on. ` + "`optim.NewWarmup`" + ` lets any of them rise first, ` + "`optim.Sequence`" + ` chains them, and ` + "`optim.Product`" + ` multiplies them.

| schedule | factor | settings | from |
| --- | --- | --- | --- |
`)
	for _, r := range Schedules() {
		fmt.Fprintln(&b, cells(r.Name, r.Formula, code(r.Settings), r.Paper))
	}
	return b.String()
}

func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

func cells(texts ...string) string {
	for i, s := range texts {
		texts[i] = strings.ReplaceAll(s, "|", "\\|")
	}
	return "| " + strings.Join(texts, " | ") + " |"
}
