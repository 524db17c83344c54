package main

import (
	"fmt"

	"github.com/mlodyssey/odyssey/train"
)

type versionCommand struct{}

// Help is the long help text.
func (versionCommand) Help() string {
	return `The processor path is the set of kernels in use. All give the same bits; the environment variable ODYSSEY_CPU chooses one: portable, avx2 or avx512.

    odyssey version
    ODYSSEY_CPU=portable odyssey version`
}

// Run prints what the program was built from and what it runs on.
func (versionCommand) Run(out *output) error {
	e := train.CurrentEnvironment()
	commit := e.Commit
	switch {
	case commit == "":
		commit = "unknown"
	case e.Modified:
		commit += " with changes"
	}
	fmt.Fprintf(out, "odyssey     %s\n", e.Version)
	fmt.Fprintf(out, "commit      %s\n", commit)
	fmt.Fprintf(out, "Go          %s %s\n", e.Go, e.Platform)
	fmt.Fprintf(out, "processor   %s\n", e.Kernels)
	fmt.Fprintf(out, "GOMAXPROCS  %d\n", e.GOMAXPROCS)
	return nil
}
