package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// mapping says which class each label of a file is.
type mapping struct {
	classes []string
	class   map[uint8]uint8 // from a label as stored to an index into classes
}

func readMappingFile(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	read := readMapping
	if filepath.Base(path) == ClassesFile {
		read = readClasses
	}
	m, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// ClassesFile names the classes of a directory's set, a line for each label from 0.
const ClassesFile = "classes.txt"

// byteClasses is how many classes labels that are bytes tell apart.
const byteClasses = 1 << 8

// readClasses reads the names of classes whose labels are bytes.
func readClasses(r io.Reader) (*mapping, error) {
	names, err := readLines(r, byteClasses)
	if err != nil {
		return nil, err
	}
	return newMapping(names, 0), nil
}

// readLines reads the names of at most so many classes. Empty lines may follow.
func readLines(r io.Reader, most int) (names []string, err error) {
	seen := map[string]bool{}
	ended := false
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name := strings.TrimSpace(lines.Text())
		switch {
		case name == "":
			ended = true
			continue
		case ended:
			return nil, fmt.Errorf("line %d is empty, want the name of class %d", len(names)+1, len(names))
		case len(names) == most:
			return nil, fmt.Errorf("more than %d lines, want one for each class", most)
		case seen[name]:
			return nil, fmt.Errorf("line %d: class %.40q is there already, want each once", len(names)+1, name)
		}
		seen[name] = true
		names = append(names, name)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no classes, want a line with the name of each")
	}
	return names, nil
}

// newMapping maps labels from first on to classes in order.
func newMapping(classes []string, first int) *mapping {
	m := &mapping{classes: classes, class: map[uint8]uint8{}}
	for i := range classes {
		m.class[uint8(first+i)] = uint8(i)
	}
	return m
}

// readMapping reads EMNIST's mapping: a line for each class with its label and
// the code of its character, as decimal numbers. Where lower case has a code
// of its own (EMNIST Letters), it comes third and is not used. Classes are
// numbered from 0 in the order of the lines: those of Letters are labelled
// from 1.
func readMapping(r io.Reader) (*mapping, error) {
	m := &mapping{class: map[uint8]uint8{}}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if err := m.add(fields); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(m.classes) == 0 {
		return nil, errors.New(`no classes, want lines such as "10 65"`)
	}
	return m, nil
}

func (m *mapping) add(fields []string) error {
	if len(fields) < 2 || len(fields) > 3 {
		return fmt.Errorf("%d fields, want a label and its character's code", len(fields))
	}
	label, err := strconv.ParseUint(fields[0], 10, 8)
	if err != nil {
		return fmt.Errorf("label %.20q, want a number up to %d", fields[0], math.MaxUint8)
	}
	if _, ok := m.class[uint8(label)]; ok {
		return fmt.Errorf("label %d is there already, want each once", label)
	}
	code, err := strconv.ParseInt(fields[1], 10, 32)
	if err != nil || !unicode.IsGraphic(rune(code)) {
		return fmt.Errorf("code %.20q, want that of a printable character", fields[1])
	}
	m.class[uint8(label)] = uint8(len(m.classes))
	m.classes = append(m.classes, string(rune(code)))
	return nil
}

// apply replaces labels as stored by indices into the classes.
func (m *mapping) apply(labels []uint8) error {
	for i, label := range labels {
		class, ok := m.class[label]
		if !ok {
			return fmt.Errorf("label %d of example %d is not among the mapping's %d classes", label, i, len(m.classes))
		}
		labels[i] = class
	}
	return nil
}
