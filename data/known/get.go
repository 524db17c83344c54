package known

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
)

// Options say how Get downloads.
type Options struct {
	Mirrors  []string                           // addresses that are tried first, which the names of the files follow
	Client   *http.Client                       // nil: one that gives up on a server that stays silent
	Progress func(file string, done, all int64) // is called now and then; all is 0 where it is not known. nil: none
}

// Get downloads a set into a directory, which it makes. A file that is there
// already, with the right checksum, is used as it is. Files are written to
// NAME.part, taken up again from there where an earlier download broke off,
// renamed when their checksum is right, and archives are unpacked. Whatever
// happens, no file has its name before it is whole. The error says
// what was tried, and which files to put where instead.
func Get(ctx context.Context, s Set, dir string, o Options) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("data directory %q: %w", dir, err)
	}
	for _, f := range s.Files {
		if err := get(ctx, s, f, dir, o); err != nil {
			return err
		}
	}
	names := s.classNames()
	if names == nil {
		return nil
	}
	return checkpoint.WriteFileAtomic(filepath.Join(dir, "classes.txt"), func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(names, "\n")+"\n")
		return err
	})
}

func get(ctx context.Context, s Set, f File, dir string, o Options) error {
	path := filepath.Join(dir, f.Name)
	if len(f.Holds) > 0 && unpacked(f, dir) {
		return nil
	}
	if _, err := os.Stat(path); err == nil {
		if err := checkSum(path, f.MD5); err != nil {
			return fmt.Errorf("%w: remove it, so that it is downloaded again", err)
		}
		return unpack(ctx, path, f, dir) // which someone put there, and may keep
	}
	part := path + ".part"
	if err := download(ctx, s, f, part, o); err != nil {
		return err
	}
	if len(f.Holds) == 0 {
		return os.Rename(part, path)
	}
	if err := unpack(ctx, part, f, dir); err != nil {
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

// fetchWhole fetches a file until its checksum is right: what was begun may have
// come from another address that had another file, so it begins anew once.
func fetchWhole(ctx context.Context, url string, f File, part string, o Options) error {
	info, err := os.Stat(part)
	begun := err == nil && info.Size() > 0
	if err := fetch(ctx, url, f, part, o); err != nil {
		return err
	}
	err = checkPart(part, f.MD5)
	if err == nil || !begun {
		return err
	}
	if err := fetch(ctx, url, f, part, o); err != nil {
		return err
	}
	return checkPart(part, f.MD5)
}

// checkPart removes a download whose checksum is wrong: what would be added to
// it could not make it right.
func checkPart(part, sum string) error {
	err := checkSum(part, sum)
	if err != nil {
		os.Remove(part)
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
