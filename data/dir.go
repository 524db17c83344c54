package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// OpenDir reads a split, "train" or "test", of a set of grey images that is
// stored as MNIST and EMNIST are, in the IDX files
//
//	PREFIX-train-images-idx3-ubyte    PREFIX-train-labels-idx1-ubyte
//	PREFIX-test-images-idx3-ubyte     PREFIX-test-labels-idx1-ubyte
//
// with any prefix or none, "t10k" as another word for "test", a dot also in
// the place of the hyphen before "idx", and each file also compressed, with
// ".gz" at its end; where both are there, the plain file is read.
//
// EMNIST's files, those with a prefix that begins with "emnist", hold each
// image transposed; it is turned upright. The names of the classes come from
// PREFIX-mapping.txt, or else the directory's only *-mapping.txt; see
// readMapping. Without one they are the numbers up to the largest label of
// both splits.
//
// Where there is no directory dir, its last element selects one set of several
// in a directory: gzip/emnist-balanced is the files gzip/emnist-balanced-*.
func OpenDir(dir, split string) (Dataset, error) {
	f, err := findFiles(dir, split)
	if err != nil {
		return nil, err
	}
	set, err := readImages(f.images)
	if err != nil {
		return nil, err
	}
	if f.transposed {
		set.transpose()
	}
	labels, err := ReadIDXFile(f.labels, 1)
	if err != nil {
		return nil, err
	}
	if count := len(set.pixels) / (set.height * set.width); len(labels.Data) != count {
		return nil, fmt.Errorf("%s: %d labels, want %d: one for each image of %s",
			f.labels, len(labels.Data), count, filepath.Base(f.images))
	}
	set.labels = labels.Data
	if f.mapping == "" {
		set.classes, err = countClasses(set.labels, f.otherLabels)
		return set, err
	}
	m, err := readMappingFile(f.mapping)
	if err != nil {
		return nil, err
	}
	set.classes = m.classes
	if err := m.apply(set.labels); err != nil {
		return nil, fmt.Errorf("%s: %w", f.labels, err)
	}
	return set, nil
}

func readImages(path string) (*images, error) {
	x, err := ReadIDXFile(path, 3)
	if err != nil {
		return nil, err
	}
	if len(x.Data) == 0 {
		return nil, fmt.Errorf("%s: the header says %v, want at least one image of at least one pixel", path, x.Shape)
	}
	return &images{height: x.Shape[1], width: x.Shape[2], pixels: x.Data}, nil
}

// countClasses numbers the classes up to the largest label of a split and of
// the files of the other.
func countClasses(labels []uint8, others []string) ([]string, error) {
	largest := slices.Max(labels)
	for _, path := range others {
		other, err := ReadIDXFile(path, 1)
		if err != nil {
			return nil, err
		}
		for _, label := range other.Data {
			largest = max(largest, label)
		}
	}
	return numbers(int(largest) + 1), nil
}

func numbers(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// files are the paths that make up a split, and those of the other's labels.
// There may be no mapping and no other split.
type files struct {
	images, labels, mapping string
	otherLabels             []string
	transposed              bool
}

var imageFiles = map[string]*regexp.Regexp{
	"train": regexp.MustCompile(`^(.*-)?(train)-images([-.])idx3-ubyte(\.gz)?$`),
	"test":  regexp.MustCompile(`^(.*-)?(test|t10k)-images([-.])idx3-ubyte(\.gz)?$`),
}

func findFiles(dir, split string) (*files, error) {
	pattern, ok := imageFiles[split]
	if !ok {
		return nil, fmt.Errorf("split %q: want train or test", split)
	}
	dir, names, err := list(dir)
	if err != nil {
		return nil, err
	}
	images, err := findImages(names, pattern, split)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	part := pattern.FindStringSubmatch(images)
	prefix, word, separator := part[1], part[2], part[3]
	labels, err := findLabels(names, prefix+word+"-labels"+separator+"idx1-ubyte")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	mapping, err := findMapping(names, prefix)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	f := &files{
		images:     filepath.Join(dir, images),
		labels:     filepath.Join(dir, labels),
		transposed: strings.HasPrefix(strings.ToLower(prefix), "emnist"),
	}
	if mapping != "" {
		f.mapping = filepath.Join(dir, mapping)
	}
	for _, name := range findOtherLabels(names, prefix, labels) {
		f.otherLabels = append(f.otherLabels, filepath.Join(dir, name))
	}
	return f, nil
}

// list returns the names of a directory's files, or those of one set of the
// directory above; in is where they are.
func list(dir string) (in string, names []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if names := listSet(dir); len(names) > 0 {
			return filepath.Dir(dir), names, nil
		}
	}
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return "", nil, fmt.Errorf("data directory %q: %w; want one with files *train-images-idx3-ubyte[.gz]", dir, err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return dir, names, nil
}

// listSet returns the names of the files that begin with path and a hyphen.
func listSet(path string) (names []string) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+"-") {
			names = append(names, e.Name())
		}
	}
	return names
}

func findImages(names []string, pattern *regexp.Regexp, split string) (string, error) {
	found := match(names, pattern)
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no %[1]s images, want a file *%[1]s-images-idx3-ubyte[.gz]", split)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s images of several sets, want one set in a directory, or DIR/SET for the files DIR/SET-*: %s", split, strings.Join(found, ", "))
}

func findLabels(names []string, plain string) (string, error) {
	for _, name := range []string{plain, plain + ".gz"} {
		if slices.Contains(names, name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("no labels beside the images, want a file %s[.gz]", plain)
}

// findOtherLabels returns the labels of the same set but for a split's own.
func findOtherLabels(names []string, prefix, own string) []string {
	pattern := regexp.MustCompile(`^` + regexp.QuoteMeta(prefix) + `(train|test|t10k)-labels[-.]idx1-ubyte(\.gz)?$`)
	return filter(match(names, pattern), func(name string) bool { return name != own })
}

// match returns the names that match, but no compressed file where the plain
// one is there.
func match(names []string, pattern *regexp.Regexp) []string {
	return filter(names, func(name string) bool {
		plain, zipped := strings.CutSuffix(name, ".gz")
		return pattern.MatchString(name) && !(zipped && slices.Contains(names, plain))
	})
}

// findMapping returns "" where there is none.
func findMapping(names []string, prefix string) (string, error) {
	own := prefix + "mapping.txt"
	if slices.Contains(names, own) {
		return own, nil
	}
	found := filter(names, func(name string) bool { return strings.HasSuffix(name, "-mapping.txt") })
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("several mappings, want %s or only one: %s", own, strings.Join(found, ", "))
}

func filter(names []string, keep func(string) bool) (kept []string) {
	for _, name := range names {
		if keep(name) {
			kept = append(kept, name)
		}
	}
	return kept
}
