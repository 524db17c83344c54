package known

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
)

// largest is the most bytes of a file in an archive, where nothing else is set.
const largest = 1 << 30

// unpacked reports whether all that is wanted of an archive is there. Files have
// their names only once they are whole.
func unpacked(f File, dir string) bool {
	return !slices.ContainsFunc(f.Holds, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err != nil
	})
}

// unpack writes the wanted files of an archive into a directory, each whole or
// not at all. The names in the archive choose no place: only their last parts
// count.
func unpack(ctx context.Context, archive string, f File, dir string, largest int64) error {
	if len(f.Holds) == 0 {
		return nil
	}
	missing := slices.Clone(f.Holds)
	write := func(name string, r io.Reader) error {
		name = path.Base(name)
		at := slices.Index(missing, name)
		if at < 0 {
			return nil
		}
		missing = slices.Delete(missing, at, at+1)
		return checkpoint.WriteFileAtomic(filepath.Join(dir, name), func(w io.Writer) error { return copyAll(ctx, w, r, largest) })
	}
	each := eachInTar
	if strings.HasSuffix(f.Name, ".zip") {
		each = eachInZip
	}
	if err := each(archive, write); err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s: has no %s", archive, strings.Join(missing, ", "))
	}
	return nil
}

func copyAll(ctx context.Context, w io.Writer, r io.Reader, largest int64) error {
	n, err := io.Copy(w, io.LimitReader(&whileDoing{ctx, r}, largest+1))
	if err == nil && n > largest {
		return fmt.Errorf("more than %d bytes", largest)
	}
	return err
}

// whileDoing is a reader that ends with its context.
type whileDoing struct {
	ctx context.Context
	io.Reader
}

func (r *whileDoing) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}

func eachInZip(archive string, f func(name string, r io.Reader) error) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, entry := range z.File {
		r, err := entry.Open()
		if err == nil {
			err = errors.Join(f(entry.Name, r), r.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func eachInTar(archive string, f func(name string, r io.Reader) error) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		entry, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil && entry.Typeflag == tar.TypeReg {
			err = f(entry.Name, t)
		}
		if err != nil {
			return err
		}
	}
}
