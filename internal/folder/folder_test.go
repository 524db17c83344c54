package folder

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes files below a directory.
func tree(t *testing.T, dir string, files ...string) {
	t.Helper()
	for _, file := range files {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEach(t *testing.T) {
	dir, behind := t.TempDir(), t.TempDir()
	tree(t, dir, "b/2", "b/1", "a", ".hidden/3", "c")
	tree(t, behind, "4")
	if err := os.Symlink(behind, filepath.Join(dir, "bb")); err != nil {
		t.Skip(err)
	}
	list := func(skip func(string) bool) (files []string, err error) {
		err = Each(dir, skip, func(path string) error {
			rel, err := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(rel))
			return err
		})
		return files, err
	}
	got, err := list(func(name string) bool { return strings.HasPrefix(name, ".") })
	if want := []string{"a", "b/1", "b/2", "bb/4", "c"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if got, err := list(nil); err != nil || len(got) != 6 || got[0] != ".hidden/3" {
		t.Errorf("%q, %v, want hidden files too", got, err)
	}
	stop := errors.New("stop")
	if err := Each(dir, nil, func(string) error { return stop }); err != stop {
		t.Errorf("error %v", err)
	}
	if err := os.Symlink(dir, filepath.Join(behind, "around")); err != nil {
		t.Fatal(err)
	}
	if _, err := list(nil); err == nil || !strings.HasSuffix(err.Error(), "around: a link to a folder that it lies in") {
		t.Errorf("a circle: error %v", err)
	}
}
