// Package record keeps what happened in a file of lines that hold together: each is a JSON object
// with the SHA-256 of itself and of the line before it. A line that is changed, taken out, put in or
// moved breaks the chain, and Read names it. Whoever writes the whole file anew can make a
// chain of lies that holds: only doing again what it tells of proves it.
package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/mlodyssey/odyssey/checkpoint"
)

// Line is a line of a record. Its sum, which ends it, is over all bytes before.
type Line struct {
	Number   int             `json:"line"`     // from 1
	Previous string          `json:"previous"` // the sum of the line before; "" in the first
	Time     time.Time       `json:"time"`
	Kind     string          `json:"kind"` // of what it tells
	Body     json.RawMessage `json:"body"`
	Sum      string          `json:"sum"` // hexadecimal
}

// sumField is how a line's sum begins.
const sumField = `,"sum":"`

// Position is how far a record goes.
type Position struct {
	Lines int    `json:"lines"`
	Sum   string `json:"sum"` // of the last line
}

// Log writes a record. The file is whole at any moment: each line makes it anew, atomically.
type Log struct {
	path    string
	content []byte
	at      Position
	now     func() time.Time
}

// New returns the log of a record that has no line yet, and so no file.
func New(path string) *Log { return &Log{path: path, now: time.Now} }

// Open goes on with a record from a position on: lines after it are cut off with the next one that
// is written.
func Open(path string, at Position) (*Log, error) {
	lines, content, err := read(path)
	if err != nil && len(lines) < at.Lines {
		return nil, err
	}
	if at.Lines < 1 || at.Lines > len(lines) || lines[at.Lines-1].Sum != at.Sum {
		return nil, fmt.Errorf("%s: no line %d with the sum %.12s…, want the record that was written until then", path, at.Lines, at.Sum)
	}
	l := &Log{path: path, at: at, now: time.Now}
	for range at.Lines {
		end := bytes.IndexByte(content[len(l.content):], '\n') + 1
		l.content = content[:len(l.content)+end]
	}
	l.content = bytes.Clone(l.content)
	return l, nil
}

// Position returns that after the last line.
func (l *Log) Position() Position { return l.at }

// Append writes a line of a kind.
func (l *Log) Append(kind string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	at := l.at.Lines + 1
	line, sum, err := encode(Line{Number: at, Previous: l.at.Sum, Time: l.now().UTC().Round(time.Millisecond), Kind: kind, Body: b})
	if err != nil {
		return err
	}
	content := append(bytes.Clone(l.content), line...)
	err = checkpoint.WriteFileAtomic(l.path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	l.content, l.at = content, Position{at, sum}
	return nil
}

// encode returns a line with its sum, which it also returns.
func encode(l Line) (line []byte, sum string, err error) {
	l.Sum = ""
	b, err := json.Marshal(l)
	if err != nil {
		return nil, "", err
	}
	b = bytes.TrimSuffix(b, []byte(sumField+`"}`))
	digest := sha256.Sum256(b)
	sum = hex.EncodeToString(digest[:])
	return append(b, sumField+sum+"\"}\n"...), sum, nil
}

// Read returns the lines of a record, as far as they hold together, and an error that names
// the first that does not.
func Read(path string) ([]Line, error) {
	lines, _, err := read(path)
	return lines, err
}

func read(path string) (lines []Line, content []byte, err error) {
	content, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: no such file, want the directory of a run", path)
	}
	if err != nil {
		return nil, nil, err
	}
	lines, err = parse(content)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return lines, content, err
}

func parse(content []byte) (lines []Line, err error) {
	if len(content) == 0 {
		return nil, errors.New("no lines, want a record")
	}
	previous := ""
	for rest := content; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		number := len(lines) + 1
		if !whole {
			return lines, fmt.Errorf("line %d is cut off", number)
		}
		l, err := decode(line)
		switch {
		case err != nil:
			return lines, fmt.Errorf("line %d: %w", number, err)
		case l.Number != number:
			return lines, fmt.Errorf("line %d says that it is line %d: lines are missing, or were moved or put in", number, l.Number)
		case l.Previous != previous:
			return lines, fmt.Errorf("line %d follows a line with the sum %.12s…, but that of the one before is %.12s…: it was put in, or the one before was exchanged",
				number, l.Previous, previous)
		}
		lines, rest, previous = append(lines, l), after, l.Sum
	}
	return lines, nil
}

// unknownField is the error of a field that is not known.
type unknownField struct{ error }

func (u *unknownField) Error() string {
	return u.error.Error() + ", which this version of odyssey has not: want the record as it was written, or the newer version that wrote it"
}

// Decode reads JSON of a record, which tells nothing that is not known: it would be believed without being checked.
func Decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	switch {
	case err != nil && strings.Contains(err.Error(), "unknown field"):
		return &unknownField{err}
	case err == nil && d.InputOffset() != int64(len(text)):
		return errors.New("more follows")
	}
	return err
}

// decode reads a line, and compares its sum.
func decode(line []byte) (l Line, err error) {
	at := bytes.LastIndex(line, []byte(sumField))
	err, unknown := Decode(line, &l), (*unknownField)(nil)
	switch {
	case errors.As(err, &unknown):
		return l, fmt.Errorf("not a line of a record: %w", err)
	case err != nil || at < 0:
		return l, errors.New("not a line of a record, which is a JSON object with a sum at its end")
	}
	digest := sha256.Sum256(line[:at])
	want := sumField + hex.EncodeToString(digest[:]) + `"}`
	if string(line[at:]) != want {
		return l, fmt.Errorf("its sum is %.12s…, but its content gives %.12x…: it was changed", l.Sum, digest)
	}
	return l, nil
}
