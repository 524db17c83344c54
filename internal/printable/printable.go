// Package printable makes what is told in a line: texts that come from files, which are kept from giving a terminal commands,
// numbers of things, and errors.
package printable

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Is reports whether a text is no more than characters, in UTF-8: no control codes, line ends among them, which a terminal
// takes for commands, and none of the codes that turn the direction of what follows (UAX #9). Joiners and spaces of
// all kinds are characters.
func Is(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, isCommand)
}

func isCommand(r rune) bool {
	return unicode.IsControl(r) || r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// Text returns a text with all that is not printable escaped as in Go.
func Text(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		one := text[:size]
		if isCommand(r) || r == utf8.RuneError && size == 1 {
			one = strings.Trim(strconv.Quote(one), `"`)
		}
		b.WriteString(one)
		text = text[size:]
	}
	return b.String()
}

// Cause returns what an error says without the path of a file, which the line has already.
func Cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Count puts a number of things in words: 1 run, 2 runs.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
