package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"
)

func hasCSV(l listing) bool { return l.hasTable(".csv") }

func openCSV(l listing, split string, s settings) (Dataset, []string, error) {
	c, err := s.csv()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	path, whole, err := l.splitFile(split, ".csv")
	if err != nil {
		return nil, nil, err
	}
	if !whole {
		if err := s.unused(filepath.Base(path)+" is a split already", "share", "seed"); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
		}
		set, err := readSplitCSV(l, split, c)
		return set, []string{path}, err
	}
	t, err := readTableFile(path, c, nil)
	if err != nil {
		return nil, nil, err
	}
	c.Classes = classesOf(t.labels)
	set, err := t.set(c)
	if err == nil {
		set, err = s.part(set, split)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, []string{path}, nil
}

// csv returns the configuration that settings ask for.
func (s settings) csv() (c CSVConfig, err error) {
	c.Label = s["label"]
	if c.Shape, err = s.sizes("shape"); err != nil {
		return c, err
	}
	scale, err := s.number("scale", 0)
	if err != nil {
		return c, err
	}
	c.Scale = float32(scale)
	if c.Header, err = s.choice("header", "", "yes", "no"); err != nil {
		return c, err
	}
	c.Separator, err = separator(s)
	return c, err
}

// separatorNames are the separators that shells and our settings have other uses for.
var separatorNames = map[string]rune{"": 0, "comma": ',', "semicolon": ';', "tab": '\t', "space": ' '}

// separator returns the setting of that name: one character, or its name.
func separator(s settings) (rune, error) {
	value := s["separator"]
	if r, ok := separatorNames[value]; ok {
		return r, nil
	}
	r, size := utf8.DecodeRuneInString(value)
	if size != len(value) {
		return 0, fmt.Errorf("separator=%s: want one character, or comma, semicolon, tab or space", value)
	}
	return r, CSVConfig{Separator: r}.checkSeparator()
}

// readSplitCSV reads train.csv or test.csv, with the classes of both, and the columns in the
// order of train.csv.
func readSplitCSV(l listing, split string, c CSVConfig) (Dataset, error) {
	var train, test *table
	var err error
	if l.has("train.csv") {
		if train, err = readTableFile(l.path("train.csv"), c, nil); err != nil {
			return nil, err
		}
	}
	if l.has("test.csv") {
		if test, err = readTestCSV(l.path("test.csv"), split, c, train); err != nil {
			return nil, err
		}
	}
	t, other := train, test
	if split == "test" {
		t, other = test, train
	}
	labels := t.labels
	if other != nil {
		labels = slices.Concat(labels, other.labels)
	}
	c.Classes = classesOf(labels)
	set, err := t.set(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.path(split+".csv"), err)
	}
	return set, nil
}

// readTestCSV reads test.csv like train.csv, if there is that. A file without classes, as
// competitions have it, is nil to who wants the split train.
func readTestCSV(path, split string, c CSVConfig, train *table) (*table, error) {
	test, err := readTableFile(path, c, train)
	var missing *noLabelError
	switch {
	case errors.As(err, &missing) && train != nil && split == "train":
		return nil, nil
	case errors.As(err, &missing) && train != nil:
		return nil, fmt.Errorf("%w; without classes it is no test split, but train.csv in a directory of its own, called all.csv, has a part for tests split off", err)
	case err != nil || train == nil:
		return test, err
	}
	if err := test.arrange(train); err != nil {
		return nil, fmt.Errorf("%s: %w, as in train.csv", path, err)
	}
	return test, nil
}

func readTableFile(path string, c CSVConfig, like *table) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := readTable(f, c, like)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}
