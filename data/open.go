package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What Source.Format is of MNIST's and EMNIST's files, and of a folder of images for each class.
const (
	FormatIDX    = "IDX"
	FormatFolder = "image folder"
)

// Source says what a set was read from.
type Source struct {
	Format string
	Files  []string // or folders of files
}

// format is a kind of data set that lies in a directory.
type format struct {
	name     string
	files    string // that it is recognised by, for error messages
	settings []string
	present  func(listing) bool
	open     func(l listing, split string, s settings) (Dataset, []string, error)
}

// formats are tried in this order: those with the most telling names first.
func formats() []format {
	return []format{
		{FormatIDX, "*train-images-idx3-ubyte[.gz]", nil, hasIDX, openIDX},
		{"CIFAR", "data_batch_*.bin or train.bin", []string{"labels"}, hasCIFAR, openCIFAR},
		{"NumPy", "train.npz or one *.npz", []string{"scale", "channels", "share", "seed"}, hasNPZ, openNPZ},
		{"CSV", "train.csv or one *.csv", []string{"label", "shape", "scale", "separator", "header", "share", "seed"}, hasCSV, openCSV},
		{FormatFolder, "a folder of PNG or JPEG images for each class", []string{"size", "channels", "unreadable", "share", "seed"}, hasFolders, openFolders},
		{"text", "or train.txt", []string{"window"}, hasText, openText}, // last: images may come with lists of theirs
	}
}

// wanted lists what OpenDir looks for.
func wanted() string {
	var files []string
	for _, f := range formats() {
		files = append(files, f.files)
	}
	return "files " + strings.Join(files, ", ")
}

// OpenDir reads a split, "train" or "test", of the set that lies in a
// directory. It recognises
//
//   - IDX files as MNIST, Fashion-MNIST, KMNIST, QMNIST and EMNIST have them:
//     PREFIX-train-images-idx3-ubyte, PREFIX-train-labels-idx1-ubyte and the same
//     with "test" or "t10k", with any prefix or none, a dot also in the place of
//     the hyphen before "idx", and each file also compressed, with ".gz" at its
//     end; where both are there, the plain file is read. Labels may also be
//     QMNIST's, idx2-int. EMNIST's files, those with a prefix that begins with
//     "emnist", hold each image transposed; it is turned upright.
//   - CIFAR-10's data_batch_*.bin and test_batch.bin, and CIFAR-100's train.bin
//     and test.bin: see [ReadCIFAR].
//   - NumPy's train.npz and test.npz with x and y, or one file with x_train,
//     y_train, x_test and y_test.
//   - train.csv and test.csv: see [ReadCSV].
//   - train and test, folders with a folder of images for each class: see
//     [OpenFolder]. Where there is no test, val, valid or validation is the test split.
//   - train.txt and test.txt, whose windows are the examples and whose characters
//     the classes: see [NewText].
//
// Where there is one file, or one folder, that is not split, a fifth of each
// class, drawn from a seed, is the test split.
//
// The classes of IDX files have the names in PREFIX-mapping.txt, or classes.txt
// (a line for each), or the directory's only *-mapping.txt; without one, those
// of EMNIST's splits are known by the files' prefix, those of Fashion-MNIST and
// KMNIST by the directory's name, and all others are the numbers up to the
// largest label of both splits.
//
// Where there is no directory dir, its last element selects one set of several
// in a directory: gzip/emnist-balanced is the files gzip/emnist-balanced-*.
//
// Settings may follow: DIR:KEY=VALUE,KEY=VALUE. For images size=WIDTHxHEIGHT,
// to which they are resized, channels=1 or 3, and unreadable=skip (see
// [SkipUnreadable]); for CSV
// label, the column's name or number, shape=1x28x28, separator, a character, or
// tab, semicolon, space or comma, and header=yes or no; for CSV and NumPy scale, by
// which all values are divided; for NumPy channels=first, which keeps images whose last axis looks like
// their channels as they are; for texts window, the characters of an example, 32 if not
// set; for CIFAR-100 labels=coarse; share and seed for what is split: share is
// that of the test split. A setting that does nothing is an error.
func OpenDir(dir, split string) (Dataset, error) {
	set, _, err := Open(dir, split)
	return set, err
}

