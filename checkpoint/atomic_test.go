package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func put(content string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	}
}

// checkDir fails unless the directory holds one file, of that content.
func checkDir(t *testing.T, path, content string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the directory holds %v", entries)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content {
		t.Errorf("the file holds %.20q, %v; want %.20q", got, err, content)
	}
}

func TestWriteFileAtomicCreatesAndReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	for _, content := range []string{"first", strings.Repeat("longer than a buffer", 10000), ""} {
		if err := WriteFileAtomic(path, put(content)); err != nil {
			t.Fatal(err)
		}
		checkDir(t, path, content)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode()&0o600 != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestWriteFileAtomicLeavesTheOldFileOnFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	err := WriteFileAtomic(path, func(w io.Writer) error {
		io.WriteString(w, strings.Repeat("half of it", 100000))
		return full
	})
	if !errors.Is(err, full) || err.Error() != "write "+path+": no space left" {
		t.Errorf("error %v", err)
	}
	checkDir(t, path, "old")

	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		WriteFileAtomic(path, func(w io.Writer) error {
			io.WriteString(w, "half")
			panic("in mid-write")
		})
	}()
	checkDir(t, path, "old")
}

func TestWriteFileAtomicCleansUpWhenTheRenameFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	err := WriteFileAtomic(path, func(w io.Writer) error {
		return os.MkdirAll(filepath.Join(path, "in the way"), 0o777)
	})
	if err == nil || !strings.HasPrefix(err.Error(), "write "+path+": ") || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("error %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A file open for reading stands for a disk that turns out to be full only when
// the buffer is flushed.
func TestFillReportsAFailedFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := fill(f, put("small enough to stay in the buffer")); err == nil {
		t.Error("no error")
	}
}

func TestWriteFileAtomicRefusesBadTargets(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                                "want a regular file",
		filepath.Join(dir, "missing", "f"): "no such file or directory",
	} {
		err := WriteFileAtomic(path, put("x"))
		if err == nil || runtime.GOOS == "linux" && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), ".tmp") || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: error %v names the wrong file", path, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

// An error about some other file, met while writing this one, keeps its path.
func TestWriteFileAtomicKeepsOtherPaths(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, cause := range []error{
		&fs.PathError{Op: "open", Path: "other", Err: fs.ErrNotExist},
		&os.LinkError{Op: "rename", Old: "other", New: "another", Err: fs.ErrExist},
	} {
		err := WriteFileAtomic(path, func(io.Writer) error { return fmt.Errorf("labels: %w", cause) })
		if want := "write " + path + ": labels: " + cause.Error(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestRemoveTemporaryRemovesNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".0123456789abcdef.tmp", ".0123.tmp", ".0123456789abcdef.tmp2", "model.safetensors", ".tmp", "0123456789abcdef.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveTemporary(dir); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 5 {
		t.Errorf("left %v, %v, want all but the first", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".0123456789abcdef.tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if err := RemoveTemporary(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
