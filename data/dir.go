package data

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// openIDX reads a split of a set of grey images in IDX files, the format of
// MNIST and those made after it; see OpenDir.
func openIDX(l listing, split string, _ settings) (Dataset, []string, error) {
	f, err := findFiles(l, split)
	if err != nil {
		return nil, nil, err
	}
	set, err := readImages(f.images)
	if err != nil {
		return nil, nil, err
	}
	if f.transposed {
		set.transpose()
	}
	if set.labels, err = readLabels(f.labels); err != nil {
		return nil, nil, err
	}
	if count := len(set.pixels) / (set.height * set.width); len(set.labels) != count {
		return nil, nil, fmt.Errorf("%s: %d labels, want %d: one for each image of %s",
			f.labels, len(set.labels), count, filepath.Base(f.images))
	}
	used := []string{f.images, f.labels}
	if f.mapping != "" {
		used = append(used, f.mapping)
	}
	return set, used, nameClasses(set, f)
}

// readLabels reads the labels of either kind of file.
func readLabels(path string) ([]uint8, error) {
	if strings.Contains(filepath.Base(path), "idx2-int") {
		return readIDXClasses(path)
	}
	labels, err := ReadIDXFile(path, 1)
	if err != nil {
		return nil, err
	}
	return labels.Data, nil
}

// nameClasses gives a set its classes: those of a file, or else those that are
// known of the set, or else numbers.
func nameClasses(set *images, f *files) (err error) {
	m := f.known
	if f.mapping != "" {
		if m, err = readMappingFile(f.mapping); err != nil {
			return err
		}
	}
	if m == nil {
		set.classes, err = countClasses(set.labels, f.otherLabels)
		return err
	}
	set.classes = m.classes
	if err := m.apply(set.labels); err != nil {
		return fmt.Errorf("%s: %w", f.labels, err)
	}
	return nil
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
		other, err := readLabels(path)
		if err != nil {
			return nil, err
		}
		for _, label := range other {
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
	known                   *mapping // of a set that is known by its name
	transposed              bool
}

var imageFiles = map[string]*regexp.Regexp{
	"train": regexp.MustCompile(`^(.*-)?(train)-images([-.])idx3-ubyte(\.gz)?$`),
	"test":  regexp.MustCompile(`^(.*-)?(test|t10k)-images([-.])idx3-ubyte(\.gz)?$`),
}

// isIDX matches the files that make a directory one of IDX files.
var isIDX = regexp.MustCompile(`(^|-)(train|test|t10k)-(images|labels)[-.]idx\d-(ubyte|int)(\.gz)?$`)

func hasIDX(l listing) bool { return len(match(l.names, isIDX)) > 0 }

func findFiles(l listing, split string) (*files, error) {
	dir, names, pattern := l.dir, l.names, imageFiles[split]
	images, err := findImages(names, pattern, split)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	part := pattern.FindStringSubmatch(images)
	prefix, word, separator := part[1], part[2], part[3]
	labels, err := findLabels(names, prefix+word+"-labels"+separator)
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
		known:      knownClasses(dir, prefix),
	}
	if mapping != "" {
		f.mapping = filepath.Join(dir, mapping)
	}
	for _, name := range findOtherLabels(names, prefix, labels) {
		f.otherLabels = append(f.otherLabels, filepath.Join(dir, name))
	}
	return f, nil
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

func findLabels(names []string, start string) (string, error) {
	plain := start + "idx1-ubyte"
	for _, name := range []string{plain, plain + ".gz", start + "idx2-int", start + "idx2-int.gz"} {
		if slices.Contains(names, name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("no labels beside the images, want a file %s[.gz]", plain)
}

// findOtherLabels returns the labels of the same set but for a split's own.
func findOtherLabels(names []string, prefix, own string) []string {
	pattern := regexp.MustCompile(`^` + regexp.QuoteMeta(prefix) + `(train|test|t10k)-labels[-.](idx1-ubyte|idx2-int)(\.gz)?$`)
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
	for _, name := range []string{own, ClassesFile} {
		if slices.Contains(names, name) {
			return name, nil
		}
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
