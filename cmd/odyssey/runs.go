package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/train"
)

// withRecords returns those of several paths that hold a run, and those that are there but hold none: runs/* has
// sweeps and pictures, too. A path that is not there counts as a run, and so do all of them where none holds one: opening them tells what is wrong.
func withRecords(paths []string) (runs, others []string) {
	for _, path := range paths {
		_, there := os.Stat(path)
		if _, err := os.Stat(filepath.Join(path, train.RecordFile)); err != nil && there == nil {
			others = append(others, path)
		} else {
			runs = append(runs, path)
		}
	}
	if len(runs) == 0 {
		return paths, nil
	}
	return runs, others
}

// tellOthers tells of paths that hold no run.
func tellOthers(out *output, others []string) {
	for _, path := range others {
		fmt.Fprintf(out, "left out: %s has no %s, so it is no run\n", printable.Text(path), train.RecordFile)
	}
}

// shortNames returns the last part of each directory, or all of it where that is not enough to tell runs apart.
func shortNames(dirs []string) (names []string) {
	seen := map[string]int{}
	for _, dir := range dirs {
		seen[lastPart(dir)]++
	}
	for _, dir := range dirs {
		name := lastPart(dir)
		if seen[name] > 1 {
			name = filepath.Clean(dir)
		}
		names = append(names, name)
	}
	return names
}

// lastPart returns the name of a directory, of "." too.
func lastPart(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}
