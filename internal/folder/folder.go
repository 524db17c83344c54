// Package folder goes through folders, and through those that links lead to.
package folder

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Each calls f for the path of each file below a folder, in the order of their names, but for files and folders whose
// names are to be skipped; nil skips none. It follows links, as filepath.WalkDir does not, and returns the first error.
func Each(dir string, skip func(name string) bool, f func(path string) error) error {
	return each(dir, nil, skip, f)
}

// each goes through a folder that lies within others.
func each(dir string, within []fs.FileInfo, skip func(name string) bool, f func(path string) error) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(within, func(w fs.FileInfo) bool { return os.SameFile(w, info) }) {
		return fmt.Errorf("%s: a link to a folder that it lies in", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case skip != nil && skip(e.Name()):
		case Is(dir, e):
			err = each(path, append(within, info), skip, f)
		default:
			err = f(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Is reports whether an entry of a directory is a folder or a link to one.
func Is(dir string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}
