package data

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// byteOrderMark is what some spreadsheets begin a file with.
const byteOrderMark = "\ufeff"

// csvReader reads the lines of a table one by one.
type csvReader struct {
	*csv.Reader
	config CSVConfig
	like   *table // whose classes' column is looked for; or nil
	label  int
	names  []string // of the columns, nil without a header
}

type csvLine struct {
	number int
	fields []string // until the next line is read
}

func (c *csvReader) next() (csvLine, error) {
	fields, err := c.Read()
	if err != nil {
		return csvLine{}, err
	}
	number, _ := c.FieldPos(0)
	return csvLine{number, fields}, nil
}

// checkSeparator returns an error for what cannot be told from the fields.
func (c CSVConfig) checkSeparator() error {
	if s := c.Separator; strings.ContainsRune("\"\r\n", s) || s == utf8.RuneError || s != 0 && !utf8.ValidRune(s) {
		return fmt.Errorf("separator %q: want a character such as ; but no quote and no end of a line", c.Separator)
	}
	return nil
}

// readTable reads a table, like another if that is not nil: its classes are in the column of the
// same name.
func readTable(r io.Reader, config CSVConfig, like *table) (*table, error) {
	if err := config.checkSeparator(); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "yes", "no"}, config.Header) {
		return nil, fmt.Errorf("header=%s: want yes or no", config.Header)
	}
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		buffered.Discard(len(byteOrderMark))
	}
	c := &csvReader{Reader: csv.NewReader(buffered), config: config, like: like}
	c.ReuseRecord = true
	c.Comma = cmp.Or(config.Separator, ',')
	start, err := c.begin()
	if err != nil {
		return nil, err
	}
	t := &table{}
	if c.names != nil {
		t.label, t.names = c.names[c.label], slices.Delete(slices.Clone(c.names), c.label, c.label+1)
	}
	for _, line := range start {
		if err := c.add(t, line); err != nil {
			return nil, err
		}
	}
	for {
		line, err := c.next()
		if err == io.EOF {
			return t, nil
		}
		if err == nil {
			err = c.add(t, line)
		}
		if err != nil {
			return nil, err
		}
	}
}

// begin reads the first two lines, which tell whether there is a header and
// which column is the label's. It returns those of them that are examples.
func (c *csvReader) begin() (lines []csvLine, err error) {
	for range 2 {
		line, err := c.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line.fields = slices.Clone(line.fields)
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil, errors.New("empty, want a line for each example")
	}
	if err := c.checkColumns(lines[0].fields); err != nil {
		return nil, err
	}
	header, err := c.hasHeader(lines)
	if err != nil {
		return nil, err
	}
	if header {
		for _, name := range lines[0].fields {
			c.names = append(c.names, strings.TrimSpace(name))
		}
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return nil, errors.New("no line after the names of the columns, want one for each example")
	}
	c.label, err = c.findLabel(lines[0].fields)
	return lines, err
}

func (c *csvReader) checkColumns(line []string) error {
	n, hint := len(line), ""
	if n > 1 && n <= maxColumns {
		return nil
	}
	if n == 1 {
		hint = separatorIn(line[0])
	}
	return fmt.Errorf("%s with %q between them, want a class and numbers, at most %d%s", columns(n), c.Comma, maxColumns, hint)
}

// separatorIn tells of what looks like a separator in a line.
func separatorIn(line string) string {
	for _, name := range []string{"semicolon", "tab", "comma"} {
		if strings.ContainsRune(line, separatorNames[name]) {
			return ": perhaps separator=" + name
		}
	}
	return ""
}

// missing are fields in the place of numbers that are not known.
var missing = []string{"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-"}

// hasHeader reports whether the first line names the columns. It returns an error where the first
// line has words where the second has numbers, and numbers that are no names, such as 5.1.
func (c *csvReader) hasHeader(lines []csvLine) (bool, error) {
	if c.config.Header != "" {
		return c.config.Header == "yes", nil
	}
	if len(lines) < 2 {
		return false, nil
	}
	first, second := lines[0].fields, lines[1].fields
	if slices.ContainsFunc(first, c.isLabelName) {
		return true, nil
	}
	word := wordOverNumber(first, second)
	if word < 0 {
		return false, nil
	}
	if i := slices.IndexFunc(first, isFraction); i >= 0 {
		return false, fmt.Errorf("line 1 has %.40q over the number %.40q, and the number %.40q: tell whether it names the columns, header=yes or header=no", first[word], second[word], first[i])
	}
	return true, nil
}

