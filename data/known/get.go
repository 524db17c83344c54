package known

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/filelock"
)

// Options say how Get downloads.
type Options struct {
	Mirrors  []string                           // addresses that are tried first; a file's name is appended
	Client   *http.Client                       // nil: one that gives up on a server that stays silent
	Progress func(file string, done, all int64) // is called now and then; all is 0 where it is not known. nil: none

	// What tests set.
	silence time.Duration                        // that a server may keep
	wait    func(context.Context, time.Duration) // before another try
	largest int64                                // bytes of a file in an archive
}

func (o Options) withDefaults() Options {
	if o.Client == nil {
		o.Client = patient
	}
	if o.wait == nil {
		o.wait = pause
	}
	o.silence = cmp.Or(o.silence, silence)
	o.largest = cmp.Or(o.largest, largest)
	return o
}

// Get downloads a set into a directory, which it makes. A file that is there
// already, with the right checksum, is used as it is. Files are written to
// NAME.part, taken up again from there where an earlier download broke off,
// renamed when their checksum is right, and archives are unpacked. Whatever
// happens, no file has its name before it is whole. It is an error if another
// process downloads the same file into the directory. The error says what was tried, and which files to put where instead.
// A file of classes that is there with others than the set's is an error too, before anything is downloaded.
func Get(ctx context.Context, s Set, dir string, o Options) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("data directory %q: %w", dir, err)
	}
	if err := s.checkClasses(dir); err != nil {
		return err
	}
	o = o.withDefaults()
	for _, f := range s.Files {
		if err := get(ctx, s, f, dir, o); err != nil {
			return err
		}
	}
	if s.classNames() == nil {
		return nil
	}
	return checkpoint.WriteFileAtomic(filepath.Join(dir, data.ClassesFile), func(w io.Writer) error {
		_, err := io.WriteString(w, s.classLines())
		return err
	})
}

// classLines returns the content of the file of classes, "" where there is to be none.
func (s Set) classLines() string {
	if s.classNames() == nil {
		return ""
	}
	return strings.Join(s.classNames(), "\n") + "\n"
}

// checkClasses returns an error where a file of classes would replace another.
func (s Set) checkClasses(dir string) error {
	path := filepath.Join(dir, data.ClassesFile)
	there, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || s.classNames() == nil:
		return nil
	case err != nil:
		return err
	case strings.TrimSpace(strings.ReplaceAll(string(there), "\r\n", "\n")) != strings.TrimSpace(s.classLines()):
		return fmt.Errorf("%s: has other classes than those of %s: want another directory, or rename the file", path, s.Name)
	}
	return nil
}

func get(ctx context.Context, s Set, f File, dir string, o Options) error {
	path := filepath.Join(dir, f.Name)
	unlock, err := filelock.TryLock(path + ".lock")
	if err != nil {
		return fmt.Errorf("%s: another process downloads it: wait for that to end", path)
	}
	defer unlock()
	if len(f.Holds) > 0 && unpacked(f, dir) {
		return nil
	}
	if _, err := os.Stat(path); err == nil {
		if err := checkSum(path, f.MD5); err != nil {
			return fmt.Errorf("%w: remove it, so that it is downloaded again", err)
		}
		return unpack(ctx, path, f, dir, o.largest) // which someone put there, and may keep
	}
	part := path + ".part"
	if err := download(ctx, s, f, part, o); err != nil {
		return err
	}
	if len(f.Holds) == 0 {
		return os.Rename(part, path)
	}
	if err := unpack(ctx, part, f, dir, o.largest); err != nil {
		return err
	}
	return os.Remove(part)
}

// download fetches a file from the first address that has it.
func download(ctx context.Context, s Set, f File, part string, o Options) error {
	if checkSum(part, f.MD5) == nil { // only the last step is missing
		return nil
	}
	var tried []string
	for _, address := range append(o.Mirrors[:len(o.Mirrors):len(o.Mirrors)], s.Official...) {
		url := strings.TrimSuffix(address, "/") + "/" + f.Name
		err := fetchWhole(ctx, url, f, part, o)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var disk *diskError
		if errors.As(err, &disk) {
			return disk
		}
		tried = append(tried, fmt.Sprintf("%s: %v", url, err))
	}
	if info, err := os.Stat(part); err == nil && info.Size() == 0 {
		os.Remove(part)
	}
	sum := ""
	if len(s.Files) == 1 {
		sum = " (MD5 " + f.MD5 + ")"
	}
	return fmt.Errorf("%s: %s; or put %s%s of %s into %s yourself and run this again", s.Name, strings.Join(tried, "; "),
		strings.Join(s.names(), ", "), sum, s.Source, filepath.Dir(part))
}

// fetchWhole fetches a file until its checksum is right. What was begun may have
// come from an address that had another file, or this one may have another: so
// what was there stays until the whole file is.
func fetchWhole(ctx context.Context, url string, f File, part string, o Options) error {
	begun := sizeOf(part)
	if begun == 0 {
		if err := fetch(ctx, url, f, part, o); err != nil {
			return err
		}
		return checkNew(part, f.MD5)
	}
	switch err := fetch(ctx, url, f, part, o); {
	case err == nil && checkSum(part, f.MD5) == nil:
		return nil
	case err != nil && !errors.Is(err, errAnother):
		return err
	}
	if err := os.Truncate(part, begun); err != nil {
		return &diskError{part, err}
	}
	return fetchAnew(ctx, url, f, part, o)
}

// fetchAnew fetches a file beside what was begun of it, and then in its place.
func fetchAnew(ctx context.Context, url string, f File, part string, o Options) error {
	anew := part + ".new"
	defer os.Remove(anew)
	os.Remove(anew) // which a process left that was killed
	err := fetch(ctx, url, f, anew, o)
	if err == nil {
		err = checkNew(anew, f.MD5)
	}
	if err != nil && sizeOf(anew) <= sizeOf(part) {
		return err
	}
	if failed := os.Rename(anew, part); failed != nil {
		return &diskError{part, failed}
	}
	return err
}

// sizeOf returns the bytes of a file, 0 where there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// checkNew removes a download whose checksum is wrong: what would be added to
// it could not make it right.
func checkNew(path, sum string) error {
	if checkSum(path, sum) != nil {
		os.Remove(path)
		return errors.New("not the file that was published: another checksum")
	}
	return nil
}

func checkSum(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := md5.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s: MD5 %s, want %s", path, got, want)
	}
	return nil
}
