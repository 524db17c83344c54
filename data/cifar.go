package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// cifarPixels is the bytes of an image: 3 planes of 32 rows of 32.
const cifarPixels = 3 * 32 * 32

// ReadCIFAR reads a file of CIFAR-10 or CIFAR-100's binary version: records of
// some labels, a byte each, and an image of 3×32×32 bytes, red, green and blue
// one after the other. CIFAR-10 has one label, CIFAR-100 two: the coarse class
// and the fine one. Labels come back record by record.
// https://www.cs.toronto.edu/~kriz/cifar.html
func ReadCIFAR(r io.Reader, labels int) (pixels, label []uint8, err error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	record := make([]uint8, labels+cifarPixels)
	for {
		switch n, err := io.ReadFull(buffered, record); {
		case err == io.EOF && len(label) == 0:
			return nil, nil, errors.New("empty, want records of images")
		case err == io.EOF:
			return pixels, label, nil
		case err == io.ErrUnexpectedEOF:
			return nil, nil, fmt.Errorf("cut short: %d bytes after %d images, want records of %d", n, len(label)/labels, len(record))
		case err != nil:
			return nil, nil, err
		}
		label = append(label, record[:labels]...)
		pixels = append(pixels, record[labels:]...)
	}
}

// cifarKind is one of the two sets.
type cifarKind struct {
	train, test *regexp.Regexp // names of files
	labels      int            // in a record
	names       []string       // files that may hold the classes
	classes     [][]string     // for each label
}

var cifarKinds = []cifarKind{
	{regexp.MustCompile(`^data_batch_\d+\.bin$`), regexp.MustCompile(`^test_batch\.bin$`), 1,
		[]string{"batches.meta.txt"}, [][]string{cifar10Classes}},
	{regexp.MustCompile(`^train\.bin$`), regexp.MustCompile(`^test\.bin$`), 2,
		[]string{"coarse_label_names.txt", "fine_label_names.txt"}, [][]string{cifar100Coarse, cifar100Fine}},
}

func hasCIFAR(l listing) bool { return findCIFAR(l) != nil }

func findCIFAR(l listing) *cifarKind {
	for i, k := range cifarKinds {
		if len(match(l.names, k.train))+len(match(l.names, k.test)) > 0 {
			return &cifarKinds[i]
		}
	}
	return nil
}

func openCIFAR(l listing, split string, s settings) (Dataset, []string, error) {
	kind := findCIFAR(l)
	pattern := map[string]*regexp.Regexp{"train": kind.train, "test": kind.test}[split]
	names := match(l.names, pattern)
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%s: no %s images, want a file such as %s", l.dir, split, unpattern(pattern))
	}
	if err := checkBatches(names); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	which, err := s.choice("labels", "fine", "coarse")
	if err == nil && kind.labels == 1 {
		err = s.unused("CIFAR-10 has one label for each image", "labels")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	column := kind.labels - 1 // the fine one is the last
	if which == "coarse" {
		column = 0
	}
	slices.Sort(names)
	var files []string
	for _, name := range names {
		files = append(files, l.path(name))
	}
	set, err := readCIFARFiles(files, kind.labels, column)
	if err != nil {
		return nil, nil, err
	}
	set.classes = kind.classes[column]
	if l.has(kind.names[column]) {
		path := l.path(kind.names[column])
		names, err := readNames(path, byteClasses)
		if err != nil {
			return nil, nil, err
		}
		if len(names) != len(set.classes) {
			return nil, nil, fmt.Errorf("%s: %d classes, want %d", path, len(names), len(set.classes))
		}
		set.classes = names
		files = append(files, path)
	}
	return set, files, nil
}

// checkBatches returns an error where files with numbers are missing: they count from 1.
func checkBatches(names []string) error {
	if !strings.HasPrefix(names[0], "data_batch_") {
		return nil
	}
	for i := range names {
		if name := fmt.Sprintf("data_batch_%d.bin", i+1); !slices.Contains(names, name) {
			return fmt.Errorf("no file %s, want all from data_batch_1.bin on", name)
		}
	}
	return nil
}

// unpattern shows a name that a pattern matches.
func unpattern(p *regexp.Regexp) string {
	return regexp.MustCompile(`[\\^$]`).ReplaceAllString(regexp.MustCompile(`\\d\+`).ReplaceAllString(p.String(), "1"), "")
}

func readCIFARFiles(paths []string, labels, column int) (*memory[uint8], error) {
	classes := len(cifar10Classes)
	if labels == 2 {
		classes = []int{len(cifar100Coarse), len(cifar100Fine)}[column]
	}
	set := &memory[uint8]{shape: []int{3, 32, 32}, size: cifarPixels}
	for _, path := range paths {
		pixels, label, err := readCIFARFile(path, labels)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		set.values = append(set.values, pixels...)
		for i := column; i < len(label); i += labels {
			if int(label[i]) >= classes {
				return nil, fmt.Errorf("%s: label %d of image %d, want one of %d classes", path, label[i], i/labels, classes)
			}
			set.of = append(set.of, int(label[i]))
		}
	}
	return set, nil
}

func readCIFARFile(path string, labels int) (pixels, label []uint8, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, errors.Unwrap(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if record := int64(labels + cifarPixels); info.Size()%record != 0 {
		return nil, nil, fmt.Errorf("%d bytes, want records of %d", info.Size(), record)
	}
	return ReadCIFAR(f, labels)
}

// readNames reads the names of at most so many classes, a line each.
func readNames(path string, most int) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := readLines(f, most)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return names, nil
}