// isLabelName reports whether a field of the first line can only be the name of the classes' column.
func (c *csvReader) isLabelName(field string) bool {
	field = strings.TrimSpace(field)
	chosen := c.config.Label
	return strings.EqualFold(field, "label") || strings.EqualFold(field, "class") || field == chosen && chosen != "" && !isNumber(chosen)
}

// wordOverNumber returns the column of a word that is over a number, or -1.
func wordOverNumber(first, second []string) int {
	for i, field := range first[:min(len(first), len(second))] {
		if isNumber(second[i]) && isWord(field) {
			return i
		}
	}
	return -1
}

// isMissing reports whether a field stands for a number that is not known.
func isMissing(field string) bool {
	return !isNumber(field) && slices.Contains(missing, strings.ToLower(strings.TrimSpace(field)))
}

func isWord(field string) bool { return !isNumber(field) && !isMissing(field) }

func isNumber(field string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
	return err == nil
}

// isFraction reports whether a field is a number that is not whole.
func isFraction(field string) bool {
	v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
	return err == nil && v != math.Trunc(v)
}

// noLabelError says that a table has no column for the classes.
type noLabelError struct{ reason string }

func (e *noLabelError) Error() string { return e.reason }

func noLabel(format string, args ...any) error { return &noLabelError{fmt.Sprintf(format, args...)} }

// findLabel returns the column of the classes.
func (c *csvReader) findLabel(line []string) (int, error) {
	if c.names != nil && c.like != nil && c.like.label != "" {
		return c.labelLike(c.like)
	}
	if label := c.config.Label; label != "" {
		return c.chosenLabel(label, len(line))
	}
	for _, name := range labelNames {
		if i := indexFold(c.names, name); i >= 0 {
			return i, nil
		}
	}
	words := columnsOf(line, isWord)
	if len(words) == 0 { // a class may be called none
		words = columnsOf(line, isMissing)
	}
	if len(words) != 1 {
		return 0, noLabel("%d of %d columns are no numbers: tell the column of the classes by its name, or its number from 0, as in DIR:label=NAME", len(words), len(line))
	}
	return words[0], nil
}

// labelNames are what the column of the classes is called where none is chosen.
var labelNames = []string{"label", "class", "target", "y"}

// labelLike returns the column of the classes where another table has names too: its number there
// tells nothing, and what are numbers there are no classes here.
func (c *csvReader) labelLike(other *table) (int, error) {
	if i := slices.Index(c.names, other.label); i >= 0 {
		return i, nil
	}
	for _, name := range slices.Concat([]string{other.label}, labelNames) {
		if i := indexFold(c.names, name); i >= 0 && !slices.Contains(other.names, c.names[i]) {
			return i, nil
		}
	}
	return 0, noLabel("no column %.40q for the classes", other.label)
}

// indexFold returns the first place of a name in letters of either case, or -1.
func indexFold(names []string, name string) int {
	return slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

func columnsOf(line []string, is func(field string) bool) (columns []int) {
	for i, field := range line {
		if is(field) {
			columns = append(columns, i)
		}
	}
	return columns
}

// chosenLabel returns the column of a name or a number.
func (c *csvReader) chosenLabel(label string, columns int) (int, error) {
	if i := slices.Index(c.names, label); i >= 0 {
		return i, nil
	}
	i, err := strconv.Atoi(label)
	if err != nil || i < 0 || i >= columns {
		return 0, noLabel("no column %.40q for the classes, want the name or the number, from 0, of one of %d", label, columns)
	}
	if c.like != nil && columns == c.like.columns {
		return 0, noLabel("%d columns, all of them needed for numbers: none is left for the classes", columns)
	}
	return i, nil
}

// add takes a line into the table.
func (c *csvReader) add(t *table, line csvLine) error {
	for i, field := range line.fields {
		field = strings.TrimSpace(field)
		if i == c.label {
			if field == "" {
				return fmt.Errorf("line %d, column %s: empty, want a class", line.number, c.column(i))
			}
			t.labels = append(t.labels, strings.Clone(field))
			continue
		}
		v, err := strconv.ParseFloat(field, 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("line %d, column %s: %.40q, want a finite number", line.number, c.column(i), field)
		}
		t.values = append(t.values, float32(v))
	}
	t.columns = len(line.fields) - 1
	return nil
}

func (c *csvReader) column(i int) string {
	if i < len(c.names) {
		return fmt.Sprintf("%.40q", c.names[i])
	}
	return strconv.Itoa(i)
}
