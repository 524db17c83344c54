package data

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// settings are what follows a directory's name.
type settings map[string]string

var settingsPattern = regexp.MustCompile(`^(.*):([a-z]+=[^,/\\]*(?:,[a-z]+=[^,/\\]*)*)$`)

// cutSettings takes DIR:KEY=VALUE,… apart, unless there is a directory of that
// name.
func cutSettings(name string) (dir string, s settings, err error) {
	if _, err := os.Stat(name); err == nil {
		return name, nil, nil
	}
	parts := settingsPattern.FindStringSubmatch(name)
	if parts == nil {
		return name, nil, checkTail(name)
	}
	s = settings{}
	for setting := range strings.SplitSeq(parts[2], ",") {
		key, value, _ := strings.Cut(setting, "=")
		if _, ok := s[key]; ok {
			return "", nil, fmt.Errorf("data %q: %s is set twice", name, key)
		}
		s[key] = value
	}
	return parts[1], s, nil
}

// checkTail returns an error for what follows a directory and a colon and is no settings.
func checkTail(name string) error {
	for i, c := range name {
		if c != ':' {
			continue
		}
		if info, err := os.Stat(name[:i]); err == nil && info.IsDir() {
			return fmt.Errorf("data %q: %q after the directory, want settings such as size=32x32,channels=1: names in small letters, and no spaces", name, name[i+1:])
		}
	}
	return nil
}

// Directory returns the directory of what OpenDir takes, without settings.
func Directory(name string) string {
	dir, _, err := cutSettings(name)
	if err != nil {
		return name
	}
	return dir
}

// check returns an error for a setting that a format does not have, and for a split that cannot
// be: a set that is split already does not ask for it.
func (s settings) check(f format) error {
	for key := range s {
		switch {
		case slices.Contains(f.settings, key):
		case len(f.settings) == 0:
			return fmt.Errorf("setting %q: %s files have none", key, f.name)
		default:
			return fmt.Errorf("setting %q: those of a set of format %s are %s", key, f.name, strings.Join(f.settings, ", "))
		}
	}
	_, _, err := s.split()
	return err
}

// unused returns an error for a setting, of those named, that would do nothing.
func (s settings) unused(why string, keys ...string) error {
	for _, key := range keys {
		if _, ok := s[key]; ok {
			return fmt.Errorf("setting %q does nothing here: %s", key, why)
		}
	}
	return nil
}

// choice returns a setting that is one of some words, the first where it is not set. If that is
// "", none is to be set.
func (s settings) choice(key string, words ...string) (string, error) {
	value, ok := s[key]
	if !ok {
		return words[0], nil
	}
	words = filter(words, func(word string) bool { return word != "" })
	if !slices.Contains(words, value) {
		return "", fmt.Errorf("%s=%s: want %s", key, value, strings.Join(words, " or "))
	}
	return value, nil
}

// sizes returns numbers with x between them, nil where there are none.
func (s settings) sizes(key string) (sizes []int, err error) {
	value, ok := s[key]
	if !ok {
		return nil, nil
	}
	for part := range strings.SplitSeq(value, "x") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 1<<20 {
			return nil, fmt.Errorf("%s=%s: want sizes such as 28x28", key, value)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

func (s settings) number(key string, otherwise float64) (float64, error) {
	value, ok := s[key]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(n > 0 && n < 1e30) {
		return 0, fmt.Errorf("%s=%s: want a positive number", key, value)
	}
	return n, nil
}

// whole returns a whole number from 1 on.
func (s settings) whole(key string, otherwise int) (int, error) {
	value, ok := s[key]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1<<20 {
		return 0, fmt.Errorf("%s=%s: want a whole number from 1 to %d", key, value, 1<<20)
	}
	return n, nil
}

// The test split of a set that comes in one piece.
const (
	testShare = 0.2
	splitSeed = 1
)

// split returns the share of the test split, and the seed that draws it.
func (s settings) split() (share float64, seed uint64, err error) {
	if share, err = s.number("share", testShare); err != nil {
		return 0, 0, err
	}
	if share >= 1 {
		return 0, 0, fmt.Errorf("share=%s: want the test split's, between 0 and 1", s["share"])
	}
	seed = splitSeed
	if value, ok := s["seed"]; ok {
		if seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			return 0, 0, fmt.Errorf("seed=%s: want a whole number", value)
		}
	}
	return share, seed, nil
}

// part returns a split of a set that comes in one piece.
func (s settings) part(set Dataset, split string) (Dataset, error) {
	share, seed, err := s.split()
	if err != nil {
		return nil, err
	}
	test, train, err := Split(set, share, seed)
	if err != nil {
		return nil, err
	}
	if split == "train" {
		test = train
	}
	if test.Len() == 0 {
		return nil, fmt.Errorf("%d examples: too few for a %s split", set.Len(), split)
	}
	return test, nil
}
