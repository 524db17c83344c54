package data

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"unicode/utf8"
)

// TextConfig says how NewText cuts a text.
type TextConfig struct {
	Window  int      // characters in an example
	OneHot  bool     // [window, characters] of 0 and 1, instead of [window] indices
	Classes []string // the characters; nil: all that the text has, in the order of their codes
}

// text is a set of windows of a text.
type text struct {
	config     TextConfig
	characters []int // indices into the classes
}

// NewText returns a set whose example i is the Window characters of a text from
// the i-th on, and whose label is the one that follows them; so its classes are
// the characters. Values are the characters' indices, or with OneHot a row for each
// character with 1 at its index. The text must be UTF-8.
func NewText(s string, c TextConfig) (Dataset, error) {
	if c.Window < 1 {
		return nil, fmt.Errorf("windows of %d characters: want at least 1", c.Window)
	}
	if !utf8.ValidString(s) {
		return nil, errors.New("the text is not UTF-8")
	}
	characters := []rune(s)
	if len(characters) <= c.Window {
		return nil, fmt.Errorf("a text of %d characters, want more than a window's %d", len(characters), c.Window)
	}
	if c.Classes == nil {
		c.Classes = alphabet(characters)
	}
	index := map[string]int{}
	for i, name := range c.Classes {
		index[name] = i
	}
	t := &text{config: c}
	for i, r := range characters {
		k, ok := index[string(r)]
		if !ok {
			return nil, fmt.Errorf("character %d, %s, is none of the %d classes", i, strconv.QuoteRune(r), len(c.Classes))
		}
		t.characters = append(t.characters, k)
	}
	return t, nil
}

// alphabet returns the distinct characters of a text.
func alphabet(characters []rune) (names []string) {
	distinct := slices.Clone(characters)
	slices.Sort(distinct)
	for _, r := range slices.Compact(distinct) {
		names = append(names, string(r))
	}
	return names
}

// ReadText reads a file as NewText does.
func ReadText(path string, c TextConfig) (Dataset, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return textOf(path, string(b), c)
}

// textOf is NewText of a file's content.
func textOf(path, content string, c TextConfig) (Dataset, error) {
	set, err := NewText(content, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

func (t *text) Len() int          { return len(t.characters) - t.config.Window }
func (t *text) Classes() []string { return t.config.Classes }
func (t *text) Label(i int) int   { return t.characters[i+t.config.Window] }

func (t *text) Shape() []int {
	if t.config.OneHot {
		return []int{t.config.Window, len(t.config.Classes)}
	}
	return []int{t.config.Window}
}

func (t *text) Read(i int, x []float32) (label int, err error) {
	if t.config.OneHot {
		clear(x[:t.config.Window*len(t.config.Classes)])
	}
	for k, c := range t.characters[i:][:t.config.Window] {
		if t.config.OneHot {
			x[k*len(t.config.Classes)+c] = 1
		} else {
			x[k] = float32(c)
		}
	}
	return t.Label(i), nil
}

// textFiles are the texts of the splits.
var textFiles = []string{"train.txt", "test.txt"}

func hasText(l listing) bool { return l.has(textFiles[0]) || l.has(textFiles[1]) }

// textWindow is how many characters an example of a directory's text has if not set otherwise.
const textWindow = 32

// openText reads a split, with the characters of both as classes.
func openText(l listing, split string, s settings) (Dataset, []string, error) {
	window, err := s.whole("window", textWindow)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	own := split + ".txt"
	if !l.has(own) {
		return nil, nil, fmt.Errorf("%s: no %s, want the text of the %s split there", l.dir, own, split)
	}
	texts, all := map[string]string{}, ""
	for _, name := range filter(textFiles, l.has) {
		b, err := os.ReadFile(l.path(name))
		if err != nil {
			return nil, nil, err
		}
		if !utf8.Valid(b) {
			return nil, nil, fmt.Errorf("%s: the text is not UTF-8", l.path(name))
		}
		texts[name] = string(b)
		all += texts[name]
	}
	set, err := textOf(l.path(own), texts[own], TextConfig{Window: window, Classes: alphabet([]rune(all))})
	return set, []string{l.path(own)}, err
}
