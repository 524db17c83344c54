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
// readMapping. Without one they are the numbers up to the split's largest
// label.
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
		set.classes = numbers(int(slices.Max(set.labels)) + 1)
		return set, nil
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

func numbers(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// files are the paths that make up a split. There may be no mapping.
type files struct {
	images, labels, mapping string
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
	names, err := list(dir)
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
	return f, nil
}

func list(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("data directory %s: %w; want one with files *train-images-idx3-ubyte[.gz]", dir, err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

func findImages(names []string, pattern *regexp.Regexp, split string) (string, error) {
	found := filter(names, func(name string) bool {
		plain, zipped := strings.CutSuffix(name, ".gz")
		return pattern.MatchString(name) && !(zipped && slices.Contains(names, plain))
	})
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no %[1]s images, want a file *%[1]s-images-idx3-ubyte[.gz]", split)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s images of several sets, want one set in a directory: %s", split, strings.Join(found, ", "))
}

func findLabels(names []string, plain string) (string, error) {
	for _, name := range []string{plain, plain + ".gz"} {
		if slices.Contains(names, name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("no labels beside the images, want a file %s[.gz]", plain)
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
