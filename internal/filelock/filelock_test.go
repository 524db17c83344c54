package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gofrs/flock"
)

func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	for range 2 {
		unlock, err := TryLock(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := TryLock(path); !errors.Is(err, ErrHeld) {
			t.Errorf("error %v, want ErrHeld", err)
		}
		unlock()
		if _, err := os.Stat(path); err == nil {
			t.Error("the file is left behind")
		}
	}
}

func TestAFileThatWasLeftBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	unlock, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// Who opened the file just before its holder removed it holds nothing that others see.
func TestAFileThatIsNoMore(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("open files cannot be removed")
	}
	path := filepath.Join(t.TempDir(), "a.lock")
	f := flock.New(path)
	if held, err := f.TryLock(); !held || err != nil {
		t.Fatal(held, err)
	}
	defer f.Close()
	if !isFile(f, path) {
		t.Error("the file is not that of its path")
	}
	os.Remove(path)
	if isFile(f, path) {
		t.Error("a file that was removed is taken for that of the path")
	}
	os.WriteFile(path, nil, 0o666)
	if isFile(f, path) {
		t.Error("a file that was removed is taken for another of that path")
	}
}

func TestNothingCanBeWritten(t *testing.T) {
	unlock, err := TryLock(filepath.Join(t.TempDir(), "no", "such", "folder"))
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// What is no lock of ours stays, and keeps nobody out.
func TestWhatCannotBeLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	unlock, err := TryLock(path)
	if err != nil {
		t.Skipf("directories can be locked here: %v", err)
	}
	unlock()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if unlock, err = TryLock(filepath.Join(path, "none", "a.lock")); err != nil {
		t.Error(err)
	}
	unlock()
}