// Open is OpenDir that also tells what it read.
func Open(dir, split string) (Dataset, Source, error) { return open(dir, split, false) }

// OpenToCheck is OpenDir for who looks for what is wrong with a set: files of an image folder that are no images,
// or of another size than the first, are examples of it, which give an error when they are read.
func OpenToCheck(dir, split string) (Dataset, error) {
	set, _, err := open(dir, split, true)
	return set, err
}

func open(dir, split string, toCheck bool) (Dataset, Source, error) {
	if split != "train" && split != "test" {
		return nil, Source{}, fmt.Errorf("split %q: want train or test", split)
	}
	dir, s, err := cutSettings(dir)
	if err != nil {
		return nil, Source{}, err
	}
	l, err := list(dir)
	if err != nil {
		return nil, Source{}, err
	}
	l.toCheck = toCheck
	for _, f := range formats() {
		if !f.present(l) {
			continue
		}
		if err := s.check(f); err != nil {
			return nil, Source{}, fmt.Errorf("%s: %w", dir, err)
		}
		set, files, err := f.open(l, split, s)
		if err != nil {
			return nil, Source{}, err
		}
		return set, Source{f.name, files}, nil
	}
	return nil, Source{}, fmt.Errorf("%s: no data set, want %s", dir, wanted())
}

// DirectoryError says that a directory cannot be read.
type DirectoryError struct {
	Dir string
	Err error
}

// Error tells also what the directory should hold.
func (e *DirectoryError) Error() string {
	return fmt.Sprintf("data directory %q: %v; want one with %s", e.Dir, e.Err, wanted())
}

// Unwrap returns what is wrong with the directory.
func (e *DirectoryError) Unwrap() error { return e.Err }

// listing is the names in a directory.
type listing struct {
	dir     string
	names   []string
	toCheck bool // see OpenToCheck
}

func (l listing) path(name string) string { return filepath.Join(l.dir, name) }

func (l listing) has(name string) bool { return slices.Contains(l.names, name) }

// list returns the names of a directory's files, or those of one set of the
// directory above.
func list(dir string) (listing, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if names := listSet(dir); len(names) > 0 {
			return listing{dir: filepath.Dir(dir), names: names}, nil
		}
	}
	if err != nil {
		if said := systemError(err); said != nil {
			err = said
		}
		return listing{}, &DirectoryError{dir, err}
	}
	l := listing{dir: dir}
	for _, e := range entries {
		l.names = append(l.names, e.Name())
	}
	return l, nil
}

// splitFile returns a split's own file, such as train.csv, or else the only one
// there is, with whole true: that holds all splits.
func (l listing) splitFile(split, ext string) (path string, whole bool, err error) {
	if l.has(split + ext) {
		return l.path(split + ext), false, nil
	}
	found := filter(l.names, func(name string) bool { return strings.HasSuffix(name, ext) })
	if len(found) == 1 && found[0] != "train"+ext && found[0] != "test"+ext {
		return l.path(found[0]), true, nil
	}
	return "", false, fmt.Errorf("%s: want a file %s%s, or only one that is split: %s", l.dir, split, ext, strings.Join(found, ", "))
}

// hasTable reports whether there are train and test files with an ending, or one
// file and no images that it may be about.
func (l listing) hasTable(ext string) bool {
	return l.has("train"+ext) || l.has("test"+ext) || l.hasExt(ext) && !hasFlatFolders(l)
}

func (l listing) hasExt(ext string) bool {
	return slices.ContainsFunc(l.names, func(name string) bool { return strings.HasSuffix(name, ext) })
}
