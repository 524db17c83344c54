// Package printable keeps texts that come from files from giving a terminal commands.
package printable

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Is reports whether a text is no more than characters, in UTF-8: no control codes, line ends among them, which a terminal
// takes for commands, and none of the codes that turn the direction of what follows (UAX #9). Joiners and spaces of
// all kinds are characters.
func Is(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
	})
}

// Text returns a text that Is printable as it is, and others escaped as in Go.
func Text(text string) string {
	if Is(text) {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
