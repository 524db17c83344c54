package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// WriteFileAtomic writes a file so that path holds, whatever happens, either
// its former content or all of the new one: write fills a temporary file in the
// same directory, which is synced and then renamed. If anything fails, or write
// panics, the temporary file is removed. The error names path.
func WriteFileAtomic(path string, write func(io.Writer) error) error {
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(temporaryName, rand.Uint64()))
	if err := writeAndRename(temporary, path, write); err != nil {
		return fmt.Errorf("write %s: %w", path, withoutPath(err, temporary))
	}
	return nil
}

const temporaryName = ".%016x.tmp"

// RemoveTemporary removes what WriteFileAtomic has left in a directory when its process was killed. Nobody
// may be writing there.
func RemoveTemporary(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var number uint64
		if _, err := fmt.Sscanf(e.Name(), temporaryName, &number); err != nil || e.Name() != fmt.Sprintf(temporaryName, number) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func writeAndRename(temporary, path string, write func(io.Writer) error) error {
	// A rename would put a file in the place of a device such as /dev/null.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return errors.New("want a regular file, not a directory or device")
	}
	// Unlike os.CreateTemp, this gives the file the usual permissions.
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if !renamed {
			f.Close()
			os.Remove(temporary)
		}
	}()
	if err := fill(f, write); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	renamed = true
	return nil
}

// fill writes, syncs and closes the file: a rename must not reach the disk
// before the content does.
func fill(f *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriterSize(f, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// withoutPath strips the name of the temporary file from an error, for it means
// nothing to a user.
func withoutPath(err error, temporary string) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) && pathError.Path == temporary {
		return pathError.Err
	}
	var linkError *os.LinkError
	if errors.As(err, &linkError) && linkError.Old == temporary {
		return linkError.Err
	}
	return err
}
