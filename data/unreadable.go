package data

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"
)

// UnreadableError is the error of a file that is there and is no sound picture. What the system
// says of a file, such as that it is gone, is another error.
type UnreadableError struct {
	Path string
	Err  error // what is wrong with it
}

// Error names the file.
func (u *UnreadableError) Error() string { return fmt.Sprintf("%s: %v", u.Path, u.Err) }

// Unwrap returns what is wrong with the file.
func (u *UnreadableError) Unwrap() error { return u.Err }

// unreadable tells what is wrong with a picture from what the system says of its file.
func unreadable(path string, err error) error {
	if said := systemError(err); said != nil {
		return fmt.Errorf("%s: %w", path, said)
	}
	return &UnreadableError{path, err}
}

// systemError returns what the system says of a file, without its path, or nil for another error.
func systemError(err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return system.Err
	}
	return nil
}

// SkipUnreadable returns a set that has, in the place of each example whose file is
// [UnreadableError], the next of its class that is not, after the last the first. So the labels
// stay, and what is read depends on the files alone. Skip after a set is split: what stands
// in for an example then is of the same split. [Skipped] tells the files.
func SkipUnreadable(set Dataset) (Dataset, error) {
	labels, err := Labels(set)
	if err != nil {
		return nil, err
	}
	s := &skipping{Dataset: set, of: labels, next: make([]int, len(labels)), bad: map[string]error{}}
	first, last := map[int]int{}, map[int]int{}
	for i, label := range labels {
		if before, ok := last[label]; ok {
			s.next[before] = i
		} else {
			first[label] = i
		}
		last[label] = i
	}
	for label, i := range last {
		s.next[i] = first[label]
	}
	return s, nil
}

type skipping struct {
	Dataset
	of   []int // labels
	next []int // the example of the same class that stands in for each

	mu  sync.Mutex
	bad map[string]error // by the file's path
}

// Label returns the label of example i.
func (s *skipping) Label(i int) int { return s.of[i] }

func (s *skipping) Read(i int, x []float32) (label int, err error) {
	for at := i; ; {
		label, err := s.Dataset.Read(at, x)
		var bad *UnreadableError
		if !errors.As(err, &bad) {
			return label, err
		}
		s.note(bad)
		if at = s.next[at]; at == i {
			return 0, fmt.Errorf("no example of class %.40q can be read, such as %w", s.Classes()[s.of[i]], err)
		}
	}
}

func (s *skipping) note(bad *UnreadableError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad[bad.Path] = bad
}

func (s *skipping) skipped(_, replaced map[string]error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(replaced, s.bad)
}
