package train

import (
	"fmt"

	"github.com/mlodyssey/odyssey/internal/filelock"
)

// lockFile is held by the process that trains in a directory. Its end frees it, whatever the
// end was like; the file itself may stay.
const lockFile = "run.lock"

// lock keeps other processes from training in the directory, until the function that it returns
// is called.
func (d *Directory) lock() (unlock func(), err error) {
	if unlock, err = filelock.TryLock(d.path(lockFile)); err != nil {
		return nil, fmt.Errorf("run directory %s: another process trains in it, or another run of this one", d.dir)
	}
	return unlock, nil
}
