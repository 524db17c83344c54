package train

import (
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// lockFile is held by the process that trains in a directory. Its end frees it, whatever the
// end was like; the file itself may stay.
const lockFile = "run.lock"

// lock keeps other processes from training in the directory, until the function that it returns
// is called.
func (d *Directory) lock() (unlock func(), err error) {
	path := d.path(lockFile)
	for {
		f := flock.New(path)
		held, err := f.TryLock()
		if err != nil { // there are file systems without locks; what cannot be written says so later
			return func() { f.Close(); os.Remove(path) }, nil
		}
		if !held {
			f.Close()
			return nil, fmt.Errorf("run directory %s: another process trains in it, or another run of this one", d.dir)
		}
		if isFile(f, path) {
			return func() { release(f, path) }, nil
		}
		f.Close()
	}
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
