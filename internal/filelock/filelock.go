// Package filelock keeps other processes out of a file or directory for as long as one of them
// works in it: by a lock on a file beside it, which the system frees however the process ends.
package filelock

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// ErrHeld says that somebody else holds a lock: another process, or this one.
var ErrHeld = errors.New("the lock is held")

// TryLock takes the lock on a file, which it makes, and returns the function that gives it back and
// removes the file. A file that was left behind, by a process that was killed, keeps nobody out.
// Where the file system has no locks, or nothing can be written, nobody is kept out either.
func TryLock(path string) (unlock func(), err error) {
	_, before := os.Lstat(path)
	for range 100 { // of others that came and went in the moment between
		f := flock.New(path, flock.SetPermissions(0o666))
		held, err := f.TryLock()
		if err != nil {
			f.Close()
			if errors.Is(before, fs.ErrNotExist) {
				os.Remove(path)
			}
			return func() {}, nil
		}
		if !held {
			f.Close()
			return nil, ErrHeld
		}
		if isFile(f, path) {
			return func() { release(f, path) }, nil
		}
		f.Close()
	}
	return nil, ErrHeld
}

// isFile reports whether a file that is held is that of the path: who held it before may have removed it.
func isFile(f *flock.Flock, path string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(held, there)
}

// release removes the file while it is held or, where open files cannot be removed, afterwards.
func release(f *flock.Flock, path string) {
	err := os.Remove(path)
	f.Close()
	if err != nil {
		os.Remove(path)
	}
}
